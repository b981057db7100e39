// Package jsonmatch compares JSON documents like WireMock's equalToJson: json-unit with its placeholders, and WireMock's
// distance.
package jsonmatch

import (
	"strings"

	"github.com/envd-dev/envd/stubs/internal/javaregex"
	"github.com/envd-dev/envd/stubs/internal/jsondoc"
)

// Options are what a comparison leaves out of account.
type Options struct {
	IgnoreArrayOrder    bool
	IgnoreExtraElements bool // of objects and arrays
}

// Comparison is an expected document. It is safe for concurrent use.
type Comparison struct {
	expected any // with placeholders in the place of strings
	size     int
	opts     Options
}

// Placeholders of json-unit; they begin with $ or #.
type (
	ignored        struct{} // any value, but there must be one
	ignoredElement struct{} // any value or none
	anyString      struct{}
	anyNumber      struct{}
	anyBoolean     struct{}
	matching       struct{ re *javaregex.Regexp } // nil if the pattern is broken: matches nothing
	unmatched      struct{}                       // a Hamcrest matcher: those live in Java code only
)

// New prepares a comparison with a decoded document.
func New(expected any, opts Options) *Comparison {
	return &Comparison{expected: withPlaceholders(expected), size: DeepSize(expected), opts: opts}
}

func withPlaceholders(v any) any {
	switch t := v.(type) {
	case string:
		return placeholder(t)
	case []any:
		out := make([]any, len(t))
		for i, e := range t {
			out[i] = withPlaceholders(e)
		}
		return out
	case *jsondoc.Object:
		out := &jsondoc.Object{}
		for _, m := range t.Members() {
			out.Set(m.Name, withPlaceholders(m.Value))
		}
		return out
	}
	return v
}

func placeholder(s string) any {
	if len(s) < 3 || s[0] != '$' && s[0] != '#' || s[1] != '{' {
		return s
	}
	name, rest, ok := strings.Cut(s[2:], "}")
	if !ok {
		return s
	}
	switch {
	case name == "json-unit.ignore" && rest == "":
		return ignored{}
	case name == "json-unit.ignore-element" && rest == "" && s[0] == '$':
		return ignoredElement{}
	case name == "json-unit.any-string" && rest == "":
		return anyString{}
	case name == "json-unit.any-number" && rest == "":
		return anyNumber{}
	case name == "json-unit.any-boolean" && rest == "":
		return anyBoolean{}
	case name == "json-unit.regex" && !strings.ContainsAny(rest, "\n\r\u0085\u2028\u2029"):
		re, err := javaregex.Compile(rest, 0)
		if err != nil {
			return matching{}
		}
		return matching{re}
	case strings.HasPrefix(name, "json-unit.matches:") && name != "json-unit.matches:":
		return unmatched{}
	}
	return s
}

// Equal reports whether actual is as expected.
func (c *Comparison) Equal(actual any) bool { return c.similar(c.expected, actual) }

// Distance is the number of nodes that differ over the number that there are in the larger document. It may exceed 1.
func (c *Comparison) Distance(actual any) float64 {
	d := &counter{Comparison: c}
	d.nodes(c.expected, actual)
	return float64(d.count) / float64(max(c.size, DeepSize(actual)))
}

// DeepSize counts the nodes of a document as WireMock does: containers within containers count twice.
func DeepSize(v any) int {
	n := 1
	switch t := v.(type) {
	case []any:
		for _, e := range t {
			n += childSize(e)
		}
	case *jsondoc.Object:
		for _, m := range t.Members() {
			n += childSize(m.Value)
		}
	}
	return n
}

func childSize(v any) int {
	switch v.(type) {
	case []any, *jsondoc.Object:
		return 1 + DeepSize(v)
	}
	return 1
}

// similar compares and stops at the first difference.
func (c *Comparison) similar(expected, actual any) bool {
	switch t := expected.(type) {
	case *jsondoc.Object:
		o, ok := actual.(*jsondoc.Object)
		return ok && c.similarObjects(t, o)
	case []any:
		list, ok := actual.([]any)
		return ok && c.similarLists(t, list)
	}
	return scalar(expected, actual)
}

// scalar compares with an expected value that is neither object nor list.
func scalar(expected, actual any) bool {
	switch t := expected.(type) {
	case ignored, ignoredElement:
		return true
	case anyString:
		_, ok := actual.(string)
		return ok
	case anyNumber:
		_, ok := actual.(jsondoc.Number)
		return ok
	case anyBoolean:
		_, ok := actual.(bool)
		return ok
	case matching:
		s, ok := actual.(string)
		return ok && t.re != nil && t.re.MatchString(s)
	case unmatched:
		return false
	case string:
		s, ok := actual.(string)
		return ok && s == t
	case bool:
		b, ok := actual.(bool)
		return ok && b == t
	case jsondoc.Number:
		n, ok := actual.(jsondoc.Number)
		return ok && t.Compare(n) == 0
	}
	return expected == nil && actual == nil
}

func (c *Comparison) similarObjects(expected, actual *jsondoc.Object) bool {
	common := 0
	for _, m := range expected.Members() {
		v, ok := actual.Get(m.Name)
		if !ok {
			if _, optional := m.Value.(ignoredElement); !optional {
				return false
			}
			continue
		}
		common++
		if !c.similar(m.Value, v) {
			return false
		}
	}
	return c.opts.IgnoreExtraElements || common == actual.Len()
}

func (c *Comparison) similarLists(expected, actual []any) bool {
	if len(expected) > len(actual) || len(expected) < len(actual) && !c.opts.IgnoreExtraElements {
		return false
	}
	if inOrder(c, expected, actual) {
		return true
	}
	if !c.opts.IgnoreArrayOrder {
		return false
	}
	missing, extra := c.match(expected, actual)
	if len(expected) == len(actual) && len(missing) == 1 && len(extra) == 1 {
		return false
	}
	return len(missing) == 0 && (len(extra) == 0 || c.opts.IgnoreExtraElements)
}

func inOrder(c *Comparison, expected, actual []any) bool {
	for i, e := range expected {
		if !c.similar(e, actual[i]) {
			return false
		}
	}
	return true
}
