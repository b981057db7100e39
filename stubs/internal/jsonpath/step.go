package jsonpath

import (
	"errors"
	"slices"
	"strconv"
	"strings"
)

type stepKind uint8

const (
	property stepKind = iota
	index
	slice
	wildcard
	scan
	filter
	function
)

// step is one token of a path.
type step struct {
	kind     stepKind
	names    []string // property
	quote    byte
	indexes  []int // index
	from, to *int  // slice
	filter   predicate
	name     string // function
	args     []argument

	leaf             bool
	definite         bool
	upstreamDefinite bool
}

// argument is an argument of a function: a path, or a JSON value.
type argument struct {
	path  *Path
	value any
	err   error
}

func (s *step) isDefinite() bool {
	switch s.kind {
	case property:
		return len(s.names) == 1 || s.leaf
	case index:
		return len(s.indexes) == 1
	case function:
		return true
	}
	return false
}

func (s *step) fragment() string {
	switch s.kind {
	case property:
		q := string(rune(s.quote))
		return "[" + q + strings.Join(s.names, q+","+q) + q + "]"
	case index:
		parts := make([]string, len(s.indexes))
		for i, n := range s.indexes {
			parts[i] = strconv.Itoa(n)
		}
		return "[" + strings.Join(parts, ",") + "]"
	case slice:
		return "[" + bound(s.from) + ":" + bound(s.to) + "]"
	case wildcard:
		return "[*]"
	case scan:
		return ".."
	case filter:
		return "[?]"
	}
	if len(s.args) > 0 {
		return "." + s.name + "(...)"
	}
	return "." + s.name + "()"
}

func bound(n *int) string {
	if n == nil {
		return ""
	}
	return strconv.Itoa(*n)
}

// maxResults bounds what one path may find: a few scans in a row multiply.
const maxResults = 1_000_000

var errTooMany = errors.New("the path finds too many values")

// evaluation is the state of one walk over a document.
type evaluation struct {
	path     *Path
	root     any
	required bool
	results  []any
	visits   int
	// upstream is, for each step, the index of the list element that a scan last handed it, plus one. Jayway keeps the
	// like and drops the values of names whose list index is not the one that the path asks for.
	upstream map[int]int
	// leafToNull makes names that are missing at the end of the path null (Jayway's DEFAULT_PATH_LEAF_TO_NULL).
	leafToNull bool
	// located asks for places: where each result is; at is where the evaluation is.
	located bool
	places  [][]any
	at      []any
}

func (e *evaluation) add(v any) {
	e.results = append(e.results, v)
	if e.located {
		e.places = append(e.places, slices.Clone(e.at))
	}
}

// down evaluates f one member or element further down.
func (e *evaluation) down(name any, f func() error) error {
	if !e.located {
		return f()
	}
	e.at = append(e.at, name)
	err := f()
	e.at = e.at[:len(e.at)-1]
	return err
}

// step evaluates the path from step i on over v.
func (e *evaluation) step(i int, v any) error {
	if e.visits++; e.visits > maxResults {
		return errTooMany
	}
	s := e.path.steps[i]
	switch s.kind {
	case property:
		return e.properties(i, v)
	case index, slice:
		return e.indexes(i, v)
	case wildcard:
		return e.wildcard(i, v)
	case scan:
		if s.leaf {
			return errors.New("Current path token is a leaf")
		}
		return e.scan(i+1, v)
	case filter:
		return e.filter(i, v)
	}
	return e.function(i, v)
}

// emit hands v to the step after i, or keeps it as a result.
func (e *evaluation) emit(i int, v any) error {
	if e.path.steps[i].leaf {
		e.add(v)
		return nil
	}
	return e.step(i+1, v)
}

func (e *evaluation) properties(i int, v any) error {
	s := e.path.steps[i]
	o, ok := v.(*Object)
	if !ok {
		if !s.upstreamDefinite {
			return nil
		}
		return e.path.missing(i, v)
	}
	if len(s.names) > 1 && s.leaf {
		return e.merge(s, o)
	}
	for _, name := range s.names {
		if err := e.property(i, o, name); err != nil {
			return err
		}
	}
	return nil
}

func (e *evaluation) property(i int, o *Object, name string) error {
	s := e.path.steps[i]
	v, ok := o.Get(name)
	if !ok && !(s.leaf && e.leafToNull) {
		switch {
		case s.leaf && e.required:
			return notFound("No results for path: " + e.path.fragments())
		case s.leaf, (!s.upstreamDefinite || !s.definite) && !e.required:
			return nil
		}
		return e.path.missing(i, o)
	}
	if !s.leaf {
		return e.down(name, func() error { return e.step(i+1, v) })
	}
	if n := e.upstream[i]; n > 0 && (i == 0 || e.path.steps[i-1].fragment() != "["+strconv.Itoa(n-1)+"]") {
		return nil
	}
	return e.down(name, func() error {
		e.add(v)
		return nil
	})
}

// merge gives one object of the named members; their places are those in the document.
func (e *evaluation) merge(s *step, o *Object) error {
	if e.located {
		for _, name := range s.names {
			if v, ok := o.Get(name); ok {
				_ = e.down(name, func() error { // nothing that fails
					e.add(v)
					return nil
				})
			}
		}
		return nil
	}
	merged := &Object{}
	for _, name := range s.names {
		v, ok := o.Get(name)
		if ok || e.leafToNull {
			merged.Set(name, v)
		} else if e.required {
			return notFound("Missing property in path " + e.path.fragments())
		}
	}
	e.add(merged)
	return nil
}

func (e *evaluation) indexes(i int, v any) error {
	s := e.path.steps[i]
	list, ok := v.([]any)
	if !ok {
		if !s.upstreamDefinite {
			return nil
		}
		return e.path.missing(i, v)
	}
	if s.kind == index {
		for _, n := range s.indexes {
			if err := e.element(i, list, n); err != nil {
				return err
			}
		}
		return nil
	}
	from, to := s.bounds(len(list))
	for n := from; n < to; n++ {
		if err := e.element(i, list, n); err != nil {
			return err
		}
	}
	return nil
}

// bounds are the slice's over a list. Only a slice with one bound counts negative ones from the end.
func (s *step) bounds(length int) (from, to int) {
	to = length
	if s.to != nil {
		to = min(length, *s.to)
		if s.from == nil && *s.to < 0 {
			to = *s.to + length
		}
	}
	if s.from != nil {
		from = *s.from
		if s.to == nil {
			if from < 0 {
				from += length
			}
			from = max(0, from)
		}
	}
	return from, to
}

var errIndex = errors.New("index out of bounds")

// element hands on the list's n-th value; there may be none.
func (e *evaluation) element(i int, list []any, n int) error {
	if n < 0 {
		n += len(list)
	}
	if n < 0 || n >= len(list) {
		return nil
	}
	if err := e.down(n, func() error { return e.emit(i, list[n]) }); !errors.Is(err, errIndex) {
		return err
	}
	return nil
}

func (e *evaluation) wildcard(i int, v any) error {
	switch t := v.(type) {
	case *Object:
		for _, m := range t.Members() {
			if err := e.property(i, t, m.Name); err != nil {
				return err
			}
		}
	case []any:
		for n := range t {
			if err := e.element(i, t, n); err != nil && (e.required || !errors.Is(err, ErrNotFound)) {
				return err
			}
		}
	}
	return nil
}

func (e *evaluation) filter(i int, v any) error {
	s := e.path.steps[i]
	switch t := v.(type) {
	case *Object:
		ok, err := accepts(s.filter, t, e.root)
		if err != nil || !ok {
			return err
		}
		return e.emit(i, t)
	case []any:
		for n, item := range t {
			ok, err := accepts(s.filter, item, e.root)
			if err != nil {
				return err
			}
			if ok {
				if err := e.element(i, t, n); err != nil {
					return err
				}
			}
		}
		return nil
	}
	if s.upstreamDefinite {
		return invalidf("Filter: %s can not be applied to primitives. Current context is: %s", s.fragment(), String(v))
	}
	return nil
}
