package link

import (
	"context"
	"errors"
	"net"
	"slices"
	"sync"
	"syscall"
	"time"
)

// Options say how a Server reaches the network. Functions left nil take the machine's own.
type Options struct {
	// Listen listens on a TCP address; what it returns accepts *net.TCPConn.
	Listen func(address string) (net.Listener, error)
	// Dial connects to a TCP address; what it returns is a *net.TCPConn.
	Dial func(ctx context.Context, address string) (net.Conn, error)
}

// Definition is a proxy as it is asked for.
type Definition struct {
	Name     string `json:"name"`
	Listen   string `json:"listen"`
	Upstream string `json:"upstream"`
	Enabled  bool   `json:"enabled"`
}

// Server is a set of proxies.
type Server struct {
	options Options
	ctx     context.Context
	cancel  context.CancelFunc
	running sync.WaitGroup

	mu      sync.Mutex
	proxies map[string]*Proxy
	faults  map[string]*fault
}

// ErrGone says that a fault is not there (any more).
var ErrGone = errors.New("no such fault on a link")

// New returns a server without proxies.
func New(o Options) *Server {
	if o.Listen == nil {
		o.Listen = func(address string) (net.Listener, error) { return net.Listen("tcp", address) }
	}
	if o.Dial == nil {
		d := net.Dialer{Control: func(_, _ string, socket syscall.RawConn) error {
			unpace(socket)
			return nil
		}}
		o.Dial = func(ctx context.Context, address string) (net.Conn, error) { return d.DialContext(ctx, "tcp", address) }
	}
	s := &Server{options: o, proxies: map[string]*Proxy{}, faults: map[string]*fault{}}
	s.ctx, s.cancel = context.WithCancel(context.Background()) // until Close
	return s
}

// listen returns a listener whose connections are not paced: they inherit it.
func (s *Server) listen(address string) (net.Listener, error) {
	l, err := s.options.Listen(address)
	if c, ok := l.(syscall.Conn); ok && err == nil {
		if socket, err := c.SyscallConn(); err == nil {
			unpace(socket)
		}
	}
	return l, err
}

// Close ends all proxies and connections.
func (s *Server) Close() error {
	s.cancel()
	s.mu.Lock()
	var errs []error
	for _, f := range s.faults {
		f.lease.Stop()
	}
	for _, p := range s.proxies {
		p.mu.Lock()
		errs = append(errs, p.shut())
		p.mu.Unlock()
	}
	s.mu.Unlock()
	s.running.Wait()
	return errors.Join(errs...)
}

// Add makes a proxy; one of that name must not exist.
func (s *Server) Add(d Definition) (*Proxy, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.add(d)
}

func (s *Server) add(d Definition) (*Proxy, error) {
	switch {
	case d.Name == "":
		return nil, &problem{400, "missing required field: name"}
	case d.Upstream == "":
		return nil, &problem{400, "missing required field: upstream"}
	case s.proxies[d.Name] != nil:
		return nil, &problem{409, "proxy already exists"}
	}
	p := &Proxy{name: d.Name, server: s, listen: d.Listen, upstream: d.Upstream, conns: map[*conn]struct{}{}}
	if d.Enabled {
		p.mu.Lock()
		defer p.mu.Unlock()
		if err := p.open(); err != nil {
			return nil, err
		}
	}
	s.proxies[d.Name] = p
	return p, nil
}

// fault is a set of toxics under a lease.
type fault struct {
	proxies []*Proxy
	toxics  []*toxic
	meter   *meter
	lease   *time.Timer
	until   time.Time
}

// SetFault adds toxics to each of the named proxies until the lease ends. The same ID again replaces the first.
func (s *Server) SetFault(id string, proxies []string, toxics []Toxic, lease time.Duration) error {
	s.ClearFault(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	f := &fault{meter: newMeter(), until: time.Now().Add(lease)}
	for i, t := range toxics {
		if t.Name == "" {
			t.Name = "envd-" + id + "-" + t.Stream
		}
		if err := t.complete(); err != nil {
			return err
		}
		if slices.ContainsFunc(toxics[:i], func(o Toxic) bool { return o.Stream == t.Stream }) {
			return &problem{409, "toxic already exists"}
		}
		f.toxics = append(f.toxics, &toxic{t, f.meter})
	}
	for _, name := range proxies {
		p := s.proxies[name]
		if p == nil {
			return &problem{404, "proxy not found"}
		}
		f.proxies = append(f.proxies, p)
	}
	for _, p := range f.proxies {
		p.change(func(all []*toxic) []*toxic { return append(all, f.toxics...) })
	}
	f.lease = time.AfterFunc(lease, func() { s.expire(id, f) })
	s.faults[id] = f
	return nil
}

// expire ends a fault that was not renewed in time.
func (s *Server) expire(id string, f *fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.faults[id] != f || time.Now().Before(f.until) {
		return
	}
	s.drop(id, f)
}

func (s *Server) drop(id string, f *fault) {
	f.lease.Stop()
	delete(s.faults, id)
	for _, p := range f.proxies {
		p.change(func(all []*toxic) []*toxic {
			return slices.DeleteFunc(all, func(t *toxic) bool { return slices.Contains(f.toxics, t) })
		})
	}
}

// RenewFault makes the lease end that long from now. A fault whose toxics somebody removed is gone.
func (s *Server) RenewFault(id string, lease time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.faults[id]
	if f == nil {
		return ErrGone
	}
	for _, p := range f.proxies {
		if !p.holds(f.toxics) {
			s.drop(id, f)
			return ErrGone
		}
	}
	f.until = time.Now().Add(lease)
	f.lease.Reset(lease)
	return nil
}

func (p *Proxy) holds(toxics []*toxic) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !slices.ContainsFunc(toxics, func(t *toxic) bool { return !slices.Contains(p.toxics, t) })
}

// AwaitFault blocks until a fault has acted on a connection.
func (s *Server) AwaitFault(ctx context.Context, id string) (Effect, error) {
	s.mu.Lock()
	f := s.faults[id]
	s.mu.Unlock()
	if f == nil {
		return Effect{}, ErrGone
	}
	select {
	case <-f.meter.acted:
		return f.meter.read(), nil
	case <-ctx.Done():
		return f.meter.read(), ctx.Err()
	case <-s.ctx.Done():
		return f.meter.read(), ErrGone
	}
}

// ClearFault ends a fault and tells what it did. One that is not there did nothing.
func (s *Server) ClearFault(id string) Effect {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.faults[id]
	if f == nil {
		return Effect{}
	}
	s.drop(id, f)
	return f.meter.read()
}
