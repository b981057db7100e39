package link

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"time"
)

// stream is one direction of a connection.
type stream struct {
	conn     *conn
	name     string // Upstream or Downstream
	from, to *net.TCPConn
	stages   map[*toxic]*stage // of the toxics that there are; what they remember outlives changes
	asked    chan struct{}     // closed once it has looked at them after a change; guarded by proxy.mu, as the next
	over     bool
}

// stage is a toxic at work on a stream.
type stage struct {
	*toxic
	filter filter // nil: this connection is spared
	conn   *conn
	mark   *mark
}

// carry moves data until it ends or the connection breaks.
func (s *stream) carry() error {
	defer s.conn.proxy.forget(s)
	for {
		var err error
		if stages := s.conn.proxy.acting(s); len(stages) == 0 {
			_, err = s.to.ReadFrom(s.from)
			if err == nil {
				return s.to.CloseWrite()
			}
		} else {
			err = s.through(stages)
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) { // otherwise it was woken, because toxics were changed
			return err
		}
	}
}

// wake makes carry look at the proxy's toxics again.
func (s *stream) wake() { _ = s.from.SetReadDeadline(time.Unix(1, 0)) } // a closed connection needs no waking

const (
	readSize = 32 << 10
	onTheWay = 1024 // pieces; then reading waits for writing
)

// through moves data past stages until it ends, the connection breaks, or the toxics are changed. What is on its way then is
// delivered at once.
func (s *stream) through(stages []*stage) error {
	queue, hurry, stuck := make(chan piece, onTheWay), make(chan struct{}), make(chan struct{})
	delivered := make(chan error, 1)
	go func() {
		err := s.deliver(queue, hurry)
		if err != nil {
			close(stuck)
		}
		delivered <- err
	}()
	err := s.read(stages, func(p piece) {
		select {
		case queue <- p:
		case <-stuck:
		}
	}, stuck)
	if err != nil {
		close(hurry)
	}
	close(queue)
	if broken := <-delivered; broken != nil {
		return broken
	}
	return err
}

// read takes data in and sends it through the stages. At the end of the data it returns nil.
func (s *stream) read(stages []*stage, out func(piece), stuck <-chan struct{}) error {
	now := time.Now()
	for i, st := range stages {
		if st.filter == nil {
			continue
		}
		if p, ok := st.filter.start(now); ok {
			p.by = []*stage{st}
			run(stages[i+1:], p, out)
		}
	}
	buffer := make([]byte, readSize)
	for {
		n, err := s.from.Read(buffer)
		now := time.Now()
		if n > 0 {
			run(stages, piece{data: bytes.Clone(buffer[:n]), read: now, due: now}, out)
		}
		switch {
		case errors.Is(err, io.EOF):
			run(stages, piece{end: eof, read: now, due: now}, out)
			return nil
		case err != nil:
			return err
		}
		select {
		case <-stuck:
			return nil
		default:
		}
	}
}

// run sends a piece through stages, noting which of them change it.
func run(stages []*stage, p piece, out func(piece)) {
	if len(stages) == 0 {
		out(p)
		return
	}
	st, rest := stages[0], stages[1:]
	if p.end == open {
		st.meter.saw(st.mark)
	}
	if st.filter == nil {
		run(rest, p, out)
		return
	}
	parts := 0
	st.filter.pass(p, func(q piece) {
		if parts++; q.due.After(p.due) || q.end != p.end || len(q.data) != len(p.data) {
			q.by = append(q.by[:len(q.by):len(q.by)], st)
		}
		run(rest, q, out)
	})
	if parts == 0 { // dropped
		st.conn.poison(st.toxic)
		st.meter.hit(st.mark, 0)
	}
}

// deliver writes pieces when they are due, all of the rest at once when there is hurry.
func (s *stream) deliver(queue <-chan piece, hurry <-chan struct{}) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for p := range queue {
		hurried := false
		if wait := time.Until(p.due); wait > 0 {
			timer.Reset(wait)
			select {
			case <-timer.C:
			case <-hurry:
				hurried = true
			case <-s.conn.closed:
				return net.ErrClosed
			}
		}
		if hurried && p.end > eof { // the toxic that wanted it says so again, if it is still there
			continue
		}
		held := time.Since(p.read)
		if hurried { // not as long as it should have been
			held = 0
		}
		for _, st := range p.by {
			st.meter.hit(st.mark, held)
		}
		if err := s.write(p); err != nil {
			return err
		}
	}
	return nil
}

func (s *stream) write(p piece) error {
	switch p.end {
	case open:
		_, err := s.to.Write(p.data)
		return err
	case eof:
		return s.to.CloseWrite()
	}
	s.conn.close(p.end == reset)
	return net.ErrClosed
}
