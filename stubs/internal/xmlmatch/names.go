package xmlmatch

import (
	"slices"
	"strings"
)

// binding checks the declaration of a namespace; other attributes are none.
func (p *parser) binding(name, uri string) error {
	prefix, prefixed := strings.CutPrefix(name, "xmlns:")
	if !p.doc.Namespaces || !prefixed && name != "xmlns" {
		return nil
	}
	switch {
	case uri == xmlnsSpace, prefixed && prefix == "xmlns":
		return p.fail(`The prefix "xmlns" cannot be bound to any namespace explicitly; neither can the namespace for "xmlns" be bound to any prefix explicitly.`)
	case (uri == xmlSpace) != (prefix == "xml" && prefixed):
		return p.fail(`The prefix "xml" cannot be bound to any namespace other than its usual namespace; neither can the namespace for "xml" be bound to any prefix other than "xml".`)
	case uri == "" && prefixed:
		return p.fail(`The value of the attribute "prefix="xmlns",localpart="%s",rawname="%s"" is invalid. Prefixed namespace bindings may not be empty.`, prefix, name)
	}
	return nil
}

// resolve splits the names of an element and its attributes, and finds their namespaces.
func (p *parser) resolve(n *Node, s *scope) (*scope, error) {
	n.split()
	for _, a := range n.Attrs {
		a.split()
		if p.doc.Namespaces && a.declaration() {
			a.Space = xmlnsSpace
			prefix := ""
			if a.Prefix == "xmlns" {
				prefix = a.Local
			}
			s = &scope{s, prefix, a.Value}
		}
	}
	defer n.sortAttributes()
	if !p.doc.Namespaces {
		return s, nil
	}
	if n.Prefix == "xmlns" {
		return nil, p.fail("Element \"%s\" cannot have \"xmlns\" as its prefix.", n.Name)
	}
	uri, ok := s.lookup(n.Prefix)
	if !ok {
		return nil, p.fail("The prefix \"%s\" for element \"%s\" is not bound.", n.Prefix, n.Name)
	}
	n.Space = uri
	seen := map[[2]string]bool{}
	for _, a := range n.Attrs {
		if a.Prefix == "" || a.declaration() {
			continue
		}
		if a.Space, ok = s.lookup(a.Prefix); !ok {
			return nil, p.fail("The prefix \"%s\" for attribute \"%s\" associated with an element type \"%s\" is not bound.", a.Prefix, a.Name, n.Name)
		}
		name := [2]string{a.Space, a.Local}
		if seen[name] {
			return nil, p.fail("Attribute \"%s\" bound to namespace \"%s\" was already specified for element \"%s\".", a.Local, a.Space, n.Name)
		}
		seen[name] = true
	}
	return s, nil
}

// sortAttributes orders them by name, as the JDK's DOM keeps them.
func (n *Node) sortAttributes() {
	if len(n.Attrs) < 2 {
		return
	}
	first := n.Attrs[0].order
	slices.SortFunc(n.Attrs, func(a, b *Node) int { return strings.Compare(a.Name, b.Name) })
	for i, a := range n.Attrs {
		a.order = first + i
	}
}

// split cuts a name at its colon, if it has one behind the first character.
func (n *Node) split() {
	n.Local = n.Name
	if i := strings.IndexByte(n.Name[1:], ':') + 1; i > 0 && i < len(n.Name)-1 && strings.IndexByte(n.Name[i+1:], ':') < 0 {
		n.Prefix, n.Local = n.Name[:i], n.Name[i+1:]
	}
}
