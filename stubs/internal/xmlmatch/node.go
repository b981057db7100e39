// Package xmlmatch reads XML, compares documents like WireMock's equalToXml (XMLUnit with its placeholders) and evaluates
// XPath 1.0. External entities are never read.
package xmlmatch

import (
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
