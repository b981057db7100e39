package xmlmatch

import (
	"math"
	"slices"
	"strings"
)

// functionCall is a function of XPath's core library on evaluated arguments.
type functionCall func(c context, args []any) (any, error)

type coreFunction struct {
	min, max int
	call     functionCall
	walks    bool // its argument is evaluated by evaluator.walked
}

const anyNumber = 1 << 20

func functionOf(name string) (coreFunction, bool) {
	if f, ok := nodeFunction(name); ok {
		return f, true
	}
	if f, ok := stringFunction(name); ok {
		return f, true
	}
	return valueFunction(name)
}

func nodeFunction(name string) (coreFunction, bool) {
	named := func(f func(*Node) string) coreFunction {
		return coreFunction{min: 0, max: 1, walks: true, call: func(c context, args []any) (any, error) {
			n := c.node
			if len(args) == 1 {
				nodes, ok := args[0].([]*Node)
				if !ok {
					return nil, errNoNodes
				}
				if len(nodes) == 0 {
					return "", nil
				}
				n = nodes[0]
			}
			return f(n), nil
		}}
	}
	switch name {
	case "last":
		return coreFunction{min: 0, max: 0, call: func(c context, _ []any) (any, error) { return float64(c.size), nil }}, true
	case "position":
		return coreFunction{min: 0, max: 0, call: func(c context, _ []any) (any, error) { return float64(c.position), nil }}, true
	case "count":
		return coreFunction{min: 1, max: 1, call: func(_ context, args []any) (any, error) {
			nodes, ok := args[0].([]*Node)
			if !ok {
				return nil, errNoNodes
			}
			return float64(len(nodes)), nil
		}}, true
	case "id":
		return coreFunction{min: 1, max: 1, call: func(context, []any) (any, error) { return []*Node{}, nil }}, true
	case "name":
		return named(func(n *Node) string { return n.Name }), true
	case "local-name":
		return named(func(n *Node) string { return n.Local }), true
	case "namespace-uri":
		return named(func(n *Node) string { return n.Space }), true
	case "sum":
		return coreFunction{min: 1, max: 1, call: func(_ context, args []any) (any, error) {
			nodes, ok := args[0].([]*Node)
			if !ok {
				return nil, errNoNodes
			}
			total := 0.0
			for _, n := range nodes {
				total += parseNumber(n.stringValue())
			}
			return total, nil
		}}, true
	}
	return coreFunction{}, false
}

// self is the first argument, or else the context node's value.
func self(c context, args []any) any {
	if len(args) > 0 {
		return args[0]
	}
	return c.node.stringValue()
}

func stringFunction(name string) (coreFunction, bool) {
	two := func(f func(a, b string) any) coreFunction {
		return coreFunction{min: 2, max: 2, call: func(_ context, args []any) (any, error) { return f(toString(args[0]), toString(args[1])), nil }}
	}
	switch name {
	case "string":
		return coreFunction{min: 0, max: 1, call: func(c context, args []any) (any, error) { return toString(self(c, args)), nil }}, true
	case "concat":
		return coreFunction{min: 2, max: anyNumber, call: func(_ context, args []any) (any, error) {
			var b strings.Builder
			for _, a := range args {
				b.WriteString(toString(a))
			}
			return b.String(), nil
		}}, true
	case "starts-with":
		return two(func(a, b string) any { return strings.HasPrefix(a, b) }), true
	case "contains":
		return two(func(a, b string) any { return strings.Contains(a, b) }), true
	case "substring-before":
		return two(func(a, b string) any {
			before, _, ok := strings.Cut(a, b)
			if !ok {
				return ""
			}
			return before
		}), true
	case "substring-after":
		return two(func(a, b string) any {
			_, after, _ := strings.Cut(a, b)
			return after
		}), true
	case "substring":
		return coreFunction{min: 2, max: 3, call: func(_ context, args []any) (any, error) { return substring(args), nil }}, true
	case "string-length":
		return coreFunction{min: 0, max: 1, call: func(c context, args []any) (any, error) {
			return float64(len([]rune(toString(self(c, args))))), nil
		}}, true
	case "normalize-space":
		return coreFunction{min: 0, max: 1, call: func(c context, args []any) (any, error) {
			return strings.Join(strings.FieldsFunc(toString(self(c, args)), func(r rune) bool { return r < 0x80 && isSpace(byte(r)) }), " "), nil
		}}, true
	case "translate":
		return coreFunction{min: 3, max: 3, call: func(_ context, args []any) (any, error) {
			return translate(toString(args[0]), []rune(toString(args[1])), []rune(toString(args[2]))), nil
		}}, true
	}
	return coreFunction{}, false
}

func substring(args []any) string {
	from := round(toNumber(args[1]))
	to := math.Inf(1)
	if len(args) == 3 {
		to = from + round(toNumber(args[2]))
	}
	var b strings.Builder
	for i, r := range []rune(toString(args[0])) {
		if p := float64(i + 1); p >= from && p < to {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func translate(s string, from, to []rune) string {
	return strings.Map(func(r rune) rune {
		switch i := slices.Index(from, r); {
		case i < 0:
			return r
		case i < len(to):
			return to[i]
		}
		return -1
	}, s)
}

// round is XPath's: halves go up.
func round(f float64) float64 {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return f
	}
	return math.Floor(f + 0.5)
}

func valueFunction(name string) (coreFunction, bool) {
	number := func(f func(float64) float64) coreFunction {
		return coreFunction{min: 1, max: 1, call: func(_ context, args []any) (any, error) { return f(toNumber(args[0])), nil }}
	}
	constant := func(v bool) coreFunction {
		return coreFunction{min: 0, max: 0, call: func(context, []any) (any, error) { return v, nil }}
	}
	switch name {
	case "boolean":
		return coreFunction{min: 1, max: 1, call: func(_ context, args []any) (any, error) { return toBool(args[0]), nil }}, true
	case "not":
		return coreFunction{min: 1, max: 1, call: func(_ context, args []any) (any, error) { return !toBool(args[0]), nil }}, true
	case "true":
		return constant(true), true
	case "false":
		return constant(false), true
	case "lang":
		return coreFunction{min: 1, max: 1, call: func(c context, args []any) (any, error) { return speaks(c.node, toString(args[0])), nil }}, true
	case "number":
		return coreFunction{min: 0, max: 1, call: func(c context, args []any) (any, error) { return toNumber(self(c, args)), nil }}, true
	case "floor":
		return number(math.Floor), true
	case "ceiling":
		return number(math.Ceil), true
	case "round":
		return number(round), true
	}
	return coreFunction{}, false
}

// speaks reports whether xml:lang of the node or an element around it is the language or a part of it.
func speaks(n *Node, language string) bool {
	for ; n != nil; n = n.Parent {
		for _, a := range n.Attrs {
			if a.Name == "xml:lang" {
				have, want := strings.ToLower(a.Value), strings.ToLower(language)
				return have == want || strings.HasPrefix(have, want+"-")
			}
		}
	}
	return false
}
