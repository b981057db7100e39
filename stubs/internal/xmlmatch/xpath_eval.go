package xmlmatch

import (
	"errors"
	"math"
	"slices"
)

var errNoNodes = errors.New("the XPath expression wants nodes where it gets none")

func (e *evaluator) eval(x expr, c context) (any, error) {
	switch t := x.(type) {
	case literalExpr:
		return string(t), nil
	case numberExpr:
		return float64(t), nil
	case negateExpr:
		v, err := e.eval(t.operand, c)
		return -toNumber(v), err
	case binaryExpr:
		return e.binary(t, c)
	case callExpr:
		args := make([]any, len(t.args))
		for i, a := range t.args {
			eval := e.eval
			if t.walks {
				eval = e.walked
			}
			v, err := eval(a, c)
			if err != nil {
				return nil, err
			}
			args[i] = v
		}
		return t.call(c, args)
	case filterExpr:
		nodes, err := e.nodes(t.base, c)
		if err != nil {
			return nil, err
		}
		return e.filter(sortNodes(nodes), t.predicates)
	case *pathExpr:
		return e.path(t, c)
	}
	return nil, errNoNodes
}

func (e *evaluator) nodes(x expr, c context) ([]*Node, error) {
	v, err := e.eval(x, c)
	nodes, ok := v.([]*Node)
	if err == nil && !ok {
		err = errNoNodes
	}
	return nodes, err
}

func (e *evaluator) binary(x binaryExpr, c context) (any, error) {
	left, err := e.eval(x.left, c)
	if err != nil {
		return nil, err
	}
	switch x.op {
	case "or":
		if toBool(left) {
			return true, nil
		}
	case "and":
		if !toBool(left) {
			return false, nil
		}
	}
	right, err := e.eval(x.right, c)
	if err != nil {
		return nil, err
	}
	switch x.op {
	case "or", "and":
		return toBool(right), nil
	case "|":
		a, ok := left.([]*Node)
		b, ok2 := right.([]*Node)
		if !ok || !ok2 {
			return nil, errNoNodes
		}
		return sortNodes(slices.Concat(a, b)), nil
	case "+":
		return toNumber(left) + toNumber(right), nil
	case "-":
		return toNumber(left) - toNumber(right), nil
	case "*":
		return toNumber(left) * toNumber(right), nil
	case "div":
		return toNumber(left) / toNumber(right), nil
	case "mod":
		return math.Mod(toNumber(left), toNumber(right)), nil
	}
	if a, ok := left.([]*Node); ok {
		if b, ok := right.([]*Node); ok {
			if err := e.visit(len(a) * len(b)); err != nil {
				return nil, err
			}
		}
	}
	return compareValues(x.op, left, right), nil
}

// sortNodes puts nodes in document order, each once.
func sortNodes(nodes []*Node) []*Node {
	byOrder := func(a, b *Node) int { return a.order - b.order }
	if !slices.IsSortedFunc(nodes, byOrder) {
		nodes = slices.Clone(nodes)
		slices.SortFunc(nodes, byOrder)
	}
	return slices.Compact(nodes)
}

func (e *evaluator) path(p *pathExpr, c context) (any, error) {
	nodes := []*Node{c.node}
	switch {
	case p.absolute:
		nodes = []*Node{e.doc.Root}
	case p.base != nil:
		var err error
		if nodes, err = e.nodes(p.base, c); err != nil {
			return nil, err
		}
	}
	for _, s := range p.steps {
		var next []*Node
		for _, n := range nodes {
			found, err := e.step(s, n, p.written && !e.doc.Namespaces)
			if err != nil {
				return nil, err
			}
			next = append(next, found...)
		}
		nodes = sortNodes(next)
	}
	if p.byType() {
		nodes = slices.DeleteFunc(nodes, (*Node).onlyCDATA)
	}
	return nodes, nil
}

// byType tells the paths that the JDK evaluates by looking for nodes whose type is text, which CDATA sections have not:
// //text(), .//text() and /descendant::text().
func (p *pathExpr) byType() bool {
	steps := p.steps
	if p.base != nil || len(steps) == 0 {
		return false
	}
	below := p.absolute
	if !below && steps[0].axis == "self" && steps[0].test.kind == "node" {
		below, steps = true, steps[1:]
	}
	if !below || len(steps) == 0 || steps[len(steps)-1].test.kind != "text" || steps[len(steps)-1].predicates != nil {
		return false
	}
	switch len(steps) {
	case 1:
		return p.absolute && steps[0].axis == "descendant"
	case 2:
		return steps[0].axis == "descendant-or-self" && steps[0].test.kind == "node" && steps[1].axis == "child"
	}
	return false
}

// step gives the nodes of a step from n, in the order of its axis. With written, names are compared with their prefix.
func (e *evaluator) step(s pathStep, n *Node, written bool) ([]*Node, error) {
	var found []*Node
	visited := 1
	each(s.axis, n, func(m *Node) {
		visited++
		if s.test.fits(m, s.axis) && (!written || s.test.kind != "" || m.Name == s.test.local) {
			found = append(found, m)
		}
	})
	if err := e.visit(visited); err != nil {
		return nil, err
	}
	return e.filter(found, s.predicates)
}

func (e *evaluator) filter(nodes []*Node, predicates []expr) ([]*Node, error) {
	for _, p := range predicates {
		var kept []*Node
		for i, n := range nodes {
			v, err := e.eval(p, context{n, i + 1, len(nodes)})
			if err != nil {
				return nil, err
			}
			if f, ok := v.(float64); ok && f == float64(i+1) || !ok && toBool(v) {
				kept = append(kept, n)
			}
		}
		nodes = kept
	}
	return nodes, nil
}

func (t nodeTest) fits(n *Node, axis string) bool {
	switch t.kind {
	case "node":
		return true
	case "text":
		return n.textual()
	case "comment":
		return n.Kind == Comment
	case "processing-instruction":
		return n.Kind == Instruction && (t.local == "" || t.local == n.Name)
	}
	if axis == "attribute" && n.Kind != Attribute || axis != "attribute" && n.Kind != Element {
		return false
	}
	return t.anySpace || t.space == n.Space && (t.local == "" || t.local == n.Local)
}

func isAxis(name string) bool {
	switch name {
	case "child", "descendant", "parent", "ancestor", "following-sibling", "preceding-sibling", "following", "preceding",
		"attribute", "self", "descendant-or-self", "ancestor-or-self", "namespace":
		return true
	}
	return false
}

// each hands the nodes of an axis to found; those of reverse axes from the nearest on.
func each(axis string, n *Node, found func(*Node)) {
	switch axis {
	case "self":
		found(n)
	case "child":
		eachChild(n, found)
	case "descendant":
		descendants(n, found)
	case "descendant-or-self":
		found(n)
		descendants(n, found)
	case "parent":
		if n.Parent != nil {
			found(n.Parent)
		}
	case "ancestor", "ancestor-or-self":
		if axis == "ancestor-or-self" {
			found(n)
		}
		for p := n.Parent; p != nil; p = p.Parent {
			found(p)
		}
	case "attribute":
		for _, a := range n.Attrs {
			if !a.declaration() {
				found(a)
			}
		}
	case "following-sibling":
		siblings(n, 1, found)
	case "preceding-sibling":
		siblings(n, -1, found)
	case "following":
		if n.Kind == Attribute {
			n = n.Parent
			descendants(n, found)
		}
		for ; n.Parent != nil; n = n.Parent {
			siblings(n, 1, func(m *Node) {
				found(m)
				descendants(m, found)
			})
		}
	case "preceding":
		if n.Kind == Attribute {
			n = n.Parent
		}
		for ; n.Parent != nil; n = n.Parent {
			siblings(n, -1, func(m *Node) {
				var below []*Node
				descendants(m, func(d *Node) { below = append(below, d) })
				for _, d := range slices.Backward(below) {
					found(d)
				}
				found(m)
			})
		}
	}
}

// eachChild leaves out texts that only go on with the one before, which is one node to XPath.
func eachChild(n *Node, found func(*Node)) {
	for i, c := range n.Children {
		if i == 0 || !c.textual() || !n.Children[i-1].textual() {
			found(c)
		}
	}
}

func descendants(n *Node, found func(*Node)) {
	eachChild(n, func(c *Node) {
		found(c)
		descendants(c, found)
	})
}

func siblings(n *Node, direction int, found func(*Node)) {
	if n.Parent == nil || n.Kind == Attribute {
		return
	}
	all := n.Parent.Children
	for i := n.index() + direction; i >= 0 && i < len(all); i += direction {
		if !all[i].textual() || i == 0 || !all[i-1].textual() {
			found(all[i])
		}
	}
}
