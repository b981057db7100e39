package stubs

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/envd-dev/envd/stubs/internal/catalog"
	"github.com/envd-dev/envd/stubs/internal/mapping"
)

// errTooMany is the error of storing a stub in a server that is full.
var errTooMany = errors.New("the server holds as many stubs as it may")

// maxStubs is how many stubs the server may hold; negative is no limit.
func (s *Server) maxStubs() int {
	if s.options.MaxStubs == 0 {
		return defaultMaxStubs
	}
	return s.options.MaxStubs
}

// put stores a prepared mapping, unless it would be one too many.
func (s *Server) put(m *mapping.StubMapping) (*catalog.Stub, error) {
	s.adding.Lock()
	defer s.adding.Unlock()
	if limit := s.maxStubs(); limit > 0 && s.catalog.Get(m.ID) == nil && len(s.catalog.All()) >= limit {
		return nil, fmt.Errorf("%w: %d", errTooMany, limit)
	}
	stub := s.catalog.Put(m)
	s.lifetimes.limit(m, s.clock())
	return stub, nil
}

// withinBound leaves out the mappings that are too many.
func (s *Server) withinBound(stubs []*mapping.StubMapping) ([]*mapping.StubMapping, error) {
	limit := s.maxStubs()
	if limit < 0 || len(stubs) <= limit {
		return stubs, nil
	}
	return stubs[:limit], fmt.Errorf("%w: %d of %d mappings were left out", errTooMany, len(stubs)-limit, len(stubs))
}

// lifetimes are those of the stubs that do not live for ever. There is no timer: whoever asks the server for something
// ends those whose time has come.
type lifetimes struct {
	next atomic.Int64 // Unix nanoseconds of the first end; 0 is never

	mu   sync.Mutex
	ends map[string]lifetime // by stub ID
}

type lifetime struct {
	script any // of the stub that is meant: one stored later under the same ID has its own
	end    time.Time
}

// limit notes when a stub that was stored just now ends.
func (l *lifetimes) limit(m *mapping.StubMapping, now time.Time) {
	if m.Extension == nil || m.Extension.TTL == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ends == nil {
		l.ends = map[string]lifetime{}
	}
	end := now.Add(m.Extension.TTL)
	l.ends[m.ID] = lifetime{m.Script, end}
	if next := l.next.Load(); next == 0 || end.UnixNano() < next {
		l.next.Store(end.UnixNano())
	}
}

// over takes out the lifetimes that have ended.
func (l *lifetimes) over(now time.Time) map[string]lifetime {
	l.mu.Lock()
	defer l.mu.Unlock()
	ended, next := map[string]lifetime{}, int64(0)
	for id, t := range l.ends {
		at := t.end.UnixNano()
		switch {
		case !now.Before(t.end):
			ended[id] = t
			delete(l.ends, id)
		case next == 0 || at < next:
			next = at
		}
	}
	l.next.Store(next)
	return ended
}

// limitLifetimes begins the lifetimes of stubs that are the only ones now.
func (s *Server) limitLifetimes(stubs []*mapping.StubMapping) {
	l := &s.lifetimes
	l.mu.Lock()
	l.ends = nil
	l.next.Store(0)
	l.mu.Unlock()
	now := s.clock()
	for _, m := range stubs {
		l.limit(m, now)
	}
}

// expire removes the stubs whose time has come. Their files stay: a lifetime begins with loading.
func (s *Server) expire(now time.Time) {
	next := s.lifetimes.next.Load()
	if next == 0 || now.UnixNano() < next {
		return
	}
	for id, t := range s.lifetimes.over(now) {
		if stub := s.catalog.Get(id); stub != nil && stub.Script == t.script {
			s.catalog.Remove(id)
		}
	}
}

func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }
