// Package catalog keeps a server's stubs in WireMock's order (priority, then newest first) and finds those that a
// request's URL leaves possible without looking at the others.
package catalog

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/envd-dev/envd/stubs/internal/mapping"
	"github.com/envd-dev/envd/stubs/internal/match"
	"github.com/envd-dev/envd/stubs/internal/requestmatch"
)

// Stub is a stored mapping.
type Stub struct {
	*mapping.StubMapping
	Scenario *Scenario     // nil when the stub is in none
	Hits     atomic.Uint64 // requests that it answered
	Notes    bool          // whether requests that it does not fit may have findings
	Risk     match.Risk    // that trying it fails in WireMock's own code
	rank     int
	seq      uint64 // insertion order; an edited stub keeps that of the one it replaces
}

// Seq is the stub's place in the order of insertion.
func (s *Stub) Seq() uint64 { return s.seq }

// before is the order in which stubs are tried.
func before(a, b *Stub) int {
	if c := cmp.Compare(a.rank, b.rank); c != 0 {
		return c
	}
	return cmp.Compare(b.seq, a.seq)
}

// Catalog is a set of stubs. The zero value is empty and ready; all methods are safe for concurrent use.
type Catalog struct {
	Scenarios Scenarios

	mu    sync.RWMutex
	seq   uint64
	byID  map[string]*Stub
	order []*Stub // sorted by before; replaced, never changed in place
	index index
	near  atomic.Pointer[nearest]
}

// nearest is a search prepared for the stubs of one moment.
type nearest struct {
	order  []*Stub
	search *requestmatch.Search
}

// Nearest returns the stub that the request comes nearest to and its distance, or nil when there are none. The first call
// after a change prepares the search.
func (c *Catalog) Nearest(v *requestmatch.View) (*Stub, float64) {
	order := c.All()
	if len(order) == 0 {
		return nil, 0
	}
	near := c.near.Load()
	if near == nil || len(near.order) != len(order) || &near.order[0] != &order[0] {
		patterns := make([]*mapping.RequestPattern, len(order))
		for i, s := range order {
			patterns[i] = s.Request
		}
		near = &nearest{order, requestmatch.NewSearch(patterns)}
		c.near.Store(near)
	}
	found, ok := near.search.Nearest(v)
	if !ok {
		return nil, 0
	}
	return order[found.Index], found.Distance
}

// Put stores a mapping in the place of the one with its ID, or as the newest.
func (c *Catalog) Put(m *mapping.StubMapping) *Stub {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.make(m)
	if old := c.byID[m.ID]; old != nil {
		c.unlink(old)
		s.seq = old.seq
	}
	c.byID[m.ID] = s
	c.order = inserted(c.order, s)
	c.index.add(s)
	return s
}

// PutAll stores many mappings, as if by Put one after the other, at the cost of one sort.
func (c *Catalog) PutAll(ms []*mapping.StubMapping) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range ms {
		s := c.make(m)
		if old := c.byID[m.ID]; old != nil {
			s.seq = old.seq
			c.Scenarios.release(old)
		}
		c.byID[m.ID] = s
	}
	c.rebuild()
}

// Replace makes ms the only mappings; the last one is the newest.
func (c *Catalog) Replace(ms []*mapping.StubMapping) {
	c.mu.Lock()
	for _, s := range c.order {
		c.Scenarios.release(s)
	}
	c.byID, c.order = nil, nil
	c.mu.Unlock()
	c.PutAll(ms)
}

func (c *Catalog) make(m *mapping.StubMapping) *Stub {
	if c.byID == nil {
		c.byID = map[string]*Stub{}
	}
	c.seq++
	s := &Stub{StubMapping: m, Risk: requestmatch.Risk(m.Request), Notes: requestmatch.Notes(m.Request), rank: m.Rank(), seq: c.seq}
	c.Scenarios.join(s)
	return s
}

func (c *Catalog) rebuild() {
	c.order = make([]*Stub, 0, len(c.byID))
	for _, s := range c.byID {
		c.order = append(c.order, s)
	}
	slices.SortFunc(c.order, before)
	c.index = index{}
	for _, s := range c.order {
		c.index.append(s)
	}
}

// Remove takes the stub with the ID out and reports whether it was there.
func (c *Catalog) Remove(id string) (*Stub, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.byID[id]
	if s == nil {
		return nil, false
	}
	c.unlink(s)
	delete(c.byID, id)
	return s, true
}

func (c *Catalog) unlink(s *Stub) {
	c.Scenarios.release(s)
	c.order = removed(c.order, s)
	c.index.remove(s)
}

// Get returns the stub with the ID, or nil.
func (c *Catalog) Get(id string) *Stub {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.byID[id]
}

// All returns the stubs in the order in which they are tried. The slice must not be changed.
func (c *Catalog) All() []*Stub {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.order
}

// Candidates returns the stubs whose URL pattern a request to url (path and query; path is its part without query) may
// fit.
func (c *Catalog) Candidates(url, path string) Candidates {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.index.candidates(url, path)
}

// Candidates are stubs to try, merged in order from the lists that the index found.
type Candidates struct {
	few  [6][]*Stub
	n    int
	more [][]*Stub // beyond the few, which need no allocation
}

func (c *Candidates) add(list []*Stub) {
	switch {
	case len(list) == 0:
	case c.n < len(c.few):
		c.few[c.n] = list
		c.n++
	default:
		c.more = append(c.more, list)
	}
}

// Next takes the next stub to try, nil after the last.
func (c *Candidates) Next() *Stub {
	var best *[]*Stub
	for i := range c.n {
		best = earlier(best, &c.few[i])
	}
	for i := range c.more {
		best = earlier(best, &c.more[i])
	}
	if best == nil {
		return nil
	}
	s := (*best)[0]
	*best = (*best)[1:]
	return s
}

// earlier is the list whose first stub comes before the other's.
func earlier(a, b *[]*Stub) *[]*Stub {
	if len(*b) == 0 || a != nil && before((*a)[0], (*b)[0]) < 0 {
		return a
	}
	return b
}

// inserted returns a copy of the sorted list with s in its place: readers may hold the old one.
func inserted(list []*Stub, s *Stub) []*Stub {
	i, _ := slices.BinarySearchFunc(list, s, before)
	out := make([]*Stub, 0, len(list)+1)
	return append(append(append(out, list[:i]...), s), list[i:]...)
}

func removed(list []*Stub, s *Stub) []*Stub {
	i := slices.Index(list, s)
	if i < 0 {
		return list
	}
	if len(list) == 1 {
		return nil
	}
	out := make([]*Stub, 0, len(list)-1)
	return append(append(out, list[:i]...), list[i+1:]...)
}
