package xmlmatch

import (
	"strconv"
	"strings"
)

// Layout prints a document as [Node.Render] does, or returns text as it is where the JDK cannot read or print it.
func Layout(text string) string {
	doc, err := Parse(text, false)
	if err != nil || doc.Root.Undeclared() != "" {
		return text
	}
	return doc.Root.Render()
}

// Render prints a document or element indented by two spaces, without an XML declaration, the way the JDK's
// transformer does.
func (n *Node) Render() string {
	r := &renderer{}
	if n.Kind == DocumentNode {
		for _, c := range n.Children {
			r.node(c, 0, nil)
		}
	} else {
		r.node(n, 0, nil)
	}
	r.WriteByte('\n')
	return r.String()
}

type renderer struct{ strings.Builder }

// scope is a chain of the namespaces that are declared in what was printed.
type scope struct {
	parent      *scope
	prefix, uri string
}

func (s *scope) lookup(prefix string) (string, bool) {
	for ; s != nil; s = s.parent {
		if s.prefix == prefix {
			return s.uri, true
		}
	}
	return "", prefix == ""
}

func (r *renderer) node(n *Node, depth int, s *scope) {
	switch n.Kind {
	case Element:
		r.element(n, depth, s)
	case Text:
		r.escape(n.Value, false)
	case CDATA:
		r.WriteString("<![CDATA[" + n.Value + "]]>")
	case Comment:
		r.WriteString("<!--" + n.Value + "-->")
	case Instruction:
		r.WriteString("<?" + n.Name)
		if n.Value != "" {
			r.WriteString(" " + n.Value)
		}
		r.WriteString("?>")
	}
}

func (r *renderer) element(n *Node, depth int, s *scope) {
	r.WriteString("<" + n.Name)
	if depth == 0 { // the outermost element begins with the declaration of its own prefix
		for _, a := range n.Attrs {
			if a.declares() && a.declared() == n.Prefix {
				s = r.declaration(s, a)
			}
		}
	}
	for _, a := range n.Attrs {
		if a.declares() {
			s = r.declaration(s, a)
		}
	}
	for _, a := range n.Attrs {
		if !a.declares() {
			if a.Prefix != "" && a.Prefix != "xml" {
				s = r.declare(s, a)
			}
			r.attribute(a.Name, a.Value)
		}
	}
	s = r.declare(s, n)
	if n.hollow() {
		r.WriteString("/>")
		return
	}
	r.WriteByte('>')
	r.content(n.Children, depth, s)
	r.WriteString("</" + n.Name + ">")
}

// declared is the prefix that a declaration is for.
func (n *Node) declared() string {
	if i := strings.LastIndexByte(n.Name, ':'); i > 0 {
		return n.Name[i+1:]
	}
	return ""
}

// declaration prints what an attribute declares, unless that is declared already.
func (r *renderer) declaration(s *scope, a *Node) *scope {
	prefix := a.declared()
	if uri, ok := s.lookup(prefix); ok && uri == a.Value {
		return s
	}
	r.attribute(strings.TrimSuffix("xmlns:"+prefix, ":"), a.Value)
	return &scope{s, prefix, a.Value}
}

// hollow reports whether there is nothing to print between the node's tags.
func (n *Node) hollow() bool {
	for _, c := range n.Children {
		if c.Kind != CDATA || c.Value != "" {
			return false
		}
	}
	return true
}

// declare declares the namespace of a node where the printed text does not.
func (r *renderer) declare(s *scope, n *Node) *scope {
	if n.Space == "" {
		return s
	}
	if uri, ok := s.lookup(n.Prefix); ok && uri == n.Space {
		return s
	}
	name := "xmlns"
	if n.Prefix != "" {
		name += ":" + n.Prefix
	}
	r.attribute(name, n.Space)
	return &scope{s, n.Prefix, n.Space}
}

// content prints what is between an element's tags. The JDK counts the children but for CDATA sections and the texts
// before them, a text together with the node behind it; it breaks the line before everything but the first of them.
func (r *renderer) content(children []*Node, depth int, s *scope) {
	count, text, afterText := 0, "", false
	flush := func() {
		if text == "" {
			return
		}
		if count > 1 {
			r.newline(depth + 1)
			text = strings.TrimLeft(text, "\n")
		}
		r.escape(text, false)
		text, afterText = "", true
	}
	counted := func() {
		if text != "" {
			count++
			flush()
		}
	}
	for _, c := range children {
		switch c.Kind {
		case Text:
			text += c.Value
		case CDATA:
			flush()
			if c.Value != "" {
				if count > 1 {
					r.newline(depth + 1)
				}
				r.node(c, depth+1, s)
				afterText = true
			}
		default:
			count++
			counted()
			r.newline(depth + 1)
			r.node(c, depth+1, s)
			afterText = afterText && c.Kind != Element
		}
	}
	counted()
	if count > 1 || !afterText {
		r.newline(depth)
	}
}

func (r *renderer) newline(depth int) {
	r.WriteByte('\n')
	for range depth {
		r.WriteString("  ")
	}
}

func (r *renderer) attribute(name, value string) {
	r.WriteString(" " + name + `="`)
	r.escape(value, true)
	r.WriteByte('"')
}

func (r *renderer) escape(s string, attribute bool) {
	for _, c := range s {
		switch {
		case c == '<':
			r.WriteString("&lt;")
		case c == '>':
			r.WriteString("&gt;")
		case c == '&':
			r.WriteString("&amp;")
		case c == '"' && attribute:
			r.WriteString("&quot;")
		case attribute && (c == '\n' || c == '\t'), c == '\r', c >= 0x7f && c < 0xa0, c == 0x2028, c > 0xffff:
			r.WriteString("&#" + strconv.Itoa(int(c)) + ";")
		default:
			r.WriteRune(c)
		}
	}
}
