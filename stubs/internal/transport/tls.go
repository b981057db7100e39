package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync"

	"github.com/envd-dev/envd/stubs/internal/wire"
)

// tlsListener accepts connections after their TLS handshake, as wire connections above TLS. Tunnels join it by serve.
type tlsListener struct {
	inner  net.Listener // nil when there are only tunnels
	config *tls.Config
	trace  func(in bool, line string)

	ready  chan net.Conn
	failed chan error
	done   chan struct{}
	start  sync.Once
	stop   sync.Once
	ctx    context.Context // ends with the listener, so that no handshake outlives it
	cancel context.CancelFunc
}

func newTLSListener(inner net.Listener, config *tls.Config, trace func(bool, string)) *tlsListener {
	l := &tlsListener{inner: inner, config: config, trace: trace,
		ready: make(chan net.Conn), failed: make(chan error, 1), done: make(chan struct{})}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	return l
}

// Accept implements net.Listener.
func (l *tlsListener) Accept() (net.Conn, error) {
	l.start.Do(func() {
		if l.inner != nil {
			go l.acceptLoop()
		}
	})
	select {
	case c := <-l.ready:
		return c, nil
	case err := <-l.failed:
		return nil, err
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *tlsListener) acceptLoop() {
	for {
		c, err := l.inner.Accept()
		if err != nil {
			select {
			case l.failed <- err:
			case <-l.done:
			}
			return
		}
		go l.serve(c, l.config, "")
	}
}

// serve shakes hands on c and hands it to the server. tunnel is the host and port that it leads to for a browser, "" otherwise.
func (l *tlsListener) serve(c net.Conn, config *tls.Config, tunnel string) {
	ctx, cancel := context.WithTimeout(l.ctx, handshakeTimeout)
	defer cancel()
	t := tls.Server(c, config)
	if t.HandshakeContext(ctx) != nil { // a client that does not trust the certificate, for one: it knows why
		_ = c.Close()
		return
	}
	conn := wire.NewConn(t, l.trace)
	conn.Tunnel = tunnel
	select {
	case l.ready <- conn:
	case <-l.done:
		_ = conn.Close()
	}
}

// Close implements net.Listener.
func (l *tlsListener) Close() error {
	l.stop.Do(func() {
		l.cancel()
		close(l.done)
	})
	if l.inner == nil {
		return nil
	}
	if err := l.inner.Close(); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// Addr implements net.Listener.
func (l *tlsListener) Addr() net.Addr {
	if l.inner == nil {
		return &net.TCPAddr{}
	}
	return l.inner.Addr()
}
