package compose

import (
	"regexp"
	"slices"
)

// shape is what is supported at one place of a compose file. Of lists each item has it; short forms (a text where a
// mapping could stand) pass.
type shape struct {
	keys   map[string]*shape
	any    *shape         // of keys besides those
	values bool           // variables, whose values stay references
	only   []string       // the only values of a scalar
	form   *regexp.Regexp // or those of this form
	help   string         // where it is none of those
}

// open tells that anything may stand there.
func (s *shape) open() bool { return s.keys == nil && s.any == nil && !s.closed() }

// closed tells that only some scalars may.
func (s *shape) closed() bool { return s.only != nil || s.form != nil }

func (s *shape) allows(text string) bool {
	return slices.Contains(s.only, text) || s.form != nil && s.form.MatchString(text)
}

var (
	anything  = &shape{}
	variables = &shape{values: true}
)

func object(keys map[string]*shape) *shape { return &shape{keys: keys} }
func named(each *shape) *shape             { return &shape{any: each} }

func only(help string, values ...string) *shape { return &shape{only: values, help: help} }
func formed(help, form string) *shape           { return &shape{form: regexp.MustCompile(form), help: help} }

// of is an object whose keys may hold anything.
func of(keys ...string) *shape {
	s := object(map[string]*shape{})
	for _, k := range keys {
		s.keys[k] = anything
	}
	return s
}

// with adds keys to a shape.
func (s *shape) with(keys map[string]*shape) *shape {
	for k, v := range keys {
		s.keys[k] = v
	}
	return s
}
