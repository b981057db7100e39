package jsonpath

import (
	"slices"
)

// scan evaluates step i on every object and list below v that it fits.
func (e *evaluation) scan(i int, v any) error {
	if e.visits++; e.visits > maxResults {
		return errTooMany
	}
	s := e.path.steps[i]
	switch t := v.(type) {
	case *Object:
		ok, err := e.fits(s, v)
		if err == nil && ok {
			err = e.step(i, v)
		}
		if err != nil {
			return err
		}
		for _, m := range t.Members() {
			if err := e.down(m.Name, func() error { return e.scan(i, m.Value) }); err != nil {
				return err
			}
		}
		return nil
	case []any:
		ok, err := e.fits(s, v)
		if err != nil {
			return err
		}
		if ok {
			if err := e.scanList(i, t); err != nil {
				return err
			}
		}
		for n, child := range t {
			if err := e.down(n, func() error { return e.scan(i, child) }); err != nil {
				return err
			}
		}
	}
	return nil
}

// scanList hands the elements of a list to the step after i, whatever step i says of them.
func (e *evaluation) scanList(i int, list []any) error {
	if e.path.steps[i].leaf {
		return e.step(i, list)
	}
	if e.upstream == nil {
		e.upstream = map[int]int{}
	}
	for n, item := range list {
		e.upstream[i+1] = n + 1
		if err := e.down(n, func() error { return e.step(i+1, item) }); err != nil {
			return err
		}
	}
	return nil
}

// fits reports whether a scan stops at v for step s.
func (e *evaluation) fits(s *step, v any) (bool, error) {
	o, isObject := v.(*Object)
	switch s.kind {
	case property:
		if !isObject || !s.definite || s.leaf && e.leafToNull {
			return isObject, nil
		}
		return !slices.ContainsFunc(s.names, func(name string) bool {
			_, ok := o.Get(name)
			return !ok
		}), nil
	case index, slice:
		return !isObject, nil
	case wildcard:
		return true, nil
	case filter:
		return accepts(s.filter, v, e.root)
	}
	return false, nil
}
