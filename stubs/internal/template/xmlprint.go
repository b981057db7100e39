package template

import (
	"strings"
)

// xmlPrinter writes XML as Java's identity transformer does. Indenting puts every element, and every text beside an
// element, on a line of its own.
type xmlPrinter struct {
	b      strings.Builder
	indent bool
	inRoot bool // inside the root element, where lines may break
}

// printXML prints a node without XML declaration.
func printXML(n *xmlNode, indent bool) string {
	p := &xmlPrinter{indent: indent}
	if n.kind == xmlRoot {
		for _, c := range n.children {
			p.node(c, 0, false)
		}
	} else {
		p.node(n, 0, false)
	}
	if indent {
		p.b.WriteByte('\n')
	}
	return p.b.String()
}

// node writes a child at a depth; beside says that its parent has other children too.
func (p *xmlPrinter) node(n *xmlNode, depth int, beside bool) {
	switch n.kind {
	case xmlText:
		text := n.data
		if p.indent && beside {
			p.line(depth)
			text = strings.TrimLeft(text, "\n")
		}
		p.b.WriteString(textEscaper.Replace(text))
	case xmlCDATA:
		if beside {
			p.line(depth)
		}
		p.b.WriteString("<![CDATA[" + strings.ReplaceAll(n.data, "]]>", "]]]]><![CDATA[>") + "]]>")
	case xmlComment:
		p.line(depth)
		p.b.WriteString("<!--" + n.data + "-->")
	case xmlInstruction:
		p.line(depth)
		p.b.WriteString("<?" + n.name + " " + n.data + "?>")
	case xmlElement:
		p.element(n, depth)
	}
}

func (p *xmlPrinter) line(depth int) {
	if p.indent && (depth > 0 || p.inRoot) {
		p.b.WriteByte('\n')
		for range depth {
			p.b.WriteString("  ")
		}
	}
}

func (p *xmlPrinter) element(n *xmlNode, depth int) {
	p.line(depth)
	p.b.WriteString("<" + n.name)
	for _, namespaces := range [...]bool{true, false} {
		for _, a := range n.attributes {
			if isNamespace(a.name) == namespaces {
				p.b.WriteString(" " + a.name + `="` + attributeEscaper.Replace(a.data) + `"`)
			}
		}
	}
	if len(n.children) == 0 {
		p.b.WriteString("/>")
		return
	}
	p.b.WriteByte('>')
	p.inRoot = p.inRoot || depth == 0
	mixed := len(n.children) > 1 || n.children[0].kind != xmlText && n.children[0].kind != xmlCDATA
	for _, c := range n.children {
		p.node(c, depth+1, mixed)
	}
	if mixed {
		p.line(depth)
	}
	p.b.WriteString("</" + n.name + ">")
	p.inRoot = depth > 0
}

func isNamespace(name string) bool { return name == "xmlns" || strings.HasPrefix(name, "xmlns:") }

var (
	textEscaper      = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\r", "&#13;")
	attributeEscaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "\n", "&#10;", "\r", "&#13;", "\t", "&#9;")
)

// withoutBlanks drops the text nodes that are white space only.
func (n *xmlNode) withoutBlanks() *xmlNode {
	kept := n.children[:0]
	for _, c := range n.children {
		if (c.kind == xmlText || c.kind == xmlCDATA) && strings.TrimFunc(c.data, javaSpace) == "" {
			continue
		}
		c.index = len(kept)
		kept = append(kept, c.withoutBlanks())
	}
	n.children = kept
	return n
}
