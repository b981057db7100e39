package match

import (
	"errors"
	"strings"

	"github.com/envd-dev/envd/stubs/internal/jsondoc"
	"github.com/envd-dev/envd/stubs/internal/jsonpath"
)

type matchesJSONPath struct {
	path *jsonpath.Path
	sub  Pattern // nil in the short form
}

func parseJSONPath(op operation) (Pattern, error) {
	expr, sub, err := op.expression()
	if err != nil {
		return nil, err
	}
	path, err := jsonpath.Compile(expr)
	if err != nil {
		return nil, err
	}
	return &matchesJSONPath{path, sub}, nil
}

// find evaluates the path. The error is jsonpath.ErrNotFound, or says why the value is no JSON.
func (p *matchesJSONPath) find(v Value) (any, error) {
	if !v.Present {
		return nil, nil
	}
	if looksLikeXML(v.Text) {
		return nil, errXML
	}
	doc, err := v.smartJSON()
	if err != nil {
		return nil, err
	}
	if doc == nil {
		return nil, errNull
	}
	result, _, err := p.path.Find(doc)
	return result, err
}

// looksLikeXML is WireMock's test, which spares it a parse.
func looksLikeXML(s string) bool {
	return strings.HasPrefix(strings.TrimLeftFunc(s, func(r rune) bool { return r <= ' ' }), "<")
}

func (p *matchesJSONPath) Exact(v Value) bool {
	if p.sub != nil {
		for _, finding := range p.findings(v) {
			if p.sub.Exact(finding) {
				return true
			}
		}
		return false
	}
	result, err := p.find(v)
	if err != nil {
		return false
	}
	switch t := result.(type) {
	case []any:
		return len(t) > 0
	case jsonpath.KeySet:
		return len(t) > 0
	case *jsondoc.Object:
		return t.Len() > 0
	}
	return result != nil
}

func (p *matchesJSONPath) Match(v Value) Result {
	if p.sub == nil {
		return exactly(p.Exact(v))
	}
	best := Result{Distance: 1}
	for i, finding := range p.findings(v) {
		r := p.sub.Match(finding)
		if r.Exact {
			return r
		}
		if i == 0 || closer(r.Distance, best.Distance) {
			best.Distance = r.Distance
		}
	}
	return best
}

// findings are what the submatcher sees: the results one by one; an object, or for equalToJson a list too, as JSON text.
func (p *matchesJSONPath) findings(v Value) []Value {
	result, err := p.find(v)
	if err != nil && !errors.Is(err, jsonpath.ErrNotFound) {
		return nil
	}
	var found []Value
	switch t := result.(type) {
	case *jsondoc.Object:
		found = []Value{Text(jsonpath.Pretty(t))}
	case []any:
		if _, whole := p.sub.(*equalToJSON); whole {
			return []Value{Text(jsonpath.Pretty(t))}
		}
		found = make([]Value, len(t))
		for i, e := range t {
			if e == nil { // WireMock fails here; see Failure
				return nil
			}
			found[i] = Text(jsonpath.String(e))
		}
	case nil, jsonpath.KeySet:
	default:
		found = []Value{Text(jsonpath.String(t))}
	}
	if len(found) == 0 && IsAbsent(p.sub) {
		return []Value{Absent()}
	}
	return found
}

func (p *matchesJSONPath) Name() string { return "matchesJsonPath" }

func (p *matchesJSONPath) Expected() string { return p.path.String() }

func (p *matchesJSONPath) Submatcher() Pattern { return p.sub }

func (p *matchesJSONPath) Findings(v Value) []string {
	if p.sub == nil {
		return nil
	}
	return texts(p.findings(v))
}

func texts(values []Value) []string {
	out := make([]string, 0, len(values))
	for _, v := range values {
		if v.Present {
			out = append(out, v.Text)
		}
	}
	return out
}

func (p *matchesJSONPath) MarshalJSON() ([]byte, error) {
	w, err := marshalExpression(p.Name(), p.path.String(), p.sub)
	if err != nil {
		return nil, err
	}
	return w.bytes()
}

var (
	errXML  = errors.New("it's not JSON but probably XML")
	errNull = errors.New("json can not be null")
)
