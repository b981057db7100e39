package template

type scopeKind uint8

const (
	plainScope       scopeKind = iota
	blockParamScope            // the names of "as |a b|"
	parentFirstScope           // a scope inside one with block parameters: the parameters come first
	partialScopeKind           // inside a partial: its hash comes first
)

// scope is Handlebars.java's Context: a model, the variables that helpers like each lay beside it, and the scope around.
type scope struct {
	kind   scopeKind
	model  any
	extra  []entry // @index and the like; the hash of a partial
	parent *scope
}

// null is a value that was found and is null. It ends the search in the enclosing scopes; get never returns it.
type null struct{}

func (s *scope) child(model any) *scope {
	kind := plainScope
	if s.kind == blockParamScope || s.kind == parentFirstScope {
		kind = parentFirstScope
	}
	return &scope{kind: kind, model: model, parent: s}
}

// withParams lays block parameters over the scope; values beyond the names, and names beyond the values, are ignored.
func (s *scope) withParams(names []string, values ...any) *scope {
	m := newMap(hashMap, min(len(names), len(values)))
	for i := 0; i < len(names) && i < len(values); i++ {
		m.put(names[i], values[i])
	}
	m.order()
	return &scope{kind: blockParamScope, model: m, parent: s}
}

func partialScope(r *render, s *scope, p path, hash []entry) *scope {
	return &scope{kind: partialScopeKind, model: s.get(r, p), extra: hash, parent: s}
}

// get looks a path up, in this scope and then in those around it.
func (s *scope) get(r *render, p path) any {
	if len(p) == 0 {
		return nil
	}
	var v any
	switch s.kind {
	case blockParamScope:
		if len(p) == 1 && p[0].name == "this" {
			return s.parent.model
		}
		if p[0].name[0] == '.' && len(p) > 1 {
			return s.parent.get(r, p[1:])
		}
	case parentFirstScope:
		if v = s.parent.get(r, p); v != nil {
			return v
		}
	case partialScopeKind:
		if p[0].name != "this" {
			hash := &scope{model: entries(s.extra)}
			if v = hash.getPlain(r, p, false); v != nil {
				return v
			}
		}
	}
	return s.getPlain(r, p, true)
}

func (s *scope) getPlain(r *render, p path, data bool) any {
	var v any
	if p[0].local() {
		i := 0
		v = r.walk(p, &i, s, s.model)
	} else {
		for it := s; v == nil && it != nil; it = it.parent {
			v = r.eval(p, it, it.model)
			if v == nil && len(it.extra) > 0 && it.kind != partialScopeKind {
				v = r.eval(p, nil, entries(it.extra))
			}
			if v == nil && data && len(r.data) > 0 {
				v = r.eval(p, it, entries(r.data))
			}
		}
	}
	if _, isNull := v.(null); isNull {
		return nil
	}
	return v
}

// entries is a small map in the order of insertion, looked through in that order.
type entries []entry

func (e entries) get(name string) any {
	for i := range e {
		if e[i].key == name {
			return e[i].value
		}
	}
	return nil
}

// eval walks the whole path; a path of several segments that was entered and leads nowhere is null.
func (r *render) eval(p path, s *scope, data any) any {
	i := 0
	v := r.walk(p, &i, s, data)
	if v == nil && i > 1 {
		return null{}
	}
	return v
}

// walk follows the segments from *i on, starting at data.
func (r *render) walk(p path, i *int, s *scope, data any) any {
	for data != nil && *i < len(p) {
		seg := &p[*i]
		*i++
		switch seg.kind {
		case segThis:
		case segResolveThis:
			return data
		case segParent:
			if s == nil || s.parent == nil {
				return nil
			}
			return s.parent.get(r, p[*i:])
		case segResolveParent:
			if s == nil || s.parent == nil {
				return nil
			}
			if _, ok := s.parent.model.(*Map); ok {
				return s.parent.model
			}
			return data
		case segData:
			v := r.property(data, seg.name)
			if v == nil {
				v = r.property(data, seg.name[1:])
			}
			data = v
		case segIndex:
			if l, ok := data.(*List); ok {
				v, ok := l.at(seg.index)
				if !ok {
					return nil
				}
				data = v
				continue
			}
			data = r.property(data, seg.name)
		default:
			data = r.property(data, seg.name)
		}
	}
	return data
}
