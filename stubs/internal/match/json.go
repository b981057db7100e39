package match

import (
	"github.com/envd-dev/envd/stubs/internal/jsondoc"
	"github.com/envd-dev/envd/stubs/internal/jsonmatch"
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
