package runner

import (
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/evidence"
	"github.com/envd-dev/envd/envd/internal/footprint"
)

// hold publishes the services' ports on this host and keeps the environment until its lease or ctx ends.
func (s *session) hold(ctx context.Context) error {
	addresses, unpublish, err := s.publish()
	if err != nil {
		return err
	}
	defer unpublish()
	s.renew(s.TTL)
	err = s.update(func(m *evidence.Meta) { m.Status, m.Addresses = evidence.Ready, addresses })
	if err != nil {
		return err
	}
	if s.Ready != nil {
		s.mu.Lock()
		meta := s.meta
		s.mu.Unlock()
		if err := s.Ready(meta); err != nil {
			return err
		}
	}
	_ = footprint.Shrink() // to hold less memory is a courtesy; to fail at it harms nobody
	<-ctx.Done()
	return context.Cause(ctx)
}

// renew makes the lease end ttl from now.
func (s *session) renew(ttl time.Duration) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lease == nil {
		s.lease = time.AfterFunc(ttl, func() { s.end(ErrLeaseEnded) })
	} else {
		s.lease.Reset(ttl)
	}
	s.meta.Expires = time.Now().Add(ttl).UTC()
	return s.meta.Expires
}

// publish opens a port on this host's loopback for every port of every service.
func (s *session) publish() (addresses map[string]string, unpublish func(), err error) {
	var (
		listeners []net.Listener
		relays    sync.WaitGroup
	)
	ctx, cancel := context.WithCancel(context.Background())
	unpublish = func() {
		cancel()
		for _, l := range listeners {
			l.Close()
		}
		relays.Wait()
	}
	addresses = map[string]string{}
	for _, svc := range s.Spec.Environment.Services {
		for _, port := range svc.Ports {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				unpublish()
				return nil, nil, fmt.Errorf("publish %s:%d: %w", svc.Name, port.Number, err)
			}
			listeners = append(listeners, l)
			addresses[svc.Name+":"+strconv.Itoa(port.Number)] = l.Addr().String()
			relays.Go(func() { s.relay(ctx, l, svc, port.Number) })
		}
	}
	return addresses, unpublish, nil
}

// relay carries every connection on l to the service's port until l is closed.
func (s *session) relay(ctx context.Context, l net.Listener, svc envd.Service, port int) {
	var conns sync.WaitGroup
	defer conns.Wait()
	for {
		outer, err := l.Accept()
		if err != nil {
			return
		}
		conns.Go(func() {
			defer outer.Close()
			inner, err := s.Runtime.Dial(ctx, s.ID, svc.Name, port)
			if err != nil {
				return // the caller sees its connection close, as it would from the service itself
			}
			stop := context.AfterFunc(ctx, func() { outer.Close(); inner.Close() })
			defer stop()
			defer inner.Close()
			splice(outer, inner)
		})
	}
}

// splice copies both ways and passes each side's end on, so that half-closed connections work.
func splice(a, b net.Conn) {
	var both sync.WaitGroup
	pipe := func(dst, src net.Conn) {
		_, _ = io.Copy(dst, src) // either side may break off; the other is told by the close
		if w, ok := dst.(interface{ CloseWrite() error }); ok {
			_ = w.CloseWrite()
		} else {
			dst.Close()
		}
	}
	both.Go(func() { pipe(a, b) })
	both.Go(func() { pipe(b, a) })
	both.Wait()
}
