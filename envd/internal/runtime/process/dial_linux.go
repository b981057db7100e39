package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/runtime/process/internal/control"
)

// dial has PID 1 connect inside and takes the connected socket over: its bytes never pass through PID 1.
func (e *environment) dial(ctx context.Context, service string, port int) (net.Conn, error) {
	if _, err := e.service(service); err != nil {
		return nil, err
	}
	if service == envd.GatewayName {
		if port == 0 {
			return e.connect(ctx, "unix", e.gatewaySocket())
		}
		return e.connect(ctx, "tcp", net.JoinHostPort(e.gateway, strconv.Itoa(port)))
	}
	conn, err := e.connect(ctx, "tcp", net.JoinHostPort(e.address, strconv.Itoa(port)))
	if errors.Is(err, unix.ECONNREFUSED) && !e.plain { // some programs listen on IPv6 only
		if six, err6 := e.connect(ctx, "tcp", net.JoinHostPort("::1", strconv.Itoa(port))); err6 == nil {
			return six, nil
		}
	}
	return conn, err
}

func (e *environment) connect(ctx context.Context, network, address string) (net.Conn, error) {
	req := control.Dial{Network: network, Address: address}
	if deadline, ok := ctx.Deadline(); ok {
		req.Timeout = max(time.Until(deadline), time.Millisecond)
	}
	_, files, err := e.client.Call(ctx, control.Request{Dial: &req})
	if err != nil {
		return nil, err
	}
	if len(files) != 1 {
		return nil, errors.Join(fmt.Errorf("dial %s: %d sockets came back", address, len(files)), control.CloseAll(files))
	}
	conn, err := net.FileConn(files[0])
	return conn, errors.Join(err, files[0].Close())
}

// egress carries connections to declared destinations out of the environment.
type egress struct {
	ctx    context.Context
	cancel context.CancelFunc
	mu     sync.Mutex
	closed bool
	open   sync.WaitGroup
}

func newEgress() *egress {
	e := &egress{}
	e.ctx, e.cancel = context.WithCancel(context.Background()) // until close
	return e
}

const egressDialTimeout = 10 * time.Second

// carry connects an accepted socket with its destination outside. If that cannot be reached, the caller's connection is
// reset, as on a broken path.
func (e *egress) carry(destination string, accepted *os.File) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		_ = accepted.Close() // the environment is ending
		return
	}
	e.open.Add(1)
	go func() {
		defer e.open.Done()
		inside, err := net.FileConn(accepted)
		if err := errors.Join(err, accepted.Close()); err != nil {
			return
		}
		dialer := net.Dialer{Timeout: egressDialTimeout}
		outside, err := dialer.DialContext(e.ctx, "tcp", destination)
		if err != nil {
			if tcp, ok := inside.(*net.TCPConn); ok {
				_ = tcp.SetLinger(0) // at worst the caller sees an orderly end
			}
			_ = inside.Close()
			return
		}
		stop := context.AfterFunc(e.ctx, func() {
			_ = inside.Close()
			_ = outside.Close()
		})
		defer stop()
		relay(inside, outside)
	}()
}

// relay copies both ways and passes on the end of each half. Errors end a connection as they would without a relay.
func relay(a, b net.Conn) {
	var both sync.WaitGroup
	half := func(to, from net.Conn) {
		_, _ = io.Copy(to, from)
		if c, ok := to.(interface{ CloseWrite() error }); ok {
			_ = c.CloseWrite()
		}
	}
	both.Go(func() { half(a, b) })
	both.Go(func() { half(b, a) })
	both.Wait()
	_ = a.Close()
	_ = b.Close()
}

// close cuts every connection and waits for the goroutines behind them.
func (e *egress) close() {
	e.mu.Lock()
	e.closed = true
	e.mu.Unlock()
	e.cancel()
	e.open.Wait()
}
