package docker

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"github.com/envd-dev/envd/envd/internal/splice"
)

// ways serves the declared destinations in the router.
type ways struct {
	list []way
	idle chan net.Conn // connections of the runner that wait for a caller
}

// serveWays takes the destinations' addresses and listens there. Callers are handed only to the machine itself, which has
// the network's first address.
func serveWays(list []way, router netip.Addr) (*ways, error) {
	w := &ways{list: list, idle: make(chan net.Conn)}
	if len(list) == 0 {
		return w, nil
	}
	var own []netip.Addr
	for i, way := range list {
		address := way.inside.Addr()
		if !slices.Contains(own, address) {
			own = append(own, address)
			if err := addAddress("lo:"+strconv.Itoa(len(own)), address); err != nil {
				return nil, fmt.Errorf("address %s of %s: %w", address, way.destination, err)
			}
		}
		l, err := net.Listen("tcp", way.inside.String())
		if err != nil {
			return nil, fmt.Errorf("way to %s: %w", way.destination, err)
		}
		go w.accept(l, i)
	}
	l, err := net.Listen("tcp", netip.AddrPortFrom(router, wayPort).String())
	if err != nil {
		return nil, err
	}
	go w.takeIdle(l, hostOf(netip.PrefixFrom(router, 24).Masked(), 1))
	return w, nil
}

// takeIdle accepts the runner's connections.
func (w *ways) takeIdle(l net.Listener, machine netip.Addr) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		peer, ok := conn.RemoteAddr().(*net.TCPAddr)
		if !ok || peer.AddrPort().Addr().Unmap() != machine {
			splice.Reset(conn) // a container that pretends to be the runner
			continue
		}
		go func() { w.idle <- conn }()
	}
}

// accept hands the callers of the n-th destination to the runner.
func (w *ways) accept(l net.Listener, n int) {
	for {
		caller, err := l.Accept()
		if err != nil {
			return
		}
		go w.hand(caller, n)
	}
}

// hand asks the runner to connect a caller. If it does not answer in time, the caller's connection breaks.
func (w *ways) hand(caller net.Conn, n int) {
	limit := time.After(wayDialTimeout)
	for {
		var out net.Conn
		select {
		case out = <-w.idle:
		case <-limit:
			splice.Reset(caller)
			return
		}
		if _, err := fmt.Fprintf(out, "%d\n", n); err != nil {
			out.Close() // it broke while it was idle: try the next one
			continue
		}
		var answer [1]byte
		_ = out.SetReadDeadline(time.Now().Add(2 * wayDialTimeout)) // without it TCP would notice a dead runner, only later
		if _, err := out.Read(answer[:]); err != nil || answer[0] != carried {
			out.Close()
			splice.Reset(caller)
			return
		}
		_ = out.SetReadDeadline(time.Time{})
		splice.Join(caller, out)
		return
	}
}

// declared reports whether a packet to an address and port goes a declared way. If not, name is what people call the
// destination.
func (w *ways) declared(to netip.AddrPort, protocol byte) (name string, ok bool) {
	name = to.String()
	for _, way := range w.list {
		if way.inside == to && protocol == unix.IPPROTO_TCP {
			return way.destination, true
		}
		if way.inside.Addr() == to.Addr() {
			name = net.JoinHostPort(way.host(), strconv.Itoa(int(to.Port())))
		}
	}
	return name, false
}
