package catalog

import (
	"slices"

	"github.com/envd-dev/envd/stubs/internal/mapping"
)

// index sorts stubs by what their URL pattern demands: a whole URL, a path, or that the URL begins with some text (the
// literal part of a regular expression or template; "" where there is none). Its lists are replaced, never changed in
// place, except while a fresh index is filled in order.
type index struct {
	byURL, byPath, byPrefix map[string][]*Stub
	lengths                 []int // of the keys of byPrefix, each once, ascending
}

func (x *index) bucket(s *Stub) (m *map[string][]*Stub, key string) {
	switch u := &s.Request.URL; u.Kind {
	case mapping.URLEqual:
		return &x.byURL, u.Expected
	case mapping.PathEqual:
		return &x.byPath, u.Expected
	default:
		return &x.byPrefix, prefix(u)
	}
}

// prefix is what every URL that fits the pattern begins with.
func prefix(u *mapping.URLPattern) string {
	switch u.Kind {
	case mapping.URLRegex, mapping.PathRegex:
		if p, ok := u.Regex.(interface{ Prefix() (string, bool) }); ok {
			literal, _ := p.Prefix()
			return literal
		}
	case mapping.PathTemplate:
		return u.Template.Prefix()
	}
	return ""
}

func (x *index) change(s *Stub, do func([]*Stub) []*Stub) {
	m, key := x.bucket(s)
	if *m == nil {
		*m = map[string][]*Stub{}
	}
	if list := do((*m)[key]); len(list) == 0 {
		delete(*m, key)
	} else {
		(*m)[key] = list
	}
	if m == &x.byPrefix {
		x.noteLength(len(key))
	}
}

// noteLength adds a key's length. Lengths stay when their last key goes: they cost one look-up.
func (x *index) noteLength(n int) {
	if i, known := slices.BinarySearch(x.lengths, n); !known {
		x.lengths = slices.Insert(slices.Clone(x.lengths), i, n)
	}
}

func (x *index) add(s *Stub) { x.change(s, func(l []*Stub) []*Stub { return inserted(l, s) }) }

func (x *index) remove(s *Stub) { x.change(s, func(l []*Stub) []*Stub { return removed(l, s) }) }

// append adds a stub that comes after all others of the index in order.
func (x *index) append(s *Stub) { x.change(s, func(l []*Stub) []*Stub { return append(l, s) }) }

// candidates collects the lists of stubs that a request to url may fit.
func (x *index) candidates(url, path string) (c Candidates) {
	c.add(x.byURL[url])
	c.add(x.byPath[path])
	for _, n := range x.lengths {
		if n > len(url) {
			break
		}
		c.add(x.byPrefix[url[:n]])
	}
	return c
}
