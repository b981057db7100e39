package xmlmatch

import (
	"errors"
	"slices"
	"strings"
	"unicode/utf16"
)

// Awareness is how a comparison takes names.
type Awareness uint8

// The ways: resolved, by local name only as WireMock 2 did, or as they are written.
const (
	Strict Awareness = iota
	Legacy
	None
)

// Options are the parameters of a comparison.
type Options struct {
	Awareness             Awareness
	Exempted              []string // names of XMLUnit's comparison types that do not count
	IgnoreOrderOfSameNode bool
	Placeholders          *Placeholders // nil if they are not enabled
}

// check is one of XMLUnit's comparison types; the others never count.
type check uint8

const (
	elementTagName check = iota
	schemaLocation
	noNamespaceSchemaLocation
	nodeType
	namespaceURI
	textValue
	instructionTarget
	instructionData
	elementNumAttributes
	attrValue
	childNodelistLength
	childLookup
	attrNameLookup
	uncounted
)

// checks has XMLUnit's names; those behind uncounted are known, but make no difference.
var checks = [...]string{
	"ELEMENT_TAG_NAME", "SCHEMA_LOCATION", "NO_NAMESPACE_SCHEMA_LOCATION", "NODE_TYPE", "NAMESPACE_URI", "TEXT_VALUE",
	"PROCESSING_INSTRUCTION_TARGET", "PROCESSING_INSTRUCTION_DATA", "ELEMENT_NUM_ATTRIBUTES", "ATTR_VALUE",
	"CHILD_NODELIST_LENGTH", "CHILD_LOOKUP", "ATTR_NAME_LOOKUP",
	"XML_VERSION", "XML_STANDALONE", "XML_ENCODING", "HAS_DOCTYPE_DECLARATION", "DOCTYPE_NAME", "DOCTYPE_PUBLIC_ID",
	"DOCTYPE_SYSTEM_ID", "NAMESPACE_PREFIX", "ATTR_VALUE_EXPLICITLY_SPECIFIED", "CHILD_NODELIST_SEQUENCE",
}

// KnownComparison reports whether name is one of XMLUnit's comparison types.
func KnownComparison(name string) bool { return slices.Contains(checks[:], name) }

// Comparison is an expected document. It is safe for concurrent use.
type Comparison struct {
	expected *Node // stripped
	opts     Options
	counts   [uncounted]bool
}

// New prepares a comparison with the text of a document. The error is a *ParseError.
func New(expected string, opts Options) (*Comparison, error) {
	root, err := read(expected, opts.Awareness)
	if err != nil {
		return nil, err
	}
	c := &Comparison{expected: root, opts: opts}
	for i := range c.counts {
		c.counts[i] = !slices.Contains(opts.Exempted, checks[i])
	}
	return c, nil
}

// Equal reports whether the text is a document that differs in nothing that counts. Elements may come in any order of
// names.
func (c *Comparison) Equal(text string) bool {
	root, err := read(text, c.opts.Awareness)
	if err != nil {
		return false
	}
	w := &walk{Comparison: c, anyOrder: true, stop: true}
	w.nodes(c.expected, root)
	return w.err == nil && w.differences == 0
}

// Distance is the share of comparisons that differ, documents taken in their own order; 1 for what is no XML.
func (c *Comparison) Distance(text string) float64 {
	root, err := read(text, c.opts.Awareness)
	if err != nil {
		return 1
	}
	w := &walk{Comparison: c}
	w.nodes(c.expected, root)
	if w.err != nil {
		return 1
	}
	return float64(w.differences) / float64(w.total)
}

// walk is one comparison under way.
type walk struct {
	*Comparison
	anyOrder           bool
	stop               bool // at the first difference
	total, differences int
	err                error
}

func (w *walk) done() bool { return w.err != nil || w.stop && w.differences > 0 }

// detail is what is compared: a pair of nodes and a value of each. Comparisons without a control value do not count.
type detail struct {
	control, test   *Node
	expected        string
	actual          string
	absent          bool // there is no control value
	missing         bool // there is no test value
	oneTextInstead  bool // CHILD_NODELIST_LENGTH: one text is expected, nothing came
	qualifiedActual bool // ATTR_VALUE: of xsi:type
}

// compare makes one comparison and counts it.
func (w *walk) compare(t check, d detail, equal bool) {
	if w.done() || d.absent || !w.counts[t] {
		return
	}
	w.total++
	if equal {
		return
	}
	if w.opts.Placeholders != nil {
		same, err := w.opts.Placeholders.excuse(t, d)
		if err != nil {
			w.err = err
		}
		if same {
			return
		}
	}
	w.differences++
}

func (w *walk) values(t check, d detail) {
	w.compare(t, d, d.expected == d.actual && !d.missing)
}

func (w *walk) nodes(control, test *Node) {
	pair := detail{control: control, test: test}
	w.compare(nodeType, pair, control.Kind == test.Kind)
	w.values(namespaceURI, detail{control: control, test: test, expected: control.Space, actual: test.Space, absent: control.Space == ""})
	if control.Kind != Attribute {
		length := pair
		length.oneTextInstead = len(control.Children) == 1 && control.Children[0].textual() && len(test.Children) == 0
		w.compare(childNodelistLength, length, len(control.Children) == len(test.Children))
	}
	if w.done() {
		return
	}
	w.specific(control, test)
	if control.Kind != Attribute && !w.done() {
		w.children(control, test)
	}
}

func (w *walk) specific(control, test *Node) {
	d := detail{control: control, test: test}
	switch {
	case control.textual() && test.textual():
		d.expected, d.actual = control.Value, test.Value
		w.values(textValue, d)
	case control.Kind != test.Kind:
	case control.Kind == Element:
		d.expected, d.actual = control.Local, test.Local
		w.values(elementTagName, d)
		w.attributes(control, test)
	case control.Kind == Instruction:
		d.expected, d.actual = control.Name, test.Name
		w.values(instructionTarget, d)
		d.expected, d.actual = control.Value, test.Value
		w.values(instructionData, d)
	case control.Kind == Attribute:
		d.expected, d.actual = control.Value, test.Value
		w.values(attrValue, d)
	}
}

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
