package xmlmatch

import "slices"

// walked evaluates an expression whose first node is all that counts, as the JDK does for the functions that tell names: it
// walks down a path's steps until it has gone through all of them. For //*[2], say, that need not be the first node in
// document order. Steps backwards, and other expressions, are sorted.
func (e *evaluator) walked(x expr, c context) (any, error) {
	p, ok := x.(*pathExpr)
	if !ok || p.base != nil || p.byType() || p.descends() {
		v, err := e.eval(x, c)
		if nodes, ok := v.([]*Node); ok && err == nil {
			v = sortNodes(nodes)
		}
		return v, err
	}
	for _, s := range p.steps {
		switch s.axis {
		case "ancestor", "ancestor-or-self", "parent", "preceding", "preceding-sibling":
			return e.path(p, c)
		}
	}
	start := c.node
	if p.absolute {
		start = e.doc.Root
	}
	return e.walk(p, p.steps, start)
}

func (e *evaluator) walk(p *pathExpr, steps []pathStep, n *Node) ([]*Node, error) {
	if len(steps) == 0 {
		return []*Node{n}, nil
	}
	found, err := e.step(steps[0], n, p.written && !e.doc.Namespaces)
	if err != nil {
		return nil, err
	}
	for _, next := range found {
		if end, err := e.walk(p, steps[1:], next); err != nil || end != nil {
			return end, err
		}
	}
	return nil, nil
}

// descends tells the paths //x and .//x, which the JDK takes for one step unless a predicate asks for a position.
func (p *pathExpr) descends() bool {
	steps := p.steps
	if !p.absolute && len(steps) > 0 && steps[0].axis == "self" {
		steps = steps[1:]
	}
	return len(steps) == 2 && steps[0].axis == "descendant-or-self" && steps[1].axis == "child" && !slices.ContainsFunc(steps[1].predicates, positional)
}
