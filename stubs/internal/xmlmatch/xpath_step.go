package xmlmatch

import (
	"fmt"
	"strings"
)

func (p *xpathParser) relative(path *pathExpr) error {
	for {
		step, err := p.step()
		if err != nil {
			return err
		}
		path.steps = append(path.steps, step)
		switch {
		case p.symbol("//"):
			path.steps = append(path.steps, pathStep{axis: "descendant-or-self", test: nodeTest{kind: "node"}})
		case !p.symbol("/"):
			return nil
		}
		if err := p.next(); err != nil {
			return err
		}
	}
}

func (p *xpathParser) step() (pathStep, error) {
	s := pathStep{axis: "child"}
	switch {
	case p.symbol("."):
		s.axis, s.test.kind = "self", "node"
		return s, p.next()
	case p.symbol(".."):
		s.axis, s.test.kind = "parent", "node"
		return s, p.next()
	case p.symbol("@"):
		s.axis = "attribute"
		if err := p.next(); err != nil {
			return s, err
		}
	case p.kind == tokenName && p.follows("::"):
		if s.axis = p.text; !isAxis(s.axis) {
			return s, fmt.Errorf("there is no axis %s", s.axis)
		}
		if err := p.next(); err != nil {
			return s, err
		}
		if err := p.next(); err != nil {
			return s, err
		}
	}
	var err error
	if s.test, err = p.nodeTest(); err != nil {
		return s, err
	}
	s.predicates, err = p.predicates()
	return s, err
}

func (p *xpathParser) nodeTest() (nodeTest, error) {
	t := nodeTest{}
	name := p.text
	switch {
	case p.kind == tokenStar:
		t.anySpace = true
		return t, p.next()
	case p.kind != tokenName:
		return t, fmt.Errorf("expected a name, found %q", name)
	case isNodeType(name) && p.follows("("):
		return p.typeTest(name)
	}
	t.local = name
	if prefix, local, ok := strings.Cut(name, ":"); ok {
		uri, known := p.spaces[prefix]
		switch {
		case !known && p.spaces != nil:
			return t, fmt.Errorf("prefix must resolve to a namespace: %s", prefix)
		case !known: // the JDK then takes the prefix itself for the namespace, which nothing is in
			uri = prefix
		}
		t.space, t.local = uri, strings.TrimPrefix(local, "*")
	}
	return t, p.next()
}

func (p *xpathParser) typeTest(name string) (nodeTest, error) {
	t := nodeTest{kind: name}
	if err := p.next(); err != nil {
		return t, err
	}
	if err := p.expect("("); err != nil {
		return t, err
	}
	if name == "processing-instruction" && p.kind == tokenLiteral {
		t.local = p.text
		if err := p.next(); err != nil {
			return t, err
		}
	}
	return t, p.expect(")")
}

func (p *xpathParser) predicates() ([]expr, error) {
	var out []expr
	for p.symbol("[") {
		if err := p.next(); err != nil {
			return nil, err
		}
		e, err := p.binary(0)
		if err != nil {
			return nil, err
		}
		out = append(out, e)
		if err := p.expect("]"); err != nil {
			return nil, err
		}
	}
	return out, nil
}
