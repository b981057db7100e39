package match

import (
	"encoding/json"
	"errors"
	"strings"

	"github.com/envd-dev/envd/stubs/internal/jsondoc"
)

// Parse reads a pattern such as {"equalTo":"x"}; ptr is the JSON pointer of raw in its mapping. The error is an *Error.
func Parse(raw json.RawMessage, ptr string, kind Kind) (Pattern, error) {
	v, err := jsondoc.Decode(raw)
	if err != nil {
		return nil, newError(ptr, err.Error())
	}
	return ParseValue(v, ptr, kind)
}

// ParseValue is [Parse] for a decoded pattern.
func ParseValue(v any, ptr string, kind Kind) (Pattern, error) {
	o, ok := v.(*jsondoc.Object)
	if !ok {
		return nil, newError(ptr, jsondoc.Compact(v)+" is not a valid match operation")
	}
	if kind == Content {
		if _, ok := o.Get("binaryEqualTo"); ok {
			return parseBinary(o, ptr)
		}
	}
	for _, m := range o.Members() {
		if parse := parserOf(m.Name); parse != nil {
			p, err := parse(operation{o, m.Name, m.Value, ptr})
			if e := (*Error)(nil); err != nil && !errors.As(err, &e) {
				err = newError(ptr, err.Error())
			}
			if err != nil {
				return nil, err
			}
			return p, nil
		}
	}
	return nil, newError(ptr, jsondoc.Compact(v)+" is not a valid match operation")
}

// operation is a pattern to be parsed: its object, the operator that was found first in it, and the operand.
type operation struct {
	object  *jsondoc.Object
	name    string
	operand any
	ptr     string
}

func parserOf(operator string) func(operation) (Pattern, error) {
	switch operator {
	case "equalTo":
		return parseEqualTo
	case "contains", "doesNotContain":
		return parseContains
	case "matches", "doesNotMatch":
		return parseRegex
	case "absent":
		return func(operation) (Pattern, error) { return absent{}, nil }
	case "anything":
		return parseAnything
	case "matchesPathTemplate":
		return parsePathTemplate
	case "and", "or":
		return parseLogical
	case "not":
		return parseNot
	case "equalToJson":
		return parseEqualToJSON
	case "matchesJsonPath":
		return parseJSONPath
	case "matchesJsonSchema":
		return parseJSONSchema
	case "equalToXml":
		return parseEqualToXML
	case "matchesXPath":
		return parseXPath
	case "before", "after", "equalToDateTime":
		return parseDateTime
	}
	return nil
}

// text is the operand as a string.
func (op operation) text() (string, error) {
	s, ok := op.operand.(string)
	if !ok {
		return "", newError(op.ptr, op.name+" operand must be a non-null string")
	}
	return s, nil
}

// nullError is WireMock's complaint where a missing operand gets as far as the matcher.
func (op operation) nullError() error {
	return newError(op.ptr, "'"+op.name+"' expected value cannot be null")
}

// find looks a parameter up the way of Jackson's findValue: beside the operator, then anywhere below.
func (op operation) find(name string) (any, bool) { return find(op.object, name) }

func find(v any, name string) (any, bool) {
	switch t := v.(type) {
	case *jsondoc.Object:
		if found, ok := t.Get(name); ok {
			return found, true
		}
		for _, m := range t.Members() {
			if found, ok := find(m.Value, name); ok {
				return found, true
			}
		}
	case []any:
		for _, e := range t {
			if found, ok := find(e, name); ok {
				return found, true
			}
		}
	}
	return nil, false
}

// flag is a Boolean parameter; known says that it was given.
type flag struct{ known, on bool }

// flag reads a parameter with Jackson's asBoolean.
func (op operation) flag(name string) flag {
	v, ok := op.find(name)
	if !ok {
		return flag{}
	}
	on := false
	switch t := v.(type) {
	case bool:
		on = t
	case string:
		on = strings.TrimSpace(t) == "true"
	case jsondoc.Number:
		on = t.Integer() && t.Compare("0") != 0
	}
	return flag{true, on}
}

// asText reads a parameter with Jackson's asText.
func (op operation) asText(name string) (string, bool) {
	v, ok := op.find(name)
	if !ok {
		return "", false
	}
	switch t := v.(type) {
	case string:
		return t, true
	case *jsondoc.Object, []any:
		return "", true
	}
	return jsondoc.Compact(v), true
}

// printer builds a pattern's JSON.
type printer struct{ buf []byte }

func (p *printer) key(name string) *printer {
	if p.buf == nil {
		p.buf = append(p.buf, '{')
	} else {
		p.buf = append(p.buf, ',')
	}
	p.buf = append(jsondoc.AppendString(p.buf, name), ':')
	return p
}

func (p *printer) text(name, value string) *printer {
	p.key(name)
	p.buf = jsondoc.AppendString(p.buf, value)
	return p
}

func (p *printer) optional(name, value string, present bool) *printer {
	if present {
		p.text(name, value)
	}
	return p
}

func (p *printer) flag(name string, f flag) *printer {
	if f.known {
		p.value(name, f.on)
	}
	return p
}

func (p *printer) value(name string, v any) *printer {
	p.key(name)
	p.buf = jsondoc.AppendCompact(p.buf, v)
	return p
}

func (p *printer) pattern(name string, sub json.Marshaler) (*printer, error) {
	b, err := sub.MarshalJSON()
	if err != nil {
		return nil, err
	}
	p.key(name)
	p.buf = append(p.buf, b...)
	return p, nil
}

func (p *printer) bytes() ([]byte, error) { return append(p.buf, '}'), nil }
