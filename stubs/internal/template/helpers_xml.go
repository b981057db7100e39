package template

import (
	"fmt"

	"github.com/antchfx/xpath"
)

// domNode is a node that XPath found.
type domNode struct{ node *xmlNode }

func (d *domNode) class() string { return wiremockPackage + "common.xml.XmlDomNode" }

func (d *domNode) get(name string) (any, bool) {
	switch name {
	case "name":
		switch d.node.kind {
		case xmlText:
			return "#text", true
		case xmlRoot:
			return "#document", true
		case xmlCDATA:
			return "#cdata-section", true
		case xmlComment:
			return "#comment", true
		}
		return d.node.name, true
	case "text":
		if d.node.kind == xmlRoot {
			return nil, true
		}
		return d.node.content(), true
	case "attributes":
		m := newMap(hashMap, len(d.node.attributes))
		for _, a := range d.node.attributes {
			m.put(a.name, a.data)
		}
		m.order()
		return m, true
	}
	return nil, false
}

func (d *domNode) properties() []entry {
	text, _ := d.text()
	return append(beanProperties(d, []string{"name", "attributes", "text"}), entry{"toString", text})
}

func (d *domNode) jsonProperties() []entry { return named(d, []string{"attributes", "name", "text"}) }

func (d *domNode) text() (string, error) {
	switch d.node.kind {
	case xmlAttribute, xmlText:
		return d.node.data, nil
	case xmlElement, xmlRoot:
		return printXML(d.node, true), nil
	case xmlInstruction:
		return "[" + d.node.name + ": " + d.node.data + "]", nil
	}
	name, _ := d.get("name")
	return "[" + toString(name) + ": " + d.node.data + "]", nil
}

// primitiveNode is a number, string or truth that XPath computed.
type primitiveNode struct{ value any }

func (p *primitiveNode) class() string { return wiremockPackage + "common.xml.XmlPrimitiveNode" }

func (p *primitiveNode) get(name string) (any, bool) {
	if name == "attributes" {
		return newMap(hashMap, 0), true
	}
	return nil, false
}

func (p *primitiveNode) properties() []entry {
	text, _ := p.text()
	return append(beanProperties(p, []string{"attributes"}), entry{"toString", text})
}

func (p *primitiveNode) jsonProperties() []entry { return p.properties()[:1] }

func (p *primitiveNode) text() (string, error) {
	if _, ok := doubleValue(p.value); !ok {
		return toString(p.value), nil
	}
	f, err := parseDecimalFormat("#,##0.###", plainSymbols)
	if err != nil {
		return "", err
	}
	return f.format(p.value)
}

// xmlDocument reads text; a model reads each text once.
func (m *Model) xmlDocument(text string) (*xmlNode, error) {
	key := "\x00xml" + text
	d, ok := m.docs[key]
	if !ok {
		d.value, d.err = parseXML(text)
		if m.docs == nil {
			m.docs = map[string]document{}
		}
		m.docs[key] = d
	}
	root, _ := d.value.(*xmlNode)
	return root, d.err
}

// xpathHelper evaluates prefix + expression over the text of the context.
func xpathHelper(prefix string) helper {
	return func(o *options) (any, error) {
		text, err := render2String(o.context)
		if err != nil {
			return nil, err
		}
		expr, ok, err := asString(o.param(0))
		if err != nil {
			return nil, err
		}
		if !ok {
			return mistake("The XPath expression cannot be empty"), nil
		}
		doc, err := o.r.model.xmlDocument(text)
		if err != nil {
			return mistake(text + " is not valid XML"), nil
		}
		nodes, err := evaluateXPath(doc, prefix+expr)
		if err != nil {
			return mistake(expr + " is not a valid XPath expression"), nil
		}
		if len(nodes) == 0 {
			return "", nil
		}
		return &List{kind: listOrSingle, items: nodes}, nil
	}
}

func evaluateXPath(doc *xmlNode, expr string) (nodes []any, err error) {
	defer func() { // the library panics on some expressions that it has accepted
		if p := recover(); p != nil {
			err = fmt.Errorf("xpath %q: %v", expr, p)
		}
	}()
	compiled, err := xpath.Compile(expr)
	if err != nil {
		return nil, err
	}
	switch v := compiled.Evaluate(&navigator{doc}).(type) {
	case *xpath.NodeIterator:
		for v.MoveNext() {
			nodes = append(nodes, &domNode{v.Current().(*navigator).node})
		}
		return nodes, nil
	default:
		return []any{&primitiveNode{v}}, nil
	}
}

func helpFormatXML(o *options) (any, error) {
	return o.formatted("formatXml", "XML", func(text string, pretty bool) (string, error) {
		doc, err := parseXML(text)
		if err != nil {
			return mistake("Input is not valid XML"), nil
		}
		return printXML(doc.withoutBlanks(), pretty), nil
	})
}
