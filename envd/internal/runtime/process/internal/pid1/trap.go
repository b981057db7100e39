//go:build linux

package pid1

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
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
	socket *os.File
	mu     sync.Mutex
	seen   map[attempt]int64
}

// openTrap listens on an interface for as long as the process lives, or until ctx is done.
func openTrap(ctx context.Context, link string) (*trap, error) {
	i, err := net.InterfaceByName(link)
	if err != nil {
		return nil, err
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("packet socket: %w", err)
	}
	if err := unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: networkOrder(unix.ETH_P_ALL), Ifindex: i.Index}); err != nil {
		return nil, errors.Join(fmt.Errorf("packet socket: %w", err), unix.Close(fd))
	}
	// What the trap itself sends must not come back to it.
	if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_IGNORE_OUTGOING, 1); err != nil {
		return nil, errors.Join(fmt.Errorf("packet socket: %w", err), unix.Close(fd))
	}
	t := &trap{socket: os.NewFile(uintptr(fd), link), seen: map[attempt]int64{}}
	context.AfterFunc(ctx, func() { _ = t.socket.Close() })
	go t.run()
	return t, nil
}

func networkOrder(n uint16) uint16 { return n<<8 | n>>8 }

// frameSize holds the headers of any packet; what follows them is of no interest.
const frameSize = 2048

func (t *trap) run() {
	frame := make([]byte, frameSize)
	for {
		n, err := t.socket.Read(frame)
		if errors.Is(err, unix.ENETDOWN) || errors.Is(err, unix.ENOBUFS) {
			continue // the interface was not up yet, or more came than could be held
		}
		if err != nil {
			return
		}
		a, reply, ok := refuse(frame[:n])
		if !ok {
			continue
		}
		t.record(a)
		// A reply that cannot be sent only means that the caller waits for its own timeout.
		_, _ = t.socket.Write(reply)
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
