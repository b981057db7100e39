package catalog

import "github.com/envd-dev/envd/stubs/internal/mapping"

// index sorts stubs by what their URL pattern demands: a whole URL, a path, or neither. Its lists are replaced, never
// changed in place, except while a fresh index is filled in order.
type index struct {
	byURL, byPath map[string][]*Stub
	rest          []*Stub
}

func (x *index) bucket(s *Stub) (m *map[string][]*Stub, key string) {
	switch u := &s.Request.URL; u.Kind {
	case mapping.URLEqual:
		return &x.byURL, u.Expected
	case mapping.PathEqual:
		return &x.byPath, u.Expected
	}
	return nil, ""
}

func (x *index) change(s *Stub, do func([]*Stub) []*Stub) {
	m, key := x.bucket(s)
	if m == nil {
		x.rest = do(x.rest)
		return
	}
	if *m == nil {
		*m = map[string][]*Stub{}
	}
	if list := do((*m)[key]); len(list) == 0 {
		delete(*m, key)
	} else {
		(*m)[key] = list
	}
}

func (x *index) add(s *Stub) { x.change(s, func(l []*Stub) []*Stub { return inserted(l, s) }) }

func (x *index) remove(s *Stub) { x.change(s, func(l []*Stub) []*Stub { return removed(l, s) }) }

// append adds a stub that comes after all others of the index in order.
func (x *index) append(s *Stub) { x.change(s, func(l []*Stub) []*Stub { return append(l, s) }) }
