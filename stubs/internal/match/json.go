package match

import (
	"errors"
	"math"
	"strings"

	"github.com/envd-dev/envd/stubs/internal/jsondoc"
	"github.com/envd-dev/envd/stubs/internal/jsonmatch"
	"github.com/envd-dev/envd/stubs/internal/jsonpath"
	"github.com/envd-dev/envd/stubs/internal/jsonschema"
)

type equalToJSON struct {
	operand             any // a string with JSON, or JSON
	expected            string
	ignoreArrayOrder    flag
	ignoreExtraElements flag
	comparison          *jsonmatch.Comparison
}

func parseEqualToJSON(op operation) (Pattern, error) {
	p := &equalToJSON{
		operand:             op.operand,
		ignoreArrayOrder:    op.flag("ignoreArrayOrder"),
		ignoreExtraElements: op.flag("ignoreExtraElements"),
	}
	doc := op.operand
	if s, ok := op.operand.(string); ok {
		var err error
		if doc, err = jsondoc.DecodeString(s); err != nil {
			return nil, err
		}
	}
	p.expected = jsondoc.Pretty(doc)
	p.comparison = jsonmatch.New(doc, jsonmatch.Options{
		IgnoreArrayOrder:    p.ignoreArrayOrder.on,
		IgnoreExtraElements: p.ignoreExtraElements.on,
	})
	return p, nil
}

func (p *equalToJSON) Exact(v Value) bool {
	if !v.Present {
		return false
	}
	doc, err := v.json()
	return err == nil && p.comparison.Equal(doc)
}

func (p *equalToJSON) Match(v Value) Result {
	if !v.Present {
		return Result{Distance: 1}
	}
	doc, err := v.json()
	if err != nil {
		return Result{Distance: 1}
	}
	return Result{p.comparison.Equal(doc), p.comparison.Distance(doc)}
}

func (p *equalToJSON) Name() string     { return "equalToJson" }
func (p *equalToJSON) Expected() string { return p.expected }

func (p *equalToJSON) MarshalJSON() ([]byte, error) {
	return new(printer).value("equalToJson", p.operand).
		flag("ignoreArrayOrder", p.ignoreArrayOrder).
		flag("ignoreExtraElements", p.ignoreExtraElements).bytes()
}

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

// expression reads the operand of matchesJsonPath and matchesXPath: an expression alone, or with a submatcher.
func (op operation) expression() (expr string, sub Pattern, err error) {
	if s, ok := op.operand.(string); ok {
		return s, nil, nil
	}
	o, _ := op.operand.(*jsondoc.Object)
	if o == nil {
		return "", nil, newError(op.ptr, "expression is required in the advanced "+op.name+" form")
	}
	v, ok := o.Get("expression")
	if !ok {
		return "", nil, newError(op.ptr, "expression is required in the advanced "+op.name+" form")
	}
	if sub, err = ParseValue(o, op.ptr, StringValue); err != nil {
		return "", nil, err
	}
	if expr, ok = v.(string); !ok {
		return "", nil, op.nullError()
	}
	return expr, sub, nil
}

var (
	errXML  = errors.New("it's not JSON but probably XML")
	errNull = errors.New("json can not be null")
)

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

func (p *matchesJSONPath) Name() string        { return "matchesJsonPath" }
func (p *matchesJSONPath) Expected() string    { return p.path.String() }
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

// marshalExpression prints an expression and, within the same object, its submatcher.
func marshalExpression(name, expr string, sub Pattern) (*printer, error) {
	w := new(printer)
	if sub == nil {
		return w.text(name, expr), nil
	}
	inner, err := sub.MarshalJSON()
	if err != nil {
		return nil, err
	}
	w.key(name)
	w.buf = append(w.buf, `{"expression":`...)
	w.buf = append(jsondoc.AppendString(w.buf, expr), ',')
	w.buf = append(w.buf, inner[1:]...)
	return w, nil
}

type matchesJSONSchema struct {
	text       string
	version    jsonschema.Version
	schema     *jsonschema.Schema // nil if the schema is none: matches nothing
	properties int
}

func parseJSONSchema(op operation) (Pattern, error) {
	p := &matchesJSONSchema{version: jsonschema.V202012}
	if v, ok := op.asText("schemaVersion"); ok {
		version, known := jsonschema.ParseVersion(v)
		if !known {
			return nil, newError(op.ptr, `schemaVersion must be one of [ "V4", "V6", "V7", "V201909", "V202012" ]`)
		}
		p.version = version
	}
	text, ok := op.operand.(string)
	if !ok {
		text = jsondoc.Pretty(op.operand)
	}
	doc, err := jsondoc.DecodeString(text)
	if err != nil {
		return nil, err
	}
	p.text = text
	if schema, err := jsonschema.Compile(doc, p.version); err == nil {
		p.schema, p.properties = schema, propertyCount(doc)
	}
	return p, nil
}

// propertyCount is what WireMock divides the number of complaints by.
func propertyCount(schema any) int {
	o, ok := schema.(*jsondoc.Object)
	if !ok {
		return 0
	}
	v, _ := o.Get("properties")
	properties, ok := v.(*jsondoc.Object)
	if !ok {
		return 0
	}
	n := 0
	for _, m := range properties.Members() {
		n += 1 + propertyCount(m.Value)
	}
	return n
}

func (p *matchesJSONSchema) Exact(v Value) bool {
	return p.complaints(v) == 0
}

// complaints counts what is wrong with a value: -1 if that cannot be said.
func (p *matchesJSONSchema) complaints(v Value) int {
	if !v.Present || p.schema == nil {
		return -1
	}
	doc, err := v.json()
	if err != nil {
		doc = v.Text
	}
	n := p.schema.Complaints(doc)
	if n == 0 {
		return 0
	}
	switch doc.(type) {
	case string, []any, *jsondoc.Object:
		return n
	}
	return p.schema.Complaints(v.Text) // a number or the like may be meant as a string
}

func (p *matchesJSONSchema) Match(v Value) Result {
	n := p.complaints(v)
	switch {
	case n == 0:
		return Result{Exact: true}
	case n < 0 || p.properties == 0:
		return Result{Distance: 1}
	}
	return Result{Distance: math.Abs(float64(n) / float64(p.properties))}
}

func (p *matchesJSONSchema) Name() string     { return "matchesJsonSchema" }
func (p *matchesJSONSchema) Expected() string { return prettyOr(p.text) }

func (p *matchesJSONSchema) MarshalJSON() ([]byte, error) {
	return new(printer).text(p.Name(), p.text).text("schemaVersion", p.version.String()).bytes()
}
