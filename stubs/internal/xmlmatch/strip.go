package xmlmatch

import (
	"strings"
)

// read parses and strips a document for a comparison.
func read(text string, awareness Awareness) (*Node, error) {
	doc, err := parseBare(text, awareness == Strict)
	if err != nil {
		return nil, err
	}
	return strip(doc.Root, nil, awareness), nil
}

// strip copies a tree with adjoining texts merged, all values trimmed and empty texts left out.
func strip(n, parent *Node, awareness Awareness) *Node {
	out := &Node{Kind: n.Kind, Name: n.Name, Local: n.Local, Space: n.Space, Value: n.Value, Parent: parent}
	switch awareness {
	case Legacy: // a prefix counts for nothing, a default namespace does
		if n.Kind == Element {
			out.Name = n.Local
			if n.Prefix == "" {
				out.Space = defaultSpace(n)
			}
		}
	case None:
		out.Local = n.Name
	}
	for _, a := range n.Attrs {
		if awareness == Legacy && a.declaration() {
			continue
		}
		attr := &Node{Kind: Attribute, Name: a.Name, Local: a.Local, Space: a.Space, Value: trim(a.Value), Parent: out}
		if awareness != Strict {
			attr.Local = a.Name
		}
		out.Attrs = append(out.Attrs, attr)
	}
	for i := 0; i < len(n.Children); i++ {
		c := n.Children[i]
		if !c.textual() {
			child := strip(c, out, awareness)
			if c.Kind == Instruction {
				child.Value = trim(child.Value)
			}
			out.Children = append(out.Children, child)
			continue
		}
		kind, value := c.Kind, c.Value
		for ; kind == Text && i+1 < len(n.Children) && n.Children[i+1].Kind == Text; i++ {
			value += n.Children[i+1].Value
		}
		if value = trim(value); value == "" {
			continue
		}
		if awareness == Legacy {
			kind = Text
			if last := len(out.Children) - 1; last >= 0 && out.Children[last].Kind == Text {
				out.Children[last].Value += value
				continue
			}
		}
		out.Children = append(out.Children, &Node{Kind: kind, Value: value, Parent: out})
	}
	return out
}

// defaultSpace is the default namespace that holds at an element of a document read without namespaces.
func defaultSpace(n *Node) string {
	for ; n != nil; n = n.Parent {
		for _, a := range n.Attrs {
			if a.Name == "xmlns" {
				return a.Value
			}
		}
	}
	return ""
}

// trim is String.trim.
func trim(s string) string {
	return strings.TrimFunc(s, func(r rune) bool { return r <= ' ' })
}
