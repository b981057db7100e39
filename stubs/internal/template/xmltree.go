package template

import (
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/antchfx/xpath"
)

type xmlKind uint8

const (
	xmlRoot xmlKind = iota
	xmlElement
	xmlText
	xmlCDATA
	xmlComment
	xmlInstruction
	xmlAttribute
)

// xmlNode is a node of a document. Names are as written, with their prefixes: WireMock's parser does not know namespaces.
type xmlNode struct {
	kind       xmlKind
	name       string // element, attribute, instruction
	data       string // the rest; an attribute's value
	attributes []*xmlNode
	children   []*xmlNode
	parent     *xmlNode
	index      int // among its siblings
}

const (
	maxXMLDepth = 1000
	maxXMLNodes = 1 << 20
)

// parseXML reads a document. External entities and DTDs are never loaded.
func parseXML(text string) (*xmlNode, error) {
	root := &xmlNode{kind: xmlRoot}
	d := xml.NewDecoder(strings.NewReader(text))
	d.CharsetReader = func(_ string, input io.Reader) (io.Reader, error) { return input, nil } // it is text already
	at, depth, nodes := root, 0, 0
	for {
		offset := d.InputOffset()
		tok, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if nodes++; nodes > maxXMLNodes {
			return nil, errors.New("too large")
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			if depth++; depth > maxXMLDepth || at == root && root.element() != nil {
				return nil, errors.New("more than one root, or nested too deeply")
			}
			n := &xmlNode{kind: xmlElement, name: qualified(tok.Name)}
			if err := n.addAttributes(tok.Attr); err != nil {
				return nil, err
			}
			at.add(n)
			at = n
		case xml.EndElement:
			if at == root || at.name != qualified(tok.Name) {
				return nil, errors.New("mismatched end tag")
			}
			depth--
			at = at.parent
		case xml.CharData:
			kind := xmlText
			if strings.HasPrefix(text[offset:], "<![CDATA[") {
				kind = xmlCDATA
			}
			if at != root {
				at.add(&xmlNode{kind: kind, data: string(tok)})
			} else if strings.TrimSpace(string(tok)) != "" {
				return nil, errors.New("text outside the root element")
			}
		case xml.Comment:
			at.add(&xmlNode{kind: xmlComment, data: string(tok)})
		case xml.ProcInst:
			if tok.Target == "xml" {
				if offset != 0 {
					return nil, errors.New("misplaced XML declaration")
				}
				continue
			}
			at.add(&xmlNode{kind: xmlInstruction, name: tok.Target, data: string(tok.Inst)})
		}
	}
	if at != root || root.element() == nil {
		return nil, errors.New("unexpected end of the document")
	}
	return root, nil
}

func qualified(n xml.Name) string {
	if n.Space != "" {
		return n.Space + ":" + n.Local
	}
	return n.Local
}

// addAttributes keeps them sorted by name, as the DOM does.
func (n *xmlNode) addAttributes(attrs []xml.Attr) error {
	for _, a := range attrs {
		n.attributes = append(n.attributes, &xmlNode{kind: xmlAttribute, name: qualified(a.Name), data: a.Value, parent: n})
	}
	slices.SortStableFunc(n.attributes, func(a, b *xmlNode) int { return strings.Compare(a.name, b.name) })
	for i := range n.attributes {
		n.attributes[i].index = i
		if i > 0 && n.attributes[i].name == n.attributes[i-1].name {
			return errors.New("duplicate attribute")
		}
	}
	return nil
}

func (n *xmlNode) add(child *xmlNode) {
	child.parent, child.index = n, len(n.children)
	n.children = append(n.children, child)
}

// element is the root element of a document.
func (n *xmlNode) element() *xmlNode {
	for _, c := range n.children {
		if c.kind == xmlElement {
			return c
		}
	}
	return nil
}

// content is getTextContent.
func (n *xmlNode) content() string {
	if n.kind != xmlRoot && n.kind != xmlElement {
		return n.data
	}
	var b strings.Builder
	n.writeContent(&b)
	return b.String()
}

func (n *xmlNode) writeContent(b *strings.Builder) {
	for _, c := range n.children {
		switch c.kind {
		case xmlText, xmlCDATA:
			b.WriteString(c.data)
		case xmlElement:
			c.writeContent(b)
		}
	}
}

func (n *xmlNode) local() string {
	return n.name[strings.IndexByte(n.name, ':')+1:]
}

// navigator walks the tree for XPath. Names match by their local part, whatever their prefix, as in a DOM without
// namespaces.
type navigator struct{ node *xmlNode }

func (v *navigator) NodeType() xpath.NodeType {
	switch v.node.kind {
	case xmlRoot:
		return xpath.RootNode
	case xmlElement:
		return xpath.ElementNode
	case xmlComment, xmlInstruction:
		return xpath.CommentNode
	case xmlAttribute:
		return xpath.AttributeNode
	}
	return xpath.TextNode
}

func (v *navigator) LocalName() string { return v.node.local() }

func (v *navigator) Prefix() string { return "" }

func (v *navigator) Value() string { return v.node.content() }

func (v *navigator) Copy() xpath.NodeNavigator { return &navigator{v.node} }

func (v *navigator) MoveToRoot() {
	for v.node.parent != nil {
		v.node = v.node.parent
	}
}

func (v *navigator) MoveToParent() bool { return v.move(v.node.parent) }

func (v *navigator) move(to *xmlNode) bool {
	if to == nil {
		return false
	}
	v.node = to
	return true
}

func (v *navigator) MoveToNextAttribute() bool {
	next, of := 0, v.node
	if v.node.kind == xmlAttribute {
		next, of = v.node.index+1, v.node.parent
	}
	for ; next < len(of.attributes); next++ {
		if a := of.attributes[next]; a.name != "xmlns" && !strings.HasPrefix(a.name, "xmlns:") {
			return v.move(a)
		}
	}
	return false
}

func (v *navigator) MoveToChild() bool {
	return v.node.kind != xmlAttribute && len(v.node.children) > 0 && v.move(v.node.children[0])
}

func (v *navigator) MoveToFirst() bool {
	return v.node.kind != xmlAttribute && v.node.parent != nil && v.node.index > 0 && v.move(v.node.parent.children[0])
}

func (v *navigator) MoveToNext() bool { return v.sibling(1) }

func (v *navigator) MoveToPrevious() bool { return v.sibling(-1) }

func (v *navigator) sibling(step int) bool {
	if v.node.kind == xmlAttribute || v.node.parent == nil {
		return false
	}
	i := v.node.index + step
	return i >= 0 && i < len(v.node.parent.children) && v.move(v.node.parent.children[i])
}

func (v *navigator) MoveTo(other xpath.NodeNavigator) bool {
	o, ok := other.(*navigator)
	return ok && v.move(o.node)
}
