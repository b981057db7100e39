package compose

import (
	"regexp"
	"slices"
)

// shape says what is supported at one place of a compose file. It applies to each item of a list; short forms (a text in
// the place of a mapping) always pass.
type shape struct {
	keys   map[string]*shape
	any    *shape         // of all other keys
	values bool           // variables, whose values stay references
	only   []string       // the values that a scalar may have
	form   *regexp.Regexp // or their form
	help   string         // what to do about other values
	idle   string         // why what stands there has no effect
}

// open reports whether anything may stand there.
func (s *shape) open() bool { return s.keys == nil && s.any == nil && !s.closed() }

// closed reports whether only certain scalars may stand there.
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

// of returns a shape with these keys, which may hold anything.
func of(keys ...string) *shape {
	s := object(map[string]*shape{})
	for _, k := range keys {
		s.keys[k] = anything
	}
	return s
}

// idleKey is the shape of a key that may hold anything and has no effect.
func idleKey(why string) *shape { return &shape{idle: why} }

// idle returns an object of such keys.
func idle(why string, keys ...string) *shape {
	s := of()
	for _, k := range keys {
		s.keys[k] = idleKey(why)
	}
	return s
}

// and returns the shape with one more key.
func (s *shape) and(key string, value *shape) *shape { return s.with(map[string]*shape{key: value}) }

// with returns the shape with more keys.
func (s *shape) with(keys map[string]*shape) *shape {
	for k, v := range keys {
		s.keys[k] = v
	}
	return s
}
