package match

import (
	"encoding/json"
	"strings"

	"github.com/envd-dev/envd/stubs/internal/jsondoc"
)

// ParseMulti reads a pattern of a multi-valued field. The error is an *Error.
func ParseMulti(raw json.RawMessage, ptr string) (MultiPattern, error) {
	v, err := jsondoc.Decode(raw)
	if err != nil {
		return nil, newError(ptr, err.Error())
	}
	return ParseMultiValue(v, ptr)
}

// ParseMultiValue is [ParseMulti] for a decoded pattern.
func ParseMultiValue(v any, ptr string) (MultiPattern, error) {
	o, ok := v.(*jsondoc.Object)
	if ok && o.Len() == 0 {
		return nil, newError(ptr, "null is not a valid match operation")
	}
	if ok {
		if _, ok := o.Get("hasExactly"); ok {
			return parseMultiple(o, "hasExactly", "ExactMatchMultiValuePattern", ptr)
		}
		if _, ok := o.Get("includes"); ok {
			return parseMultiple(o, "includes", "IncludesMatchMultiValuePattern", ptr)
		}
	}
	p, err := ParseValue(v, ptr, StringValue)
	if err != nil {
		return nil, err
	}
	return &single{p}, nil
}

// Single matches if any of the values does.
func Single(p Pattern) MultiPattern { return &single{p} }

type single struct{ Pattern }

func (s *single) MatchAll(values []string) Result {
	if len(values) == 0 {
		return s.Match(Absent())
	}
	return nearest(s.Pattern, values)
}

func (s *single) ExactAll(values []string) bool {
	switch len(values) {
	case 0:
		return s.Exact(Absent())
	case 1:
		return s.Exact(Text(values[0]))
	}
	return nearestExact(s.Pattern, values)
}

func (s *single) Operator() string { return "" }

// nearest is the result of the value with the least distance, which need not be one that matches.
func nearest(p Pattern, values []string) Result {
	best := p.Match(Text(values[0]))
	for _, value := range values[1:] {
		if r := p.Match(Text(value)); closer(r.Distance, best.Distance) {
			best = r
		}
	}
	return best
}

// nearestExact is nearest(…).Exact without computing distances where they do not count.
func nearestExact(p Pattern, values []string) bool {
	if !exactMeansZero(p) {
		return nearest(p, values).Exact
	}
	for _, value := range values {
		if p.Exact(Text(value)) {
			return true
		}
	}
	return false
}

// exactMeansZero reports whether p's distance is 0 exactly where it matches, for texts that are not empty.
func exactMeansZero(p Pattern) bool {
	switch t := p.(type) {
	case *contains, *regex, *not, absent, anything:
		return true
	case *equalTo:
		return !t.caseInsensitive.on && t.expected != ""
	case *pathTemplate:
		return true
	}
	return false
}

type multiple struct {
	operator string
	patterns []Pattern
	null     bool // the list was null
}

func parseMultiple(o *jsondoc.Object, operator, class, ptr string) (MultiPattern, error) {
	for _, m := range o.Members() {
		if m.Name != operator {
			return nil, newError(ptr+"/"+m.Name, `Unrecognized field "`+m.Name+`" (class com.github.tomakehurst.wiremock.matching.`+class+`), not marked as ignorable`)
		}
	}
	ptr += "/" + operator
	v, _ := o.Get(operator)
	list, ok := v.([]any)
	if !ok && v != nil {
		return nil, newError(ptr, "Cannot deserialize value of type `java.util.ArrayList<com.github.tomakehurst.wiremock.matching.StringValuePattern>` from "+tokenOf(v))
	}
	patterns, err := parseList(list, ptr)
	if err != nil {
		return nil, err
	}
	return &multiple{operator, patterns, v == nil}, nil
}

// tokenOf names a value as Jackson does in its complaints.
func tokenOf(v any) string {
	switch t := v.(type) {
	case string:
		return "String value (token `JsonToken.VALUE_STRING`)"
	case bool:
		if t {
			return "Boolean value (token `JsonToken.VALUE_TRUE`)"
		}
		return "Boolean value (token `JsonToken.VALUE_FALSE`)"
	case jsondoc.Number:
		if t.Integer() {
			return "Integer value (token `JsonToken.VALUE_NUMBER_INT`)"
		}
		return "Floating-point value (token `JsonToken.VALUE_NUMBER_FLOAT`)"
	case []any:
		return "Array value (token `JsonToken.START_ARRAY`)"
	}
	return "Object value (token `JsonToken.START_OBJECT`)"
}

func (m *multiple) MatchAll(values []string) Result {
	if len(values) == 0 {
		return Result{Distance: 1}
	}
	results := make([]Result, len(m.patterns))
	for i, p := range m.patterns {
		results[i] = nearest(p, values)
	}
	all := aggregate(results)
	if m.operator == "includes" {
		return all
	}
	return aggregate([]Result{exactly(len(m.patterns) == len(values)), all})
}

func (m *multiple) ExactAll(values []string) bool {
	if len(values) == 0 || m.operator == "hasExactly" && len(m.patterns) != len(values) {
		return false
	}
	for _, p := range m.patterns {
		if !nearestExact(p, values) {
			return false
		}
	}
	return true
}

func (m *multiple) Name() string {
	texts := make([]string, len(m.patterns))
	for i, p := range m.patterns {
		texts[i] = p.Name() + " " + p.Expected()
	}
	return strings.Join(texts, " AND ")
}

func (m *multiple) Expected() string { return "" }

func (m *multiple) Operator() string {
	if m.operator == "includes" {
		return " including "
	}
	return " exactly "
}

func (m *multiple) MarshalJSON() ([]byte, error) {
	if m.null {
		return []byte("{}"), nil
	}
	return marshalList(m.operator, m.patterns)
}
