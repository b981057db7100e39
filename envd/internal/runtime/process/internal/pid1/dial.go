//go:build linux

package pid1

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/envd-dev/envd/envd/internal/runtime/process/internal/control"
)

// filer is a connection that can give its socket away.
type filer interface {
	net.Conn
	File() (*os.File, error)
}

// dial connects inside the environment's network namespace and returns the socket.
func dial(ctx context.Context, req *control.Dial) ([]*os.File, error) {
	dialer := net.Dialer{Timeout: req.Timeout}
	conn, err := dialer.DialContext(ctx, req.Network, req.Address)
	if err != nil {
		return nil, err
	}
	f, err := socketOf(conn)
	if err != nil {
		return nil, err
	}
	return []*os.File{f}, nil
}

// socketOf turns a connection into its bare socket.
func socketOf(conn net.Conn) (*os.File, error) {
	c, ok := conn.(filer)
	if !ok {
		return nil, errors.Join(fmt.Errorf("a %T has no socket", conn), conn.Close())
	}
	f, err := c.File()
	return f, errors.Join(err, conn.Close())
}

// listenEgress listens on the inside address of every declared destination and hands what it accepts to the runner,
// which alone can reach the world outside.
func (s *server) listenEgress(ctx context.Context, destinations []control.Egress) error {
	for _, e := range destinations {
		host, _, err := net.SplitHostPort(e.Address)
		if err != nil {
			return fmt.Errorf("egress %s: %w", e.Destination, err)
		}
		if ip := net.ParseIP(host); ip != nil && !ip.IsLoopback() {
			if err := addLoopbackAddress(ip); err != nil {
				return fmt.Errorf("egress %s: %w", e.Destination, err)
			}
		}
		var lc net.ListenConfig
		l, err := lc.Listen(ctx, "tcp", e.Address)
		if err != nil {
			return fmt.Errorf("egress %s: %w", e.Destination, err)
		}
		go s.acceptEgress(l, e.Destination)
	}
	return nil
}

// acceptEgress goes on until the process ends. Out of descriptors it waits for some to be closed.
func (s *server) acceptEgress(l net.Listener, destination string) {
	for {
		conn, err := l.Accept()
		if errors.Is(err, unix.EMFILE) || errors.Is(err, unix.ECONNABORTED) {
			time.Sleep(scanInterval)
			continue
		}
		if err != nil {
			return
		}
		f, err := socketOf(conn)
		if err == nil {
			err = errors.Join(s.conn.Send(control.Response{Egress: destination}, f), f.Close())
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "envd init: egress:", err)
		}
	}
}
