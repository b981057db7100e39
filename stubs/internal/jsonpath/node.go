package jsonpath

import (
	"errors"
	"strconv"
	"strings"

	"github.com/envd-dev/envd/stubs/internal/javaregex"
	"github.com/envd-dev/envd/stubs/internal/jsondoc"
)

// node is an operand of a filter's relation. equals is Jayway's, which is not symmetric.
type node interface {
	equals(other node) (bool, error)
}

type (
	undefinedNode struct{}
	nullNode      struct{}
	boolNode      bool
	stringNode    string
	numberNode    jsondoc.Number
	patternNode   struct{ re *javaregex.Regexp }

	// jsonNode is an object or a list; literal is its text where it stands in the filter itself.
	jsonNode struct {
		value   any
		literal string
		err     error // of parsing the literal, told when it is used
	}
	pathNode struct {
		path     *Path
		positive bool // no ! in front
	}
	listNode []node
)

// valueNode is the node of a value that a path led to.
func valueNode(v any) node {
	switch t := v.(type) {
	case nil:
		return nullNode{}
	case bool:
		return boolNode(t)
	case string:
		return stringNode(t)
	case jsondoc.Number:
		return numberNode(javaNumber(t))
	case float64:
		return numberNode(jsondoc.FormatDouble(t))
	case int:
		return numberNode(strconv.Itoa(t))
	}
	return &jsonNode{value: v}
}

// elementNode is the node of an element of a list. Jayway guesses what a string in a list is.
func elementNode(v any) (node, error) {
	switch t := v.(type) {
	case string:
		trimmed := strings.TrimSpace(t)
		if strings.HasPrefix(trimmed, "$") || strings.HasPrefix(trimmed, "@") {
			if p, err := compile(trimmed); err == nil && len(trimmed) <= maxLength {
				return &pathNode{path: p}, nil
			}
		}
		if n := len(trimmed); n > 1 && (trimmed[0] == '[' && trimmed[n-1] == ']' || trimmed[0] == '{' && trimmed[n-1] == '}') {
			if parsed, err := jsondoc.DecodeLenient(trimmed); err == nil {
				return &jsonNode{value: parsed, literal: t}, nil
			}
		}
		if n := len(t); n > 1 {
			if c := t[0]; c == t[n-1] && (c == '\'' || c == '"') {
				t = t[1 : n-1]
			}
			s, err := unescape(t)
			return stringNode(s), err
		}
		return stringNode(t), nil
	case *Object, []any:
		return nil, errors.New("Could not determine value type")
	}
	return valueNode(v), nil
}

func (undefinedNode) equals(node) (bool, error) { return false, nil }

func (nullNode) equals(other node) (bool, error) {
	_, ok := other.(nullNode)
	return ok, nil
}

func (n boolNode) equals(other node) (bool, error) { return other == n, nil }

func (n *patternNode) equals(other node) (bool, error) { return other == n, nil }

func (n *pathNode) equals(node) (bool, error) { return false, nil }

func (n stringNode) equals(other node) (bool, error) {
	switch t := other.(type) {
	case stringNode:
		return t == n, nil
	case numberNode:
		return string(n) == bigDecimalString(jsondoc.Number(t)), nil
	}
	return false, nil
}

func (n numberNode) equals(other node) (bool, error) {
	m, ok := other.(numberNode)
	if s, isString := other.(stringNode); isString {
		if _, _, ok := jsondoc.Number(s).Decimal(); !ok || s == "" {
			return false, nil
		}
		m, ok = numberNode(s), true
	}
	return ok && jsondoc.Number(n).Compare(jsondoc.Number(m)) == 0, nil
}

func (n *jsonNode) equals(other node) (bool, error) {
	m, ok := other.(*jsonNode)
	if !ok {
		return false, nil
	}
	if n.literal != "" {
		return n.literal == m.literal, nil
	}
	return m.literal == "" && sameValue(n.value, m.value), nil
}

func (n listNode) equals(other node) (bool, error) {
	m, ok := other.(listNode)
	if !ok || len(m) != len(n) {
		return false, nil
	}
	for i := range n {
		if same, err := n[i].equals(m[i]); !same || err != nil {
			return false, err
		}
	}
	return true, nil
}

// list is the node as a list of nodes; ok is false for what is no list.
func (n *jsonNode) list() (l listNode, ok bool, err error) {
	if n.err != nil {
		return nil, false, n.err
	}
	values, ok := n.value.([]any)
	if !ok {
		return nil, false, nil
	}
	l = make(listNode, len(values))
	for i, v := range values {
		if l[i], err = elementNode(v); err != nil {
			return nil, false, err
		}
	}
	return l, true, nil
}

func (n listNode) contains(wanted node) (bool, error) {
	for _, m := range n {
		if same, err := wanted.equals(m); same || err != nil {
			return same, err
		}
	}
	return false, nil
}

// sameValue is Java's equality of json-smart values: an Integer is no Long and no Double.
func sameValue(a, b any) bool {
	switch x := a.(type) {
	case *Object:
		y, ok := b.(*Object)
		if !ok || x.Len() != y.Len() {
			return false
		}
		for _, m := range x.Members() {
			if v, ok := y.Get(m.Name); !ok || !sameValue(m.Value, v) {
				return false
			}
		}
		return true
	case []any:
		y, ok := b.([]any)
		if !ok || len(x) != len(y) {
			return false
		}
		for i := range x {
			if !sameValue(x[i], y[i]) {
				return false
			}
		}
		return true
	case jsondoc.Number:
		y, ok := b.(jsondoc.Number)
		return ok && x.Integer() == y.Integer() && javaNumber(x) == javaNumber(y)
	}
	return a == b
}
