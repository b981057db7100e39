package xmlmatch

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
)

// XPath is a compiled XPath 1.0 expression. It is safe for concurrent use.
type XPath struct {
	source string
	root   expr
	spaces map[string]string // prefixes, nil if the expression may use none
}

// CompileXPath parses an expression; namespaces maps the prefixes that it may use.
func CompileXPath(source string, namespaces map[string]string) (*XPath, error) {
	p := &xpathParser{lexer: lexer{src: source}}
	if len(namespaces) > 0 {
		p.spaces = map[string]string{"xml": xmlSpace, "xmlns": xmlnsSpace}
		for prefix, uri := range namespaces {
			if uri != xmlSpace && uri != xmlnsSpace {
				p.spaces[prefix] = uri
			}
		}
	}
	root, err := p.parse()
	if err != nil {
		return nil, fmt.Errorf("the XPath expression %q: %w", source, err)
	}
	return &XPath{source, root, p.spaces}, nil
}

// String is the expression as given.
func (x *XPath) String() string { return x.source }

// Namespaces reports whether the expression wants a document whose names are resolved.
func (x *XPath) Namespaces() bool { return x.spaces != nil }

// Find evaluates the expression on a document that was parsed as Namespaces asks. The result is a list of nodes in
// document order, a string, a float64 or a bool.
func (x *XPath) Find(doc *Document) (any, error) {
	e := &evaluator{doc: doc}
	v, err := e.eval(x.root, context{node: doc.Root, position: 1, size: 1})
	if nodes, ok := v.([]*Node); ok && err == nil {
		return sortNodes(nodes), nil
	}
	return v, err
}

// Texts gives a result as WireMock's submatchers see it: each node, or the value, as text.
func Texts(result any) []string {
	nodes, ok := result.([]*Node)
	if !ok {
		return []string{ValueText(result)}
	}
	out := make([]string, len(nodes))
	for i, n := range nodes {
		out[i] = n.String()
	}
	return out
}

// ValueText prints a result that is no list of nodes; numbers as Java's NumberFormat does for English: 12,345.678.
func ValueText(v any) string {
	f, ok := v.(float64)
	if !ok {
		return fmt.Sprint(v)
	}
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "∞"
	case math.IsInf(f, -1):
		return "-∞"
	}
	s := roundHalfEven(f)
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "-", s[1:]
	}
	whole, fraction, _ := strings.Cut(s, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if fraction = strings.TrimRight(fraction, "0"); fraction != "" {
		fraction = "." + fraction
	}
	return sign + whole + fraction
}

const fractionDigits = 3

// roundHalfEven prints f with three digits behind the point.
func roundHalfEven(f float64) string {
	exact, _, err := big.ParseFloat(strconv.FormatFloat(f, 'f', -1, 64), 10, 200, big.ToNearestEven)
	if err != nil {
		return strconv.FormatFloat(f, 'f', fractionDigits, 64)
	}
	return exact.Text('f', fractionDigits)
}

// maxVisits bounds the nodes that one evaluation looks at.
const maxVisits = 2_000_000

var errTooManyVisits = errors.New("the XPath expression looks at too many nodes")

// context is where an expression is evaluated.
type context struct {
	node           *Node
	position, size int
}

type evaluator struct {
	doc    *Document
	visits int
}

func (e *evaluator) visit(n int) error {
	if e.visits += n; e.visits > maxVisits {
		return errTooManyVisits
	}
	return nil
}

// Values of expressions are []*Node, string, float64 and bool.

func toBool(v any) bool {
	switch t := v.(type) {
	case []*Node:
		return len(t) > 0
	case string:
		return t != ""
	case float64:
		return t != 0 && !math.IsNaN(t)
	}
	return v == true
}

func toNumber(v any) float64 {
	switch t := v.(type) {
	case float64:
		return t
	case bool:
		if t {
			return 1
		}
		return 0
	}
	return parseNumber(toString(v))
}

// parseNumber reads XPath's numbers, which have neither plus sign nor exponent.
func parseNumber(s string) float64 {
	s = strings.Trim(s, " \t\r\n")
	digits := strings.TrimPrefix(s, "-")
	if digits == "" || digits == "." || strings.Trim(digits, "0123456789.") != "" || strings.Count(digits, ".") > 1 {
		return math.NaN()
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return math.NaN()
	}
	return f
}

func toString(v any) string {
	switch t := v.(type) {
	case []*Node:
		if len(t) == 0 {
			return ""
		}
		first := t[0]
		for _, n := range t[1:] {
			if n.order < first.order {
				first = n
			}
		}
		return first.stringValue()
	case string:
		return t
	case bool:
		return strconv.FormatBool(t)
	case float64:
		return numberText(t)
	}
	return ""
}

func numberText(f float64) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	case f == 0:
		return "0"
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}

// stringValue is the node's value in XPath. A text counts together with those that adjoin it.
func (n *Node) stringValue() string {
	if !n.textual() {
		return n.TextContent()
	}
	siblings := n.Parent.Children
	i := n.index()
	if i+1 >= len(siblings) || !siblings[i+1].textual() {
		return n.Value
	}
	var b strings.Builder
	for ; i < len(siblings) && siblings[i].textual(); i++ {
		b.WriteString(siblings[i].Value)
	}
	return b.String()
}

func compareValues(op string, a, b any) bool {
	x, xNodes := a.([]*Node)
	y, yNodes := b.([]*Node)
	switch {
	case xNodes && yNodes:
		for _, m := range x {
			for _, n := range y {
				if compareAtoms(op, m.stringValue(), n.stringValue()) {
					return true
				}
			}
		}
		return false
	case xNodes:
		return compareNodes(op, x, b, false)
	case yNodes:
		return compareNodes(op, y, a, true)
	}
	return compareAtoms(op, a, b)
}

func compareNodes(op string, nodes []*Node, v any, swapped bool) bool {
	if b, ok := v.(bool); ok {
		if swapped {
			return compareAtoms(op, b, len(nodes) > 0)
		}
		return compareAtoms(op, len(nodes) > 0, b)
	}
	for _, n := range nodes {
		left, right := any(n.stringValue()), v
		if _, number := v.(float64); number {
			left = toNumber(left)
		}
		if swapped {
			left, right = right, left
		}
		if compareAtoms(op, left, right) {
			return true
		}
	}
	return false
}

func compareAtoms(op string, a, b any) bool {
	if op == "=" || op == "!=" {
		var equal bool
		_, aBool := a.(bool)
		_, bBool := b.(bool)
		_, aNumber := a.(float64)
		_, bNumber := b.(float64)
		switch {
		case aBool || bBool:
			equal = toBool(a) == toBool(b)
		case aNumber || bNumber:
			x, y := toNumber(a), toNumber(b)
			if op == "!=" {
				return x != y
			}
			return x == y
		default:
			equal = toString(a) == toString(b)
		}
		return equal == (op == "=")
	}
	x, y := toNumber(a), toNumber(b)
	switch op {
	case "<":
		return x < y
	case "<=":
		return x <= y
	case ">":
		return x > y
	}
	return x >= y
}
