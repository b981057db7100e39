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

// Proxy carries connections from where it listens to an upstream.
type Proxy struct {
	name   string
	server *Server

	mu       sync.Mutex
	listen   string
	upstream string
	listener net.Listener // nil: disabled
	toxics   []*toxic     // in the order in which they act
	conns    map[*conn]struct{}
}

// conn is one connection through a proxy.
type conn struct {
	proxy          *Proxy
	client, server *net.TCPConn
	up, down       *stream
	closed         chan struct{}
	once           sync.Once
	marks          map[*meter]*mark // guarded by proxy.mu

	mu       sync.Mutex
	poisoned map[*toxic]bool // they have dropped data: without them the connection is of no use
}

// acting returns the stages of the toxics that act on a stream now, and ends a wake-up call.
func (p *Proxy) acting(s *stream) []*stage {
	p.mu.Lock()
	defer p.mu.Unlock()
	s.looked()
	_ = s.from.SetReadDeadline(time.Time{}) // fails on a closed connection, which the next read tells
	stages, kept := []*stage(nil), map[*toxic]*stage{}
	for _, t := range p.toxics {
		if t.Stream != s.name {
			continue
		}
		st := s.stages[t]
		if st == nil {
			st = &stage{toxic: t, conn: s.conn, mark: s.conn.markOf(t.meter)}
			if t.lucky() {
				st.filter = t.filter()
			}
		}
		kept[t] = st
		stages = append(stages, st)
	}
	s.stages = kept
	return stages
}

func (c *conn) markOf(m *meter) *mark {
	if c.marks[m] == nil {
		c.marks[m] = &mark{}
	}
	return c.marks[m]
}

// changeTimeout bounds how long a change waits for streams to see it: one whose reader does not read cannot.
const changeTimeout = 100 * time.Millisecond

// change replaces the toxics. Those of removed toxics that have dropped data take their connections along. When it
// returns, data that comes in meets the new ones.
func (p *Proxy) change(edit func([]*toxic) []*toxic) {
	p.mu.Lock()
	p.toxics = edit(slices.Clone(p.toxics))
	var asked []chan struct{}
	for c := range p.conns {
		if c.useless(p.toxics) {
			c.close(false)
			continue
		}
		for _, s := range []*stream{c.up, c.down} {
			if s.over {
				continue
			}
			if s.asked == nil {
				s.asked = make(chan struct{})
			}
			asked = append(asked, s.asked)
			s.wake()
		}
	}
	p.mu.Unlock()
	limit := time.NewTimer(changeTimeout)
	defer limit.Stop()
	for _, seen := range asked {
		select {
		case <-seen:
		case <-limit.C:
			return
		}
	}
}

// looked answers a change; proxy.mu is held.
func (s *stream) looked() {
	if s.asked != nil {
		close(s.asked)
		s.asked = nil
	}
}

// forget tells that a stream has ended: changes do not wait for it.
func (p *Proxy) forget(s *stream) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s.over = true
	s.looked()
}

func (c *conn) poison(t *toxic) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.poisoned[t] = true
}

func (c *conn) useless(left []*toxic) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for t := range c.poisoned {
		if !slices.Contains(left, t) {
			return true
		}
	}
	return false
}

// open begins to listen, unless the proxy does already; p.mu is held.
func (p *Proxy) open() error {
	if p.listener != nil {
		return nil
	}
	l, err := p.server.listen(p.listen)
	if err != nil {
		return err
	}
	p.listener, p.listen = l, l.Addr().String()
	p.server.running.Go(func() { p.accept(l) })
	return nil
}

// shut ends listening and all connections; p.mu is held.
func (p *Proxy) shut() error {
	if p.listener == nil {
		return nil
	}
	err := p.listener.Close()
	p.listener = nil
	for c := range p.conns {
		c.close(false)
	}
	return err
}

// exhausted is how long accepting rests when there are no descriptors left.
const exhausted = 5 * time.Millisecond

func (p *Proxy) accept(l net.Listener) {
	for {
		client, err := l.Accept()
		switch {
		case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE), errors.Is(err, syscall.ECONNABORTED):
			time.Sleep(exhausted)
			continue
		case err != nil:
			return
		}
		p.server.running.Go(func() { p.serve(l, client.(*net.TCPConn)) })
	}
}

// dialTimeout bounds how long an upstream may take to accept.
const dialTimeout = 10 * time.Second

// serve carries one connection. A consumer whose dependency cannot be reached sees its connection reset: it has been
// accepted already, so it cannot be refused any more.
func (p *Proxy) serve(l net.Listener, client *net.TCPConn) {
	p.mu.Lock()
	upstream := p.upstream
	p.mu.Unlock()
	ctx, cancel := context.WithTimeout(p.server.ctx, dialTimeout)
	defer cancel()
	server, err := p.server.options.Dial(ctx, upstream)
	if err != nil {
		closeConn(client, true)
		return
	}
	c := &conn{
		proxy: p, client: client, server: server.(*net.TCPConn), closed: make(chan struct{}),
		marks: map[*meter]*mark{}, poisoned: map[*toxic]bool{},
	}
	c.up = &stream{conn: c, name: Upstream, from: c.client, to: c.server}
	c.down = &stream{conn: c, name: Downstream, from: c.server, to: c.client}
	p.mu.Lock()
	current := p.listener == l
	if current {
		p.conns[c] = struct{}{}
	}
	p.mu.Unlock()
	if !current { // disabled meanwhile
		c.close(false)
		return
	}
	c.relay()
	p.mu.Lock()
	delete(p.conns, c)
	p.mu.Unlock()
}

// relay carries both directions until both have ended, or one of them breaks.
func (c *conn) relay() {
	var both sync.WaitGroup
	for _, s := range []*stream{c.up, c.down} {
		both.Go(func() {
			if err := s.carry(); err != nil {
				c.close(errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE))
			}
		})
	}
	both.Wait()
	c.close(false)
}

// close ends the connection on both sides, where asked by a RST.
func (c *conn) close(hard bool) {
	c.once.Do(func() {
		close(c.closed)
		closeConn(c.client, hard)
		closeConn(c.server, hard)
	})
}

// closeConn closes a socket; hard discards what was not sent and answers with a RST (socket(7), SO_LINGER).
func closeConn(c *net.TCPConn, hard bool) {
	if hard {
		_ = c.SetLinger(0) // at worst the other side sees an orderly end
	}
	_ = c.Close()
}
