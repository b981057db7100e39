package jsonpath

import (
	"errors"
)

// predicate is a compiled filter, or a part of one.
type predicate interface {
	test(item, root any) (bool, error)
}

type (
	orPredicate  []predicate
	andPredicate []predicate
	notPredicate struct{ predicate }

	// exists asks whether a path leads to something, or with !, that it does not.
	exists struct {
		path     *Path
		positive bool
	}
	relation struct {
		left  node
		holds evaluator
		right node
	}
)

// accepts tests an item. What Jayway refuses as an invalid path or an unfit operand makes the whole filter false;
// other errors end the evaluation.
func accepts(p predicate, item, root any) (bool, error) {
	ok, err := p.test(item, root)
	if refused := (*PathError)(nil); errors.As(err, &refused) || errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return ok, err
}

func (ps orPredicate) test(item, root any) (bool, error) {
	for _, p := range ps {
		if ok, err := p.test(item, root); ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

func (ps andPredicate) test(item, root any) (bool, error) {
	for _, p := range ps {
		if ok, err := p.test(item, root); !ok || err != nil {
			return false, err
		}
	}
	return true, nil
}

func (p notPredicate) test(item, root any) (bool, error) {
	ok, err := p.predicate.test(item, root)
	return !ok && err == nil, err
}

func (p *exists) test(item, root any) (bool, error) {
	_, err := p.path.find(item, root, true) // Jayway starts even a $ path at the item here
	if err != nil && !errors.Is(err, ErrNotFound) {
		return false, err
	}
	return (err == nil) == p.positive, nil
}

func (p *relation) test(item, root any) (bool, error) {
	left, err := resolve(p.left, item, root)
	if err != nil {
		return false, err
	}
	right, err := resolve(p.right, item, root)
	if err != nil {
		return false, err
	}
	return p.holds(left, right)
}

// resolve evaluates a path operand; every other node stands for itself.
func resolve(n node, item, root any) (node, error) {
	path, ok := n.(*pathNode)
	if !ok {
		return n, nil
	}
	doc := item
	if path.path.root == '$' {
		doc = root
	}
	v, err := path.path.find(doc, root, false)
	if errors.Is(err, ErrNotFound) {
		return undefinedNode{}, nil
	}
	if err != nil {
		return nil, err
	}
	return valueNode(v), nil
}
