package template

import (
	"strings"

	"github.com/envd-dev/envd/stubs/internal/xmlmatch"
)

// domNode is a node that XPath found.
type domNode struct{ node *xmlmatch.Node }

func (d *domNode) class() string { return wiremockPackage + "common.xml.XmlDomNode" }

func (d *domNode) get(name string) (any, bool) {
	switch name {
	case "name":
		switch d.node.Kind {
		case xmlmatch.Text:
			return "#text", true
		case xmlmatch.DocumentNode:
			return "#document", true
		case xmlmatch.CDATA:
			return "#cdata-section", true
		case xmlmatch.Comment:
			return "#comment", true
		}
		return d.node.Name, true
	case "text":
		if d.node.Kind == xmlmatch.DocumentNode {
			return nil, true
		}
		return d.node.TextContent(), true
	case "attributes":
		m := newMap(hashMap, len(d.node.Attrs))
		for _, a := range d.node.Attrs {
			m.put(a.Name, a.Value)
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

// text is the node as XML. The JDK cannot print a node with a prefix that it does not declare.
func (d *domNode) text() (string, error) {
	if prefix := d.undeclared(); prefix != "" {
		return "", &exception{"javax.xml.transform.TransformerException", "java.lang.RuntimeException: Namespace for prefix '" + prefix + "' has not been declared."}
	}
	return d.node.String(), nil
}

func (d *domNode) undeclared() string {
	if d.node.Kind == xmlmatch.Element || d.node.Kind == xmlmatch.DocumentNode {
		return d.node.Undeclared()
	}
	return ""
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

func (p *primitiveNode) text() (string, error) { return xmlmatch.ValueText(p.value), nil }

// xpathHelper evaluates prefix + expression over the text of the context.
func xpathHelper(prefix string) helper {
	return func(o *options) (any, error) {
		text, err := stringValue(o.context)
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
		doc, err := o.r.model.document(documentKey{true, text}, func(s string) (any, error) { return xmlmatch.Parse(s, false) })
		if err != nil {
			return mistake(text + " is not valid XML"), nil
		}
		nodes, err := o.evaluateXPath(doc.(*xmlmatch.Document), prefix+expr)
		if err != nil {
			return mistake(expr + " is not a valid XPath expression"), nil
		}
		if len(nodes) == 0 {
			return "", nil
		}
		return &List{kind: listOrSingle, items: nodes}, nil
	}
}

func (o *options) evaluateXPath(doc *xmlmatch.Document, expr string) ([]any, error) {
	compiled, err := o.r.engine.xPaths.get(expr, func(expr string) (*xmlmatch.XPath, error) { return xmlmatch.CompileXPath(expr, nil) })
	if err != nil {
		return nil, err
	}
	found, err := compiled.Find(doc)
	if err != nil {
		return nil, err
	}
	nodes, ok := found.([]*xmlmatch.Node)
	if !ok {
		return []any{&primitiveNode{found}}, nil
	}
	list := make([]any, len(nodes))
	for i, n := range nodes {
		list[i] = &domNode{n}
	}
	return list, nil
}

func helpFormatXML(o *options) (any, error) {
	return o.formatted("formatXml", "XML", func(text string, pretty bool) (string, error) {
		doc, err := xmlmatch.Parse(text, false)
		if err != nil || doc.Root.Undeclared() != "" {
			return mistake("Input is not valid XML"), nil
		}
		dropBlanks(doc.Root)
		if pretty {
			return doc.Root.Render(), nil
		}
		var b strings.Builder
		printCompact(&b, doc.Root)
		return b.String(), nil
	})
}

// dropBlanks takes the texts out of n that are white space only.
func dropBlanks(n *xmlmatch.Node) {
	kept := n.Children[:0]
	for _, c := range n.Children {
		if (c.Kind == xmlmatch.Text || c.Kind == xmlmatch.CDATA) && strings.TrimFunc(c.Value, javaSpace) == "" {
			continue
		}
		dropBlanks(c)
		kept = append(kept, c)
	}
	n.Children = kept
}

var (
	textEscaper      = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\r", "&#13;")
	attributeEscaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "\n", "&#10;", "\r", "&#13;", "\t", "&#9;")
)

// printCompact prints a node without adding white space.
func printCompact(b *strings.Builder, n *xmlmatch.Node) {
	switch n.Kind {
	case xmlmatch.Text:
		b.WriteString(textEscaper.Replace(n.Value))
		return
	case xmlmatch.DocumentNode:
		for _, c := range n.Children {
			printCompact(b, c)
		}
		return
	case xmlmatch.Element:
	default:
		b.WriteString(strings.TrimSuffix((&xmlmatch.Node{Children: []*xmlmatch.Node{n}}).Render(), "\n"))
		return
	}
	b.WriteString("<" + n.Name)
	for _, declarations := range [...]bool{true, false} {
		for _, a := range n.Attrs {
			if declarations == (a.Name == "xmlns" || a.Prefix == "xmlns") {
				b.WriteString(" " + a.Name + `="` + attributeEscaper.Replace(a.Value) + `"`)
			}
		}
	}
	if len(n.Children) == 0 {
		b.WriteString("/>")
		return
	}
	b.WriteByte('>')
	for _, c := range n.Children {
		printCompact(b, c)
	}
	b.WriteString("</" + n.Name + ">")
}
