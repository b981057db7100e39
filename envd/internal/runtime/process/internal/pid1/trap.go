//go:build linux

package pid1

import (
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"sort"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/envd-dev/envd/envd"
)

// maxDestinations bounds the record: a port scan must not fill memory.
const maxDestinations = 4096

// trap is the far end of the only way out. Whatever arrives wanted to leave the environment: it is recorded, and
// refused at once as an unreachable port would be.
type trap struct {
	mu   sync.Mutex
	seen map[attempt]int64
}

// setTrapOn listens on an interface for as long as the process lives.
//
// It does so on a thread with a descriptor table of its own. The kernel takes an RCU grace period, many milliseconds on
// a busy machine, to close a packet socket; were it in the table that all threads share, PID 1 would have to close it
// before its death could be noticed, and everything inside would live on for that long.
func setTrapOn(link string) (*trap, error) {
	t := &trap{seen: map[attempt]int64{}}
	opened := make(chan error)
	go func() {
		runtime.LockOSThread() // for ever
		if err := unix.Unshare(unix.CLONE_FILES); err != nil {
			opened <- fmt.Errorf("own descriptor table: %w", err)
			return
		}
		socket, err := packetSocket(link)
		opened <- err
		if err == nil {
			t.run(socket)
		}
	}()
	if err := <-opened; err != nil {
		return nil, err
	}
	return t, nil
}

func packetSocket(link string) (int, error) {
	i, err := net.InterfaceByName(link)
	if err != nil {
		return 0, err
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, fmt.Errorf("packet socket: %w", err)
	}
	err = unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: networkOrder(unix.ETH_P_ALL), Ifindex: i.Index})
	if err == nil { // what the trap itself sends must not come back to it
		err = unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_IGNORE_OUTGOING, 1)
	}
	if err != nil {
		return 0, errors.Join(fmt.Errorf("packet socket: %w", err), unix.Close(fd))
	}
	return fd, nil
}

func networkOrder(n uint16) uint16 { return n<<8 | n>>8 }

// frameSize holds the headers of any packet; what follows them is of no interest.
const frameSize = 2048

// run blocks its thread: the descriptor is unknown to all others, the runtime's poller among them.
func (t *trap) run(socket int) {
	frame := make([]byte, frameSize)
	for {
		n, err := unix.Read(socket, frame)
		if errors.Is(err, unix.ENETDOWN) || errors.Is(err, unix.ENOBUFS) || errors.Is(err, unix.EINTR) {
			continue // the interface was not up yet, or more came than could be held
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "envd init: undeclared connections are no longer seen:", err)
			return
		}
		a, reply, ok := refuse(frame[:n])
		if !ok {
			continue
		}
		t.record(a)
		// A reply that cannot be sent only means that the caller waits for its own timeout.
		_, _ = unix.Write(socket, reply)
	}
}

func (t *trap) record(a attempt) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, known := t.seen[a]; known || len(t.seen) < maxDestinations {
		t.seen[a]++
	}
}

// list returns what was refused so far, in the order of destinations; never nil for a trap that is set.
func (t *trap) list() []envd.Connection {
	if t == nil {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	out := make([]envd.Connection, 0, len(t.seen))
	for a, n := range t.seen {
		out = append(out, envd.Connection{Destination: a.destination.String(), Protocol: a.protocol, Count: n})
	}
	sort.Slice(out, func(i, j int) bool {
		if out[i].Destination != out[j].Destination {
			return out[i].Destination < out[j].Destination
		}
		return out[i].Protocol < out[j].Protocol
	})
	return out
}
