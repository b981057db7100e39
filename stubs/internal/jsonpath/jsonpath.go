// Package jsonpath evaluates JSONPath the way Jayway JsonPath 2.10 does over json-smart documents: filters, functions,
// and its leniencies.
package jsonpath

import (
	"errors"
	"strings"

	"github.com/envd-dev/envd/stubs/internal/jsondoc"
)

// Object is an ordered JSON object as [Decode] makes them.
type Object = jsondoc.Object

// ErrNotFound says that a definite path leads nowhere in the document.
var ErrNotFound = errors.New("path not found")

// Decode parses a JSON document into nil, bool, string, jsondoc.Number, []any or *Object. It is as lenient as Jayway's
// default parser. The result may share memory with data.
func Decode(data []byte) (any, error) { return DecodeString(string(data)) }

// DecodeString is [Decode] for a string.
func DecodeString(s string) (any, error) {
	if v, plain, err := jsondoc.Parse(s); err == nil && plain {
		return v, nil
	}
	return jsondoc.DecodeLenient(s)
}

// Path is a compiled expression. It is safe for concurrent use.
type Path struct {
	expr     string
	root     byte // '$' or '@'
	steps    []*step
	definite bool
}

// Definite reports whether the path leads to at most one value.
func (p *Path) Definite() bool { return p.definite }

// String is the expression as it was compiled.
func (p *Path) String() string { return p.expr }

// Find evaluates the path over a decoded document. An indefinite path gives a []any of what it found, perhaps empty;
// a definite one gives the value itself, or an error that is ErrNotFound.
// Functions give float64 (min, max, avg, sum, stddev), int (length) or string (concat).
func (p *Path) Find(doc any) (result any, definite bool, err error) {
	result, err = p.find(doc, doc, false)
	return result, p.definite, err
}

// find evaluates the path on doc, within the document root. With required, missing names are errors, as in the
// existence checks of filters.
func (p *Path) find(doc, root any, required bool) (any, error) {
	if p.definite && p.simple() {
		return p.walk(doc)
	}
	e := &evaluation{path: p, root: root, required: required}
	if len(p.steps) == 0 {
		e.results = append(e.results, doc)
	} else if err := e.step(0, doc); err != nil {
		return nil, err
	}
	if !p.definite {
		if e.results == nil {
			return []any{}, nil
		}
		return e.results, nil
	}
	if len(e.results) == 0 {
		return nil, notFound("No results for path: " + p.fragments())
	}
	return e.results[len(e.results)-1], nil
}

// notFoundError is an ErrNotFound with Jayway's words.
type notFoundError struct{ message string }

func (e *notFoundError) Error() string        { return e.message }
func (e *notFoundError) Is(target error) bool { return target == ErrNotFound }

func notFound(message string) error { return &notFoundError{message} }

// newPath settles which steps are definite, and turns "$..x.f()" into a function over the path before it.
func newPath(root byte, steps []*step) *Path {
	if n := len(steps); n > 0 && steps[0].kind == scan && steps[n-1].kind == function {
		for i, s := range steps {
			if s.kind == function {
				inner := newPath(root, steps[:i:i])
				s.args = []argument{{path: inner}}
				steps = steps[i:]
				root = '$'
				break
			}
		}
	}
	p := &Path{root: root, steps: steps, definite: true}
	for i, s := range steps {
		s.leaf = i == len(steps)-1
		s.upstreamDefinite = p.definite
		s.definite = s.isDefinite()
		p.definite = p.definite && s.definite
	}
	return p
}

// fragments is the path in Jayway's bracket notation.
func (p *Path) fragments() string {
	var b strings.Builder
	b.WriteByte(p.root)
	for _, s := range p.steps {
		b.WriteString(s.fragment())
	}
	return b.String()
}

// simple reports whether the path has only single names and indexes, which need no evaluation state.
func (p *Path) simple() bool {
	for _, s := range p.steps {
		if s.kind != property && s.kind != index || len(s.names) > 1 {
			return false
		}
	}
	return true
}

// walk is find for a simple path.
func (p *Path) walk(doc any) (any, error) {
	v := doc
	for i, s := range p.steps {
		next, ok := any(nil), false
		switch t := v.(type) {
		case *Object:
			if s.kind == property {
				next, ok = t.Get(s.names[0])
			}
		case []any:
			if s.kind == index {
				if n := s.indexes[0]; n >= 0 && n < len(t) {
					next, ok = t[n], true
				} else if n < 0 && -n <= len(t) {
					next, ok = t[len(t)+n], true
				}
			}
		}
		if !ok {
			return nil, p.missing(i, v)
		}
		v = next
	}
	return v, nil
}

// missing is why step i found nothing in v.
func (p *Path) missing(i int, v any) error {
	s := p.steps[i]
	at := (&Path{root: p.root, steps: p.steps[:i]}).fragments()
	_, isObject := v.(*Object)
	_, isList := v.([]any)
	switch {
	case s.kind == property && !isObject:
		return notFound("Expected to find an object with property " + s.fragment() + " in path " + at + " but found '" + javaClass(v) +
			"'. This is not a json object according to the JsonProvider: 'com.jayway.jsonpath.spi.json.JsonSmartJsonProvider'.")
	case s.kind == property && !s.leaf:
		return notFound("Missing property in path " + at + s.fragment())
	case s.kind == index && v == nil:
		return notFound("The path " + at + " is null")
	case s.kind == index && !isList:
		tail := ""
		for _, t := range p.steps[i:] {
			tail += t.fragment()
		}
		return notFound("Filter: " + tail + " can only be applied to arrays. Current context is: " + String(v))
	}
	return notFound("No results for path: " + p.fragments())
}
