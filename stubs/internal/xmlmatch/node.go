// Package xmlmatch reads XML, compares documents like WireMock's equalToXml (XMLUnit with its placeholders) and evaluates
// XPath 1.0. External entities are never read.
package xmlmatch

import (
	"strconv"
	"strings"
)

// Kind is the kind of a node.
type Kind uint8

// The kinds, after those of the DOM.
const (
	DocumentNode Kind = iota
	Element
	Attribute
	Text
	CDATA
	Comment
	Instruction
)

// Namespaces of declarations and of XML Schema's attributes.
const (
	xmlnsSpace = "http://www.w3.org/2000/xmlns/"
	xmlSpace   = "http://www.w3.org/XML/1998/namespace"
	xsiSpace   = "http://www.w3.org/2001/XMLSchema-instance"
)

// Node is a node of a document. It must not be changed.
type Node struct {
	Kind     Kind
	Name     string // as written, with its prefix; an instruction's target
	Prefix   string
	Local    string
	Space    string // the namespace; "" without one and in documents read without namespaces
	Value    string // of attributes, texts, comments and instructions
	Attrs    []*Node
	Children []*Node
	Parent   *Node

	order int // position in the document
}

// Document is a parsed document.
type Document struct {
	Root       *Node // the DocumentNode
	Namespaces bool  // whether names were resolved
	nodes      int
}

// declaration reports whether an attribute declares a namespace.
func (n *Node) declaration() bool {
	return n.Name == "xmlns" || strings.HasPrefix(n.Name, "xmlns:")
}

// declares reports whether the JDK prints an attribute as a declaration: anything that begins like one.
func (n *Node) declares() bool { return strings.HasPrefix(n.Name, "xmlns") }

func (n *Node) textual() bool { return n.Kind == Text || n.Kind == CDATA }

// index is the node's place among its siblings.
// onlyCDATA reports whether n begins a text, to XPath, of nothing but CDATA sections.
func (n *Node) onlyCDATA() bool {
	if n.Kind != CDATA {
		return false
	}
	for _, c := range n.Parent.Children[n.index():] {
		if c.Kind != CDATA {
			return c.Kind != Text
		}
	}
	return true
}

func (n *Node) index() int {
	for i, c := range n.Parent.Children {
		if c == n {
			return i
		}
	}
	return -1
}

// TextContent is the text of the node and of all elements in it.
func (n *Node) TextContent() string {
	switch n.Kind {
	case DocumentNode, Element:
		var b strings.Builder
		n.appendText(&b)
		return b.String()
	}
	return n.Value
}

func (n *Node) appendText(b *strings.Builder) {
	for _, c := range n.Children {
		switch c.Kind {
		case Element:
			c.appendText(b)
		case Text, CDATA:
			b.WriteString(c.Value)
		}
	}
}

// String is the node as WireMock shows it and hands it to submatchers: elements as indented XML, attributes and texts as
// their value.
func (n *Node) String() string {
	switch n.Kind {
	case DocumentNode, Element:
		return n.Render()
	case CDATA:
		return "[#cdata-section: " + n.Value + "]"
	case Comment:
		return "[#comment: " + n.Value + "]"
	case Instruction:
		return "[" + n.Name + ": " + n.Value + "]"
	}
	return n.Value
}

// Undeclared is the prefix of an attribute in the node that is not declared in it, "" if there is none. The JDK fails to
// print such a node of a document without namespaces.
func (n *Node) Undeclared() string { return n.undeclared(&scope{prefix: "xml"}) }

func (n *Node) undeclared(s *scope) string {
	for _, a := range n.Attrs {
		if a.Prefix == "xmlns" {
			s = &scope{s, a.Local, a.Value}
		}
	}
	for _, a := range n.Attrs {
		prefix, _, _ := strings.Cut(a.Name, ":") // which Prefix is not for a name like "a:"
		if _, ok := s.lookup(prefix); !ok && prefix != a.Name && !a.declares() {
			return prefix
		}
	}
	for _, c := range n.Children {
		if c.Kind == Element {
			if prefix := c.undeclared(s); prefix != "" {
				return prefix
			}
		}
	}
	return ""
}

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
