package jsonpath

// FindLeafToNull is [Path.Find] with Jayway's option DEFAULT_PATH_LEAF_TO_NULL: a name that is missing at the end of the
// path is null. So "$..x" gives null for every object without x, and a definite path nil where the last name is missing.
func (p *Path) FindLeafToNull(doc any) (result any, definite bool, err error) {
	e := &evaluation{path: p, root: doc, leafToNull: true}
	if err := e.start(doc); err != nil {
		return nil, p.definite, err
	}
	if !p.definite {
		if e.results == nil {
			return []any{}, false, nil
		}
		return e.results, false, nil
	}
	if len(e.results) == 0 {
		return nil, true, notFound("No results for path: " + p.fragments())
	}
	return e.results[len(e.results)-1], true, nil
}

// Locate gives the places of what the path leads to, in the order in which Find gives the values: each a list of member
// names (string) and indexes (int) from the root. What a function computes has the place of its operand. The error is that
// of Find, ErrNotFound for a definite path that leads nowhere.
func (p *Path) Locate(doc any) ([][]any, error) {
	e := &evaluation{path: p, root: doc, located: true}
	if err := e.start(doc); err != nil {
		return nil, err
	}
	if len(e.places) == 0 && p.definite {
		return nil, notFound("No results for path: " + p.fragments())
	}
	return e.places, nil
}

func (e *evaluation) start(doc any) error {
	if len(e.path.steps) == 0 {
		e.add(doc)
		return nil
	}
	return e.step(0, doc)
}
