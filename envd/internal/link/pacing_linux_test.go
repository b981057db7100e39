package link

import (
	"context"
	"net"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// TestConnectionsAreNotPaced begins with a listener that has another congestion control, a pacing one where there is one.
func TestConnectionsAreNotPaced(t *testing.T) {
	var before string
	preset := net.ListenConfig{Control: func(_, _ string, socket syscall.RawConn) error {
		return socket.Control(func(fd uintptr) {
			for _, before = range []string{"bbr", "reno"} {
				if unix.SetsockoptString(int(fd), unix.IPPROTO_TCP, unix.TCP_CONGESTION, before) == nil {
					return
				}
			}
		})
	}}
	r := newRigWith(t, Options{Listen: func(address string) (net.Listener, error) {
		return preset.Listen(context.Background(), "tcp", address)
	}})
	r.pings(r.dial())
	p := r.proxies["a"]
	p.mu.Lock()
	defer p.mu.Unlock()
	require.Len(t, p.conns, 1)
	for c := range p.conns {
		assert.Contains(t, unpaced, congestion(t, c.client))
		assert.NotEqual(t, before, congestion(t, c.client), "the listener's is chosen anew")
		assert.Contains(t, unpaced, congestion(t, c.server))
	}
}

// congestion is the congestion control of a connection.
func congestion(t *testing.T, c *net.TCPConn) string {
	t.Helper()
	socket, err := c.SyscallConn()
	require.NoError(t, err)
	var name string
	var failed error
	require.NoError(t, socket.Control(func(fd uintptr) {
		name, failed = unix.GetsockoptString(int(fd), unix.IPPROTO_TCP, unix.TCP_CONGESTION)
	}))
	require.NoError(t, failed)
	return name
}
