package difftest

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

// element is an XML element in the making.
type element struct {
	name       string
	attributes [][2]string
	children   []any // *element or string
}

func (g *Generator) element(depth int) *element {
	e := &element{name: pick(g, "a", "b", "c", "item", "n:a", "n:b")}
	if g.sometimes(60) {
		e.name = pick(g, "m:a", "a:", "n:1", "_a", "a-b", "a.b", "é")
	}
	for _, name := range []string{"id", "x", "n:y"} {
		if g.sometimes(30) {
			name = pick(g, "m:y", "x:", "n:1", "xml:lang", "_x")
		}
		if g.sometimes(5) {
			e.attributes = append(e.attributes, [2]string{name, g.xmlText()})
		}
	}
	if depth == 0 || g.sometimes(4) {
		if g.sometimes(2) {
			e.children = append(e.children, g.xmlText())
		}
		return e
	}
	for range g.IntN(4) {
		e.children = append(e.children, g.element(depth-1))
		if g.sometimes(12) {
			e.children = append(e.children, g.xmlText())
		}
	}
	return e
}

func (g *Generator) xmlText() string {
	return pick(g, "1", "2", "x", " x ", "a b", "12.5", "2020-01-02", "é", "&lt;", "<![CDATA[x]]>", "<![CDATA[]]>", "<!--c-->x")
}

func (e *element) write(b *strings.Builder, root bool, indent string) {
	b.WriteString("<" + e.name)
	if root {
		b.WriteString(` xmlns:n="urn:n"`)
	}
	for _, a := range e.attributes {
		if !strings.ContainsAny(a[1], "<") {
			b.WriteString(" " + a[0] + `="` + a[1] + `"`)
		}
	}
	if len(e.children) == 0 {
		b.WriteString("/>")
		return
	}
	b.WriteString(">")
	for _, c := range e.children {
		b.WriteString(indent)
		switch t := c.(type) {
		case string:
			b.WriteString(t)
		case *element:
			t.write(b, false, indent)
		}
	}
	b.WriteString(indent + "</" + e.name + ">")
}

func (e *element) text(indent string) string {
	var b strings.Builder
	e.write(&b, true, indent)
	return b.String()
}

func (e *element) clone() *element {
	c := &element{name: e.name, attributes: append([][2]string(nil), e.attributes...)}
	for _, child := range e.children {
		if sub, ok := child.(*element); ok {
			child = sub.clone()
		}
		c.children = append(c.children, child)
	}
	return c
}

// mutated is the element with one thing different.
func (g *Generator) mutated(e *element) *element {
	e = e.clone()
	target := e
	for {
		var subs []*element
		for _, c := range target.children {
			if sub, ok := c.(*element); ok {
				subs = append(subs, sub)
			}
		}
		if len(subs) == 0 || g.sometimes(3) {
			break
		}
		target = pick(g, subs...)
	}
	switch g.IntN(6) {
	case 0:
		target.name = pick(g, "a", "b", "n:a")
	case 1:
		target.attributes = [][2]string{{"id", pick(g, "1", "2")}}
	case 2:
		target.attributes = nil
	case 3:
		target.children = append(target.children, g.element(0))
	case 4:
		g.Shuffle(len(target.children), func(i, j int) {
			target.children[i], target.children[j] = target.children[j], target.children[i]
		})
	case 5:
		target.children = []any{g.xmlText()}
	}
	return e
}

func (g *Generator) equalToXML(int) pattern {
	doc := g.element(2)
	expected := doc.text("")
	p := map[string]any{}
	if g.sometimes(3) {
		p["enablePlaceholders"] = pick[any](g, true, true, "true", false)
		hold := pick(g, "${xmlunit.ignore}", "${xmlunit.isNumber}", "${xmlunit.isDateTime}", "${xmlunit.matchesRegex([a-z]+)}", "${xmlunit.nope}")
		expected = strings.NewReplacer(">1<", ">"+hold+"<", ">x<", ">"+hold+"<", `"1"`, `"`+hold+`"`).Replace(expected)
	}
	p["equalToXml"] = expected
	if g.sometimes(4) {
		p["exemptedComparisons"] = []any{pick(g, "NAMESPACE_URI", "ELEMENT_TAG_NAME", "TEXT_VALUE", "CHILD_NODELIST_LENGTH", "CHILD_LOOKUP", "ATTR_VALUE", "ELEMENT_NUM_ATTRIBUTES", "NODE_TYPE", "NAMESPACE_PREFIX", "ATTR_NAME_LOOKUP")}
	}
	if g.sometimes(3) {
		p["ignoreOrderOfSameNode"] = pick[any](g, true, true, false)
	}
	if g.sometimes(3) {
		p["namespaceAwareness"] = pick(g, "STRICT", "LEGACY", "NONE")
	}
	legacy := p["namespaceAwareness"] == "LEGACY"
	if legacy && noQName.MatchString(expected) {
		delete(p, "namespaceAwareness")
	}
	values := []string{doc.text(""), doc.text("\n  "), strings.NewReplacer("xmlns:n", "xmlns:m", "n:", "m:").Replace(doc.text(""))}
	for range 4 {
		doc = g.mutated(doc)
		values = append(values, doc.text(pick(g, "", "\n")))
	}
	if legacy {
		values = slices.DeleteFunc(values, noQName.MatchString)
	}
	return pattern{p, append(values, "<a>", "", "x")}
}

// noQName is a name whose part behind the colon is none, or an attribute like xml:lang. With LEGACY WireMock makes documents
// anew, and fails on them there.
var noQName = regexp.MustCompile(`[a-z]:[0-9>= /]|xml:`)

var xpaths = []string{
	"//a", "/a", "/a/b", "//a/text()", "//@id", "//a[@id]", "//a[@id='1']", "//a[1]", "//b[last()]", "//a[b]", "//*", "/*/*[2]", "count(//a)",
	"count(//b) > 1", "//a = '1'", "string(//a)", "name(/*)", "local-name(//*[1])", "local-name(//*[2])", "name(//*[2])", "//*[local-name()='a']", "//*[name()='n:a']", "//a/..",
	"//a/following-sibling::*", "//b/preceding-sibling::*[1]", "//a | //b", "sum(//a)", "number(//a)", "//a[contains(.,'x')]", "//a[starts-with(@id,'1')]",
	"normalize-space(//a)", "//a[not(@id)]", "//a[position()<2]", "//a/@*", "//comment()", "boolean(//c)", "//a[text()='x']", "concat('a', //b)",
	"substring(//a, 2, 3)", "translate(//a, 'x', 'y')", "string-length(//a)", "floor(1.5)", "1 div 3", "10000 * 12.5", "//n:a", "//n:*", "//a[",
	"foo()", "//item[b and c]", "//a[b or @x]", "//ancestor::*", "//a//b", "(//a)[1]", "//a[2]/b[1]", "true()", "-1", "//a[. = 12.5]", "//a[@n:y]",
	"//text()", "//a[string-length(.) > 1]", "//descendant::b", "/a/child::b", "namespace-uri(/*)", "//a[count(*) = 2]", "//*[@id > 1]", "//processing-instruction()",
}

func (g *Generator) xPath(depth int) pattern {
	expr := pick(g, xpaths...)
	var operand any = expr
	if g.sometimes(2) {
		sub := g.text(0)
		switch {
		case g.sometimes(3):
			sub = pattern{map[string]any{"equalTo": pick(g, "1", "x", "2", "true", "12.5", "0.333", "125,000", "NaN", "<a/>", "\n  x\n")}, nil}
		case g.sometimes(4) && depth > 0:
			sub = g.pattern(depth - 1)
		}
		inner := maps.Clone(sub.json)
		inner["expression"] = expr
		operand = inner
	}
	p := map[string]any{"matchesXPath": operand}
	if g.sometimes(3) {
		p["xPathNamespaces"] = map[string]any{pick(g, "n", "q"): "urn:n"}
	}
	var values []string
	for range 5 {
		values = append(values, g.element(3).text(pick(g, "", "", "\n  ")))
	}
	return pattern{p, append(values, "<a", "{}", " <a/>", "")}
}
