package link

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// unpaced are congestion controls that send as soon as the window lets them: the kernel's default, and the one that every
// process may choose (tcp(7), TCP_CONGESTION and tcp_allowed_congestion_control).
var unpaced = []string{"cubic", "reno"}

// unpace makes the connections of a socket send without pacing. Where the machine's default is BBR, the kernel would set a timer
// for most packets; between neighbours on one machine there is nothing to pace for, and the timers cost a third of a transfer.
// It is for sockets without a connection: pacing that has begun stays, whichever algorithm follows.
func unpace(socket syscall.RawConn) {
	_ = socket.Control(func(fd uintptr) { // at worst connections are slower
		for _, name := range unpaced {
			if unix.SetsockoptString(int(fd), unix.IPPROTO_TCP, unix.TCP_CONGESTION, name) == nil {
				return
			}
		}
	})
}
