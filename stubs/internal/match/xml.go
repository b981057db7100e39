package match

import (
	"github.com/envd-dev/envd/stubs/internal/jsondoc"
	"github.com/envd-dev/envd/stubs/internal/xmlmatch"
)

type equalToXML struct {
	text               string
	expected           string // indented
	enablePlaceholders flag
	opening, closing   *string
	exempted           []any // nil if not given
	ignoreOrder        flag
	awareness          string // "" if not given
	comparison         *xmlmatch.Comparison
}

func parseEqualToXML(op operation) (Pattern, error) {
	p := &equalToXML{
		enablePlaceholders: op.flag("enablePlaceholders"),
		opening:            op.optionalText("placeholderOpeningDelimiterRegex"),
		closing:            op.optionalText("placeholderClosingDelimiterRegex"),
		ignoreOrder:        op.flag("ignoreOrderOfSameNode"),
	}
	opts := xmlmatch.Options{IgnoreOrderOfSameNode: p.ignoreOrder.on}
	var err error
	if p.exempted, opts.Exempted, err = op.exemptions(); err != nil {
		return nil, err
	}
	if v, ok := op.asText("namespaceAwareness"); ok {
		p.awareness = v
		switch v {
		case "STRICT":
		case "LEGACY":
			opts.Awareness = xmlmatch.Legacy
		case "NONE":
			opts.Awareness = xmlmatch.None
		default:
			return nil, newError(op.ptr, "No enum constant com.github.tomakehurst.wiremock.matching.EqualToXmlPattern.NamespaceAwareness."+v)
		}
	}
	text, ok := op.operand.(string)
	if !ok {
		return nil, op.nullError()
	}
	p.text, p.expected = text, xmlmatch.Layout(text)
	if _, err := xmlmatch.New(text, opts); err != nil { // before the placeholders, as WireMock does
		return nil, err
	}
	if p.enablePlaceholders.on {
		if opts.Placeholders, err = xmlmatch.NewPlaceholders(deref(p.opening), deref(p.closing)); err != nil {
			return nil, err
		}
	}
	p.comparison, err = xmlmatch.New(text, opts)
	return p, err
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func (op operation) optionalText(name string) *string {
	if s, ok := op.asText(name); ok {
		return &s
	}
	return nil
}

// exemptions reads exemptedComparisons, which is ignored if it is no list.
func (op operation) exemptions() (list []any, names []string, err error) {
	v, _ := op.find("exemptedComparisons")
	given, ok := v.([]any)
	if !ok {
		return nil, nil, nil
	}
	list = []any{}
	for _, e := range given {
		name, ok := e.(string)
		if !ok {
			return nil, nil, newError(op.ptr, "Name is null")
		}
		if !xmlmatch.KnownComparison(name) {
			return nil, nil, newError(op.ptr, "No enum constant wiremock.org.xmlunit.diff.ComparisonType."+name)
		}
		list, names = append(list, name), append(names, name)
	}
	return list, names, nil
}

func (p *equalToXML) Exact(v Value) bool {
	return v.Text != "" && p.comparison.Equal(v.Text)
}

func (p *equalToXML) Match(v Value) Result {
	if v.Text == "" {
		return Result{Distance: 1}
	}
	return Result{p.comparison.Equal(v.Text), p.comparison.Distance(v.Text)}
}

func (p *equalToXML) Name() string     { return "equalToXml" }
func (p *equalToXML) Expected() string { return p.expected }

func (p *equalToXML) MarshalJSON() ([]byte, error) {
	w := new(printer).text(p.Name(), p.text).
		flag("enablePlaceholders", p.enablePlaceholders).
		optional("placeholderOpeningDelimiterRegex", deref(p.opening), p.opening != nil).
		optional("placeholderClosingDelimiterRegex", deref(p.closing), p.closing != nil)
	if p.exempted != nil {
		w.value("exemptedComparisons", p.exempted)
	}
	return w.flag("ignoreOrderOfSameNode", p.ignoreOrder).
		optional("namespaceAwareness", p.awareness, p.awareness != "").bytes()
}

type matchesXPath struct {
	expr       string
	path       *xmlmatch.XPath // nil if the expression is broken: WireMock stores it, and it never matches
	sub        Pattern         // nil in the short form
	namespaces *jsondoc.Object // nil if not given
}

func parseXPath(op operation) (Pattern, error) {
	p := &matchesXPath{}
	prefixes := map[string]string{}
	if v, ok := op.find("xPathNamespaces"); ok {
		if o, ok := v.(*jsondoc.Object); ok && o.Len() > 0 {
			p.namespaces = o
			for _, m := range o.Members() {
				uri, _ := m.Value.(string)
				prefixes[m.Name] = uri
			}
		}
	}
	var err error
	if p.expr, p.sub, err = op.expression(); err != nil {
		return nil, err
	}
	if path, err := xmlmatch.CompileXPath(p.expr, prefixes); err == nil {
		p.path = path
	}
	return p, nil
}

// find evaluates the expression; nil where it finds nothing or the value is no XML.
func (p *matchesXPath) find(v Value) any {
	if !v.Present || p.path == nil || !looksLikeXML(v.Text) {
		return nil
	}
	doc, err := v.document(p.path.Namespaces())
	if err != nil {
		return nil
	}
	result, err := p.path.Find(doc)
	if err != nil {
		return nil
	}
	return result
}

// texts are what the expression finds; none where WireMock fails to print it.
func (p *matchesXPath) texts(v Value) []string {
	result := p.find(v)
	if result == nil || p.undeclared(result) != "" {
		return nil
	}
	return xmlmatch.Texts(result)
}

// undeclared is a prefix that the nodes found cannot be printed with, "" if there is none.
func (p *matchesXPath) undeclared(result any) string {
	nodes, _ := result.([]*xmlmatch.Node)
	if p.path.Namespaces() {
		return ""
	}
	for _, n := range nodes {
		if prefix := n.Undeclared(); prefix != "" {
			return prefix
		}
	}
	return ""
}

func (p *matchesXPath) Exact(v Value) bool {
	if p.sub == nil {
		result := p.find(v)
		nodes, ok := result.([]*xmlmatch.Node)
		return len(nodes) > 0 || !ok && result != nil
	}
	texts := p.texts(v)
	if len(texts) == 0 {
		return false
	}
	if len(texts) == 1 {
		return p.sub.Exact(Text(texts[0]))
	}
	return nearestExact(p.sub, texts)
}

func (p *matchesXPath) Match(v Value) Result {
	if p.sub == nil {
		return exactly(p.Exact(v))
	}
	texts := p.texts(v)
	if len(texts) == 0 {
		return Result{Distance: 1}
	}
	return nearest(p.sub, texts)
}

func (p *matchesXPath) Name() string              { return "matchesXPath" }
func (p *matchesXPath) Expected() string          { return p.expr }
func (p *matchesXPath) Submatcher() Pattern       { return p.sub }
func (p *matchesXPath) Findings(v Value) []string { return p.texts(v) }

func (p *matchesXPath) MarshalJSON() ([]byte, error) {
	w, err := marshalExpression(p.Name(), p.expr, p.sub)
	if err != nil {
		return nil, err
	}
	if p.namespaces != nil {
		w.value("xPathNamespaces", p.namespaces)
	}
	return w.bytes()
}
