package match

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/envd-dev/envd/stubs/internal/javaregex"
	"github.com/envd-dev/envd/stubs/internal/jsondoc"
)

type equalTo struct {
	expected        string
	caseInsensitive flag
}

func parseEqualTo(op operation) (Pattern, error) {
	s, err := op.text()
	return &equalTo{s, op.flag("caseInsensitive")}, err
}

func (p *equalTo) Exact(v Value) bool {
	if p.caseInsensitive.on {
		return v.Present && equalIgnoreCase(p.expected, v.Text)
	}
	return v.Present && v.Text == p.expected
}

func (p *equalTo) Match(v Value) Result {
	if !v.Present {
		return Result{Distance: 1}
	}
	return Result{p.Exact(v), TextDistance(p.expected, v.Text)}
}

func (p *equalTo) Name() string     { return "equalTo" }
func (p *equalTo) Expected() string { return p.expected }

func (p *equalTo) MarshalJSON() ([]byte, error) {
	return new(printer).text("equalTo", p.expected).flag("caseInsensitive", p.caseInsensitive).bytes()
}

// equalIgnoreCase is String.equalsIgnoreCase: character by character, upper case or lower case alike.
func equalIgnoreCase(a, b string) bool {
	for a != "" && b != "" {
		x, n := utf8.DecodeRuneInString(a)
		y, m := utf8.DecodeRuneInString(b)
		if x != y && unicode.ToUpper(x) != unicode.ToUpper(y) &&
			unicode.ToLower(unicode.ToUpper(x)) != unicode.ToLower(unicode.ToUpper(y)) {
			return false
		}
		a, b = a[n:], b[m:]
	}
	return a == b
}

type contains struct {
	expected string
	negative bool
}

func parseContains(op operation) (Pattern, error) {
	s, err := op.text()
	return &contains{s, op.name == "doesNotContain"}, err
}

func (p *contains) Exact(v Value) bool {
	return (v.Present && strings.Contains(v.Text, p.expected)) != p.negative
}

func (p *contains) Match(v Value) Result { return exactly(p.Exact(v)) }

func (p *contains) Name() string {
	if p.negative {
		return "doesNotContain"
	}
	return "contains"
}

func (p *contains) Expected() string { return p.expected }

func (p *contains) MarshalJSON() ([]byte, error) {
	return new(printer).text(p.Name(), p.expected).bytes()
}

type regex struct {
	re       *javaregex.Regexp
	negative bool
}

func parseRegex(op operation) (Pattern, error) {
	s, err := op.text()
	if err != nil {
		return nil, err
	}
	return newRegex(s, op.name == "doesNotMatch")
}

func newRegex(expr string, negative bool) (Pattern, error) {
	re, err := javaregex.Compile(expr, javaregex.DotAll)
	if err != nil {
		return nil, err
	}
	return &regex{re, negative}, nil
}

// Matches is the matches matcher of a regular expression; the error has Java's words.
func Matches(expr string) (Pattern, error) { return newRegex(expr, false) }

func (p *regex) Exact(v Value) bool {
	return (v.Present && p.re.MatchString(v.Text)) != p.negative
}

func (p *regex) Match(v Value) Result { return exactly(p.Exact(v)) }

func (p *regex) Name() string {
	if p.negative {
		return "doesNotMatch"
	}
	return "matches"
}

func (p *regex) Expected() string { return p.re.String() }

// Prefix is the literal text that every match begins with, for an index; complete says that it is all of it.
func (p *regex) Prefix() (prefix string, complete bool) {
	if p.negative {
		return "", false
	}
	return p.re.Prefix()
}

func (p *regex) MarshalJSON() ([]byte, error) {
	return new(printer).text(p.Name(), p.re.String()).bytes()
}

type absent struct{}

func (absent) Exact(v Value) bool           { return !v.Present }
func (absent) Match(v Value) Result         { return exactly(!v.Present) }
func (absent) Name() string                 { return "absent" }
func (absent) Expected() string             { return "(absent)" }
func (absent) MarshalJSON() ([]byte, error) { return []byte(`{"absent":true}`), nil }

// IsAbsent reports whether p is the absent matcher.
func IsAbsent(p Pattern) bool {
	_, ok := p.(absent)
	return ok
}

type anything struct{ expected string }

func parseAnything(op operation) (Pattern, error) {
	s, err := op.text()
	return anything{s}, err
}

func (anything) Exact(Value) bool             { return true }
func (anything) Match(Value) Result           { return Result{Exact: true} }
func (anything) Name() string                 { return "anything" }
func (p anything) Expected() string           { return p.expected }
func (anything) MarshalJSON() ([]byte, error) { return []byte(`{"anything":"anything"}`), nil }

type pathTemplate struct{ template *URLTemplate }

func parsePathTemplate(op operation) (Pattern, error) {
	s, err := op.text()
	if err != nil {
		return nil, err
	}
	t, err := ParseURLTemplate(s)
	return &pathTemplate{t}, err
}

func (p *pathTemplate) Exact(v Value) bool {
	return v.Present && p.template.Match(pathOf(v.Text))
}

func (p *pathTemplate) Match(v Value) Result {
	if p.Exact(v) {
		return Result{Exact: true}
	}
	if !v.Present {
		return Result{Distance: 1}
	}
	return Result{Distance: p.template.Distance(v.Text)}
}

func (p *pathTemplate) Name() string     { return "matchesPathTemplate" }
func (p *pathTemplate) Expected() string { return p.template.String() }

func (p *pathTemplate) MarshalJSON() ([]byte, error) {
	return new(printer).text(p.Name(), p.template.String()).bytes()
}

// pathOf is the part of a URL before its query.
func pathOf(url string) string {
	path, _, _ := strings.Cut(url, "?")
	return path
}

// prettyOr is a JSON text in Jackson's layout; a text that is no JSON stays as it is.
func prettyOr(s string) string {
	v, err := jsondoc.DecodeString(s)
	if err != nil {
		return s
	}
	return jsondoc.Pretty(v)
}
