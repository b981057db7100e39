package xmlmatch

import (
	"errors"
	"strings"
)

// attributes of an element, those of XML Schema apart.
type attributes struct {
	schemaLocation, noNamespaceSchemaLocation, xsiType *Node
	rest                                               []*Node
}

func splitAttributes(n *Node) attributes {
	var as attributes
	for _, a := range n.Attrs {
		switch {
		case a.Space == xmlnsSpace:
		case a.Space == xsiSpace && a.Local == "schemaLocation":
			as.schemaLocation = a
		case a.Space == xsiSpace && a.Local == "noNamespaceSchemaLocation":
			as.noNamespaceSchemaLocation = a
		case a.Space == xsiSpace && a.Local == "type":
			as.xsiType = a
		default:
			as.rest = append(as.rest, a)
		}
	}
	return as
}

func (w *walk) attributes(control, test *Node) {
	c, t := splitAttributes(control), splitAttributes(test)
	w.compare(elementNumAttributes, detail{control: control, test: test}, len(c.rest) == len(t.rest))
	w.xsiType(c.xsiType, t.xsiType)
	w.optional(schemaLocation, c.schemaLocation, t.schemaLocation)
	w.optional(noNamespaceSchemaLocation, c.noNamespaceSchemaLocation, t.noNamespaceSchemaLocation)
	for _, a := range c.rest {
		b := matching(t.rest, a)
		w.compare(attrNameLookup, detail{control: control, test: test, expected: a.Value, missing: b == nil}, b != nil)
		if b != nil && !w.done() {
			w.nodes(a, b)
		}
	}
}

func (w *walk) optional(t check, control, test *Node) {
	d := detail{control: control, test: test, absent: control == nil, missing: test == nil}
	if control != nil {
		d.expected = control.Value
	}
	if test != nil {
		d.actual = test.Value
	}
	w.values(t, d)
}

var errNoPlaceholder = errors.New("an attribute that XML Schema defines is missing")

func (w *walk) xsiType(control, test *Node) {
	if control == nil {
		return
	}
	if test == nil {
		if w.opts.Placeholders != nil && w.counts[attrNameLookup] {
			w.err = errNoPlaceholder
		}
		w.compare(attrNameLookup, detail{control: control, missing: true}, false)
		return
	}
	w.compare(attrNameLookup, detail{control: control, test: test}, true)
	expectedSpace, expected := qualified(control)
	actualSpace, actual := qualified(test)
	w.compare(attrValue, detail{control: control, test: test, expected: expected, actual: actual, qualifiedActual: expectedSpace != actualSpace},
		expected == actual && expectedSpace == actualSpace)
}

// qualified resolves a value such as "p:name".
func qualified(a *Node) (space, local string) {
	prefix, local, ok := strings.Cut(a.Value, ":")
	if !ok {
		prefix, local = "", a.Value
	}
	for n := a.Parent; n != nil; n = n.Parent {
		for _, d := range n.Attrs {
			if d.Name == "xmlns:"+prefix || prefix == "" && d.Name == "xmlns" {
				return d.Value, local
			}
		}
	}
	return "", local
}

func matching(attrs []*Node, wanted *Node) *Node {
	for _, a := range attrs {
		if a.Space == wanted.Space && (wanted.Space != "" && a.Local == wanted.Local || wanted.Space == "" && a.Name == wanted.Name) {
			return a
		}
	}
	return nil
}
