package difftest

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

func (g *Generator) key() string { return pick(g, "a", "b", "c", "id", "name", "my key") }

func (g *Generator) scalar() any {
	return pick[any](g, nil, true, false, json.Number("0"), json.Number("1"), json.Number("1.0"), json.Number("-2.50"),
		json.Number("1e3"), json.Number("12345678901234567890"), "", "a", "abc", "1", "x y", "é")
}

// document is a JSON value nested up to depth.
func (g *Generator) document(depth int) any {
	if depth == 0 || g.sometimes(4) {
		return g.scalar()
	}
	if g.sometimes(3) {
		list := []any{}
		for range g.IntN(4) {
			list = append(list, g.document(depth-1))
		}
		return list
	}
	o := map[string]any{}
	for range g.IntN(4) {
		o[g.key()] = g.document(depth - 1)
	}
	return o
}

// changed is a document with one thing different.
func (g *Generator) changed(v any) any {
	switch t := v.(type) {
	case map[string]any:
		o := maps.Clone(t)
		keys := slices.Sorted(maps.Keys(o))
		switch {
		case len(keys) == 0 || g.sometimes(4):
			o[g.key()] = g.scalar()
		case g.sometimes(4):
			delete(o, pick(g, keys...))
		default:
			k := pick(g, keys...)
			o[k] = g.changed(o[k])
		}
		return o
	case []any:
		list := slices.Clone(t)
		switch {
		case len(list) == 0 || g.sometimes(4):
			return append(list, g.scalar())
		case g.sometimes(3):
			g.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		case g.sometimes(4):
			return list[1:]
		default:
			i := g.IntN(len(list))
			list[i] = g.changed(list[i])
		}
		return list
	}
	return g.scalar()
}

// withPlaceholders is a document in which some values are placeholders of json-unit.
func (g *Generator) withPlaceholders(v any) any {
	switch t := v.(type) {
	case map[string]any:
		o := map[string]any{}
		for _, k := range slices.Sorted(maps.Keys(t)) {
			o[k] = g.withPlaceholders(t[k])
		}
		return o
	case []any:
		list := []any{}
		for _, e := range t {
			list = append(list, g.withPlaceholders(e))
		}
		return list
	}
	if g.sometimes(2) {
		return pick(g, "${json-unit.ignore}", "#{json-unit.ignore}", "${json-unit.ignore-element}", "${json-unit.any-string}",
			"${json-unit.any-number}", "${json-unit.any-boolean}", "${json-unit.regex}[a-z]+", "#{json-unit.regex}\\d+", "${json-unit.nope}")
	}
	return v
}

func (g *Generator) equalToJSON(int) pattern {
	doc := g.document(3)
	expected := doc
	if g.sometimes(4) {
		expected = g.withPlaceholders(doc)
	}
	var operand any = expected
	if g.sometimes(2) {
		operand = marshal(expected)
		if g.sometimes(6) {
			operand = strings.ReplaceAll(marshal(expected), `"`, "'")
		}
	}
	p := map[string]any{"equalToJson": operand}
	if g.sometimes(2) {
		p["ignoreArrayOrder"] = pick[any](g, true, true, false, "true")
	}
	if g.sometimes(2) {
		p["ignoreExtraElements"] = pick[any](g, true, true, false)
	}
	values := []string{marshal(doc), " " + marshal(doc) + " "}
	for range 5 {
		doc = g.changed(doc)
		values = append(values, marshal(doc))
	}
	return pattern{p, append(values, marshal(doc)+" x", "{", "")}
}

var paths = []string{
	"$", "$.a", "$.b", "$.a.b", "$['a']", "$['my key']", "$.a[0]", "$.a[-1]", "$.a[*]", "$.a[0,1]", "$.a[1:]", "$.a[:2]", "$.a[0:1]",
	"$..a", "$..*", "$.*", "$..a[0]", "$..[0]", "$['a','b']", "$..['a','b']", "$.a.length()", "$.length()", "$.a.size()", "$.a.sum()",
	"$.a.min()", "$.a.max()", "$.a.avg()", "$..a.length()", "$.keys()", "$.a.first()", "$.a.last()", "$.a.concat('x')", "$.a.stddev()",
	"$[?(@.a)]", "$[?(@.a == 1)]", "$[?(@.a == '1')]", "$[?(@.a != 1)]", "$[?(@.a > 0)]", "$[?(@.a >= 1.0)]", "$[?(@.a < 'b')]",
	"$[?(!@.a)]", "$[?(@.a && @.b)]", "$[?(@.a || @.b)]", "$[?(!(@.a == 1))]", "$[?(@.a =~ /a.*/)]", "$[?(@.a =~ /A.*/i)]", "$[?(/abc/ =~ @.a)]",
	"$[?(@.a in [1, 'a', null])]", "$[?(@.a nin [1, 'a'])]", "$[?(@.a subsetof [1, 'a', 'abc'])]", "$[?(@.a anyof [1, 'a'])]",
	"$[?(@.a noneof [1, 'a'])]", "$[?(@.a contains 'a')]", "$[?(@.a size 1)]", "$[?(@.a empty true)]", "$[?(@.a empty false)]",
	"$[?(@.a === 1)]", "$[?(@.a !== '1')]", "$.a[?(@ > 0)]", "$.a[?(@.b)]", "$..[?(@.a)]", "$..[?(@.a == 1)].b", "$.a[?(@.id == $.id)]",
	"$[?(@.a == [1])]", "$[?(@.a == null)]", "$[?(@.a == true)]", "$[?(@.length() > 1)]", "$[?(@.a.b == 'x')]", "$[?(@['my key'] == 1)]",
	"a", "a.b", "$.a[", "$[?(@.a ==)]", "$.a.nope()", "$.sum($.a)", "$.sum($..a)", "$.concat($.a, $.b)", "$.a[?(@.a == 'x' || (@.b == 1 && @.c))]",
	"$.a..b", "$..a..b", "$.a[*].b", "$.*.a", "$[*]", "$[0]", "$.a.append(1)", "$.length($.a)", "@.a", "$.a[?(@.b > $.c)]",
}

func (g *Generator) jsonPath(depth int) pattern {
	expr := pick(g, paths...)
	var values []string
	for range 5 {
		doc := g.document(3)
		if g.sometimes(2) {
			doc = map[string]any{"a": doc, "b": g.scalar(), "id": g.scalar()}
		}
		values = append(values, marshal(doc))
	}
	values = append(values, "plain text", "<a/>", "{a: 1, 'b': [x y, 2,],}", "")
	if g.sometimes(2) {
		return pattern{map[string]any{"matchesJsonPath": expr}, values}
	}
	sub := g.text(0)
	switch {
	case g.sometimes(3):
		sub = g.equalToJSON(0)
	case g.sometimes(3):
		sub = pattern{map[string]any{"equalTo": pick(g, "1", "a", "abc", "true", "1.0", "1000.0", "-2.5", "2", "[]", "{a=1}")}, nil}
	case g.sometimes(4) && depth > 0:
		sub = g.pattern(depth - 1)
	}
	inner := maps.Clone(sub.json)
	inner["expression"] = expr
	return pattern{map[string]any{"matchesJsonPath": inner}, values}
}
