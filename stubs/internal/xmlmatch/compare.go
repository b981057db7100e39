package xmlmatch

import "slices"

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
