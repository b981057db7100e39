package match

import (
	"math"

	"github.com/envd-dev/envd/stubs/internal/jsondoc"
	"github.com/envd-dev/envd/stubs/internal/jsonschema"
)

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

func (p *matchesJSONSchema) Name() string { return "matchesJsonSchema" }

func (p *matchesJSONSchema) Expected() string { return prettyOr(p.text) }

func (p *matchesJSONSchema) MarshalJSON() ([]byte, error) {
	return new(printer).text(p.Name(), p.text).text("schemaVersion", p.version.String()).bytes()
}
