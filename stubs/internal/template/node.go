package template

import (
	"strings"
)

// node is a part of a compiled template. It is immutable; render writes to r.
type node interface {
	render(r *render, s *scope) error
	source(b *strings.Builder) // its text, normalised, as raw blocks show it
}

func sourceOf(n node) string {
	var b strings.Builder
	n.source(&b)
	return b.String()
}

type text struct {
	text, escape string
}

func (n *text) render(r *render, _ *scope) error { return r.write(n.text) }

func (n *text) source(b *strings.Builder) { b.WriteString(n.escape + n.text) }

// list is a sequence of nodes. Its decorators are the children that touch the inline partials; they go first.
type list struct {
	nodes      []node
	decorators []node
}

func (n *list) add(child node) {
	switch child := child.(type) {
	case *text:
		if last := len(n.nodes) - 1; last >= 0 {
			if prev, ok := n.nodes[last].(*text); ok && prev.escape == "" && child.escape == "" {
				prev.text += child.text
				return
			}
		}
	case *inlineBlock, *inlineVariable, *partial:
		n.decorators = append(n.decorators, child)
	}
	n.nodes = append(n.nodes, child)
}

func (n *list) render(r *render, s *scope) error {
	if n.decorates() {
		defer n.undefine(r)
		if err := n.define(r, s); err != nil {
			return err
		}
	}
	for _, child := range n.nodes {
		if err := child.render(r, s); err != nil {
			return err
		}
	}
	return nil
}

// define does what the decorators do before anything is rendered: inline partials are defined, and every call of a
// partial opens a place for more.
func (n *list) define(r *render, s *scope) error {
	for _, d := range n.decorators {
		switch d := d.(type) {
		case *inlineBlock:
			if err := d.define(r, s); err != nil {
				return err
			}
		case *partial:
			r.pushInline()
		}
	}
	return nil
}

// undefine closes the places that define opened. Those that an inline partial opened for calls inside it stay open, as
// in the original.
func (n *list) undefine(r *render) {
	for _, d := range n.decorators {
		if _, ok := d.(*partial); ok {
			r.popInline()
		}
	}
}

func (n *list) source(b *strings.Builder) {
	for _, child := range n.nodes {
		child.source(b)
	}
}

// param is an argument: a literal, a path or a subexpression.
type param struct {
	text    string // as written
	literal any
	path    path
	call    *call
}

func (a *param) value(r *render, s *scope) (any, error) {
	switch {
	case a.call != nil:
		return a.call.value(r, s)
	case a.path != nil:
		return s.get(r, a.path), nil
	}
	return a.literal, nil
}

type hashParam struct {
	name  string
	value param
}

// call is a name with its arguments: a lookup, or a helper when there is one of that name.
type call struct {
	name    string
	at      token
	order   int // of its name among the tokens
	path    path
	helper  helper
	params  []param
	hash    []hashParam
	sub     bool // a subexpression
	section bool // a block
}

// value looks the name up or calls the helper.
func (c *call) value(r *render, s *scope) (any, error) {
	bare := len(c.params) == 0 && len(c.hash) == 0
	if c.helper == nil || bare && s.kind == blockParamScope {
		return s.get(r, c.path), nil
	}
	return c.apply(r, s, nil)
}

// apply calls the helper. The first parameter is its context, by default the current model.
func (c *call) apply(r *render, s *scope, b *block) (any, error) {
	if err := r.tick(); err != nil {
		return nil, err
	}
	if r.depth++; r.depth > maxNesting {
		return nil, &LimitError{Reason: "nested too deeply"}
	}
	defer func() { r.depth-- }()
	o := &options{r: r, scope: s, call: c, block: b}
	var err error
	if b != nil { // a block evaluates its context first, a variable last
		err = o.evalContext()
	}
	if err == nil {
		err = o.evalParams()
	}
	if err == nil {
		o.hash, err = evalHash(r, s, c.hash)
	}
	if err == nil && b == nil {
		err = o.evalContext()
	}
	if err != nil {
		return nil, err
	}
	return c.helper(o)
}

func (o *options) evalContext() (err error) {
	if len(o.call.params) == 0 {
		o.context = o.scope.model
		return nil
	}
	o.context, err = o.call.params[0].value(o.r, o.scope)
	return err
}

func (o *options) evalParams() error {
	if len(o.call.params) < 2 {
		return nil
	}
	o.params = o.space[:0]
	for i := range o.call.params[1:] {
		v, err := o.call.params[i+1].value(o.r, o.scope)
		if err != nil {
			return err
		}
		o.params = append(o.params, v)
	}
	return nil
}

func evalHash(r *render, s *scope, hash []hashParam) ([]entry, error) {
	if len(hash) == 0 {
		return nil, nil
	}
	values := make([]entry, len(hash))
	for i := range hash {
		v, err := hash[i].value.value(r, s)
		if err != nil {
			return nil, err
		}
		values[i] = entry{hash[i].name, v}
	}
	return values, nil
}

func (c *call) text() string {
	var b strings.Builder
	b.WriteString(c.name)
	for _, a := range c.params {
		b.WriteString(" " + a.text)
	}
	writeHash(&b, c.hash)
	return b.String()
}

func writeHash(b *strings.Builder, hash []hashParam) {
	for _, h := range hash {
		b.WriteString(" " + h.name + "=" + h.value.text)
	}
}

// variable is {{name …}}, {{{name …}}} or {{&name …}}.
type variable struct {
	call        *call
	escape      bool // {{…}}: HTML-escaped if the engine escapes
	open, close string
}

func (n *variable) render(r *render, s *scope) error {
	v, err := n.call.value(r, s)
	if err != nil {
		return r.fail(n.call.at, err)
	}
	switch v := v.(type) {
	case nil:
		return nil
	case safeString:
		return r.write(string(v))
	case string:
		return r.writeValue(v, n.escape)
	}
	text, err := stringValue(v)
	if err != nil {
		return r.fail(n.call.at, err)
	}
	return r.writeValue(text, n.escape)
}

func (n *variable) source(b *strings.Builder) {
	b.WriteString(n.open + n.call.text() + n.close)
}

// block is {{#name …}}…{{else}}…{{/name}}, or one of its else branches.
type block struct {
	call        *call
	kind        string // what follows {{ in its tag
	inverted    bool
	blockParams []string
	body        *list
	inverse     node
	open, close string
}

func (n *block) render(r *render, s *scope) error {
	if n.body.decorates() { // what the body defines is there in the else branch too
		r.pushInline()
		defer r.popInline()
		defer n.body.undefine(r)
		if err := n.body.define(r, s); err != nil {
			return err
		}
	}
	v, err := n.value(r, s)
	if err == nil && v != nil {
		var text string
		if text, err = stringValue(v); err == nil {
			err = r.write(text)
		}
	}
	if err != nil {
		return r.fail(n.call.at, err)
	}
	return nil
}

// value calls the helper; a block without one is each, if, unless or with, as its value demands.
func (n *block) value(r *render, s *scope) (any, error) {
	c := n.call
	if c.helper != nil {
		return c.apply(r, s, n)
	}
	it := s.get(r, c.path)
	o := &options{r: r, scope: s, call: c, block: n, context: it}
	switch {
	case n.inverted:
		return helpUnless(o)
	case isIterable(it):
		return helpEach(o)
	}
	if _, ok := it.(bool); ok {
		return helpIf(o)
	}
	o.scope = s.child(it)
	return helpWith(o)
}

func (n *block) source(b *strings.Builder) { n.write(b, true) }

func (n *block) write(b *strings.Builder, closing bool) {
	b.WriteString(n.open + n.kind + n.call.text())
	if len(n.blockParams) > 0 {
		b.WriteString(" as |" + strings.Join(n.blockParams, " ") + "|")
	}
	b.WriteString(n.close)
	n.body.source(b)
	switch inverse := n.inverse.(type) {
	case nil:
	case *block:
		inverse.write(b, false)
	default:
		b.WriteString(n.open + "else" + n.close)
		inverse.source(b)
	}
	if closing {
		b.WriteString(n.open)
		if n.kind == "{{" {
			b.WriteString("{{")
		}
		b.WriteString("/" + n.call.name + n.close)
	}
}
