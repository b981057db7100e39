package difftest

import (
	"encoding/json"
	"fmt"
	"strings"
)

var words = []string{"", "a", "abc", "aBc", "Hello World", "x1", "12", "3.14", "true", "null", "a.b", "/a/b", "foo bar", "é", "straße", "a\nb", "[1]", "{\"a\":1}", "<a/>", "2020-01-02"}

func (g *Generator) word() string { return pick(g, words...) }

// pattern is any of the string matchers, with submatchers up to depth.
func (g *Generator) pattern(depth int) pattern {
	makers := []func(int) pattern{g.text, g.equalToJSON, g.equalToJSON, g.jsonPath, g.jsonPath, g.jsonSchema, g.equalToXML, g.equalToXML, g.xPath, g.xPath, g.dateTime}
	if depth > 0 {
		makers = append(makers, g.logical)
	}
	return pick(g, makers...)(depth)
}

// text is a pattern for short texts such as headers.
func (g *Generator) text(depth int) pattern {
	switch g.IntN(14) {
	case 0, 1, 2:
		w := g.word()
		p := map[string]any{"equalTo": w}
		if g.sometimes(2) {
			p["caseInsensitive"] = pick[any](g, true, true, false, "true", 1)
		}
		return pattern{p, []string{w, strings.ToUpper(w), strings.ToLower(w), g.word()}}
	case 3, 4:
		w := g.word()
		return pattern{map[string]any{pick(g, "contains", "doesNotContain"): w}, []string{w, "x" + w + "y", g.word()}}
	case 5, 6, 7:
		return g.regex()
	case 8:
		return pattern{map[string]any{"absent": pick[any](g, true, false)}, []string{g.word()}}
	case 9:
		return pattern{map[string]any{"anything": "anything"}, []string{g.word()}}
	case 10:
		t := pick(g, "/a/{b}", "/a/{b}/c", "/**/x", "{a}", "/a/{b}{c}", "/x-{y}.json")
		return pattern{map[string]any{"matchesPathTemplate": t}, []string{"/a/b", "/a/b/c", "/q/x", "/x-1.json", "/a/", "a"}}
	case 11:
		return g.dateTime(depth)
	case 12:
		if depth > 0 {
			return g.logical(depth)
		}
		return g.regex()
	}
	return g.unfit()
}

// unfit is something that WireMock refuses, or accepts to one's surprise.
func (g *Generator) unfit() pattern {
	name := pick(g, "equalTo", "contains", "matches", "equalToJson", "matchesJsonPath", "equalToXml", "matchesXPath", "before", "and", "not", "nope", "matchesJsonSchema")
	return pattern{map[string]any{name: pick[any](g, 1, true, nil, []any{}, map[string]any{}, "(", "$[", "<a", "{", "//[", "now +1 weeks")}, []string{g.word()}}
}

var regexes = []struct {
	expr   string
	values []string
}{
	{".*", []string{"", "a\nb"}},
	{"a.c", []string{"abc", "a\nc", "ac"}},
	{"[a-z]+", []string{"abc", "aBc", ""}},
	{"(?i)ABC", []string{"abc", "aBc", "ab"}},
	{"\\d{2,3}", []string{"12", "1", "1234"}},
	{"(a|b)*c", []string{"abac", "c", "ab"}},
	{"(?=.*\\d)[a-z0-9]+", []string{"x1", "abc"}},
	{"(?!foo).*", []string{"foo bar", "bar"}},
	{".*(?<=1)", []string{"x1", "x2"}},
	{"a++b", []string{"aab", "b"}},
	{"(\\w)\\1", []string{"aa", "ab"}},
	{"(?<n>x)\\k<n>", []string{"xx", "xy"}},
	{"\\Qa.b\\E", []string{"a.b", "axb"}},
	{"[a-z&&[^b]]+", []string{"ac", "abc"}},
	{"\\p{L}+", []string{"straße", "a1"}},
	{"^abc$", []string{"abc", "abc\n"}},
	{"\\bfoo\\b.*", []string{"foo bar", "foobar"}},
	{"[^/]+", []string{"a.b", "/a/b"}},
	{"\\s*", []string{" \t", "x"}},
	{"a{1,2}?b", []string{"ab", "aab", "aaab"}},
	{"(?s).+", []string{"a\nb", ""}},
	{"\\u0061\\x62", []string{"ab", "a"}},
	{"(?>a*)a", []string{"aaa", "a"}},
	{"[\\w.-]+@[\\w.-]+", []string{"a@b.c", "a b"}},
	{"{a}", []string{"a"}},
	{"*", []string{"a"}},
	{"(a", []string{"a"}},
	{"[b-a]", []string{"a"}},
	{"a{2", []string{"aa"}},
}

func (g *Generator) regex() pattern {
	r := regexes[g.IntN(len(regexes))]
	return pattern{map[string]any{pick(g, "matches", "matches", "doesNotMatch"): r.expr}, append([]string{g.word()}, r.values...)}
}

func (g *Generator) logical(depth int) pattern {
	if g.sometimes(3) {
		p := g.pattern(depth - 1)
		return pattern{map[string]any{"not": p.json}, p.values}
	}
	var operands []any
	var values []string
	for range 2 + g.IntN(2) {
		p := g.text(depth - 1)
		if g.sometimes(4) {
			p = g.pattern(depth - 1)
		}
		operands, values = append(operands, p.json), append(values, p.values...)
	}
	return pattern{map[string]any{pick(g, "and", "or"): operands}, values}
}

func (g *Generator) jsonSchema(int) pattern {
	schema := g.schema(2)
	var operand any = schema
	if g.sometimes(2) {
		operand = marshal(schema)
	}
	p := map[string]any{"matchesJsonSchema": operand}
	if g.sometimes(2) {
		p["schemaVersion"] = pick(g, "V4", "V6", "V7", "V201909", "V202012")
	}
	var values []string
	for range 5 {
		values = append(values, marshal(g.document(2)))
	}
	return pattern{p, append(values, "12", "abc", "")}
}

func (g *Generator) schema(depth int) map[string]any {
	s := map[string]any{}
	switch g.IntN(7) {
	case 0:
		s["type"] = pick(g, "string", "number", "integer", "boolean", "array", "object", "null")
	case 1:
		s["enum"] = []any{g.scalar(), g.scalar()}
	case 2:
		s["type"], s["minLength"], s["maxLength"] = "string", g.IntN(3), 1+g.IntN(4)
	case 3:
		s["minimum"], s["maximum"] = g.IntN(3), 2+g.IntN(4)
	case 4:
		s["pattern"] = pick(g, "^a", "[0-9]+", "b$")
	case 5:
		s["const"] = g.scalar()
	}
	if depth == 0 || g.sometimes(3) {
		return s
	}
	switch g.IntN(6) {
	case 0, 1, 2:
		properties := map[string]any{}
		for range 1 + g.IntN(2) {
			properties[g.key()] = g.schema(depth - 1)
		}
		s = map[string]any{"type": "object", "properties": properties}
		if g.sometimes(2) {
			s["required"] = []any{g.key()}
		}
		if g.sometimes(3) {
			s["additionalProperties"] = false
		}
	case 3:
		s = map[string]any{"type": "array", "items": g.schema(depth - 1)}
		if g.sometimes(2) {
			s["minItems"], s["uniqueItems"] = g.IntN(3), true
		}
	case 4:
		s = map[string]any{pick(g, "anyOf", "allOf", "oneOf"): []any{g.schema(depth - 1), g.schema(depth - 1)}}
	case 5:
		s = map[string]any{"not": g.schema(depth - 1)}
	}
	return s
}

func marshal(v any) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Sprint(v)
	}
	return strings.TrimSpace(b.String())
}
