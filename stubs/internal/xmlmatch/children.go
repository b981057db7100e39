package xmlmatch

import (
	"errors"
	"slices"
	"unicode/utf16"
)

var errUnordered = errors.New("nodes without a name cannot be put in order")

func (w *walk) children(control, test *Node) {
	expected, actual := control.Children, test.Children
	if w.anyOrder {
		var ok1, ok2 bool
		expected, ok1 = w.sorted(expected)
		actual, ok2 = w.sorted(actual)
		if !ok1 || !ok2 {
			w.err = errUnordered
			return
		}
	}
	taken := make([]bool, len(actual))
	var unmatched []*Node
	for _, c := range expected {
		i := partner(c, actual, taken)
		if i < 0 {
			unmatched = append(unmatched, c)
			continue
		}
		taken[i] = true
		w.nodes(c, actual[i])
		if w.done() {
			return
		}
	}
	for _, c := range unmatched {
		w.compare(childLookup, detail{control: c, missing: true}, false)
	}
}

// sorted orders nodes by name, as WireMock does before it compares. Like it, it fails where one of several has none.
func (w *walk) sorted(nodes []*Node) ([]*Node, bool) {
	if len(nodes) < 2 {
		return nodes, true
	}
	for _, n := range nodes {
		if n.Kind != Element || w.opts.Awareness == None {
			return nil, false
		}
	}
	out := slices.Clone(nodes)
	slices.SortStableFunc(out, func(a, b *Node) int {
		if c := compareUTF16(a.Local, b.Local); c != 0 || !w.opts.IgnoreOrderOfSameNode {
			return c
		}
		return compareUTF16(a.TextContent(), b.TextContent())
	})
	return out, true
}

func compareUTF16(a, b string) int {
	if a == b {
		return 0
	}
	return slices.Compare(utf16.Encode([]rune(a)), utf16.Encode([]rune(b)))
}

// partner is the first free node that a control node may be compared with: any element with any, text with CDATA.
func partner(control *Node, nodes []*Node, taken []bool) int {
	for i, n := range nodes {
		if !taken[i] && (n.Kind == control.Kind || n.textual() && control.textual()) {
			return i
		}
	}
	return -1
}
