package template

import (
	"fmt"
	"slices"
	"strings"
)

// partial is {{> name scope key=value}} or, with a block, {{#> name}}…{{/name}}. A partial is found among the inline ones
// only: WireMock's template loader looks at its own class path, where there is none.
type partial struct {
	at          token
	name        string
	dynamic     *call // {{> (lookup …)}}
	scope       path
	scopeText   string
	hash        []hashParam
	block       *list // the fallback, and what @partial-block renders
	open, close string
}

func (p *parser) partial() (node, error) {
	start := p.next()
	n, err := p.partialHead()
	if err != nil {
		return nil, err
	}
	n.open = start.text[:len(start.text)-1]
	return n, nil
}

func (p *parser) partialBlock() (node, error) {
	start := p.next()
	n, err := p.partialHead()
	if err != nil {
		return nil, err
	}
	n.open = start.text[:len(start.text)-1]
	if n.block, err = p.body(); err != nil {
		return nil, err
	}
	if _, err := p.expect(tokEndBlock, "{{/"); err != nil {
		return nil, err
	}
	if _, err := p.expect(tokID, "id"); err != nil {
		return nil, err
	}
	_, err = p.expect(tokEnd, "}}")
	return n, err
}

func (p *parser) partialHead() (*partial, error) {
	n := &partial{scope: compilePath("this")}
	t := p.next()
	switch t.typ {
	case tokLParen:
		c, err := p.expression()
		if err != nil {
			return nil, err
		}
		if _, err := p.expect(tokRParen, ")"); err != nil {
			return nil, err
		}
		c.sub = true
		p.resolve(c, true)
		n.dynamic, n.at = c, c.at
	case tokID, tokPath, tokDouble, tokSingle:
		n.name, n.at = t.text, t
		if strings.ContainsAny(n.name[:1], `["'`) {
			if len(n.name) < 2 {
				return nil, errorAt(t, "begin 1, end 0, length 1")
			}
			n.name = n.name[1 : len(n.name)-1]
		}
		if strings.HasPrefix(n.name, "/") {
			return nil, errorAt(t, "found: '/', partial shouldn't start with '/'")
		}
	default:
		return nil, errorAt(t, "found: '"+t.text+"', expected: 'id'")
	}
	if p.peek().typ == tokID && !p.isHash() {
		n.scopeText = p.next().text
		n.scope = compilePath(n.scopeText)
	}
	var err error
	if n.hash, err = p.hash(); err != nil {
		return nil, err
	}
	end, err := p.expect(tokEnd, "}}")
	n.close = end.text
	return n, err
}

// partialBlock is what {{> @partial-block}} stands for while a partial block is rendered.
type partialBlock struct {
	block  node
	outer  node // the @partial-block of the block around
	caller *partial
	callee *partial
}

func (n *partialBlock) source(b *strings.Builder) { n.block.source(b) }

func (n *partialBlock) render(r *render, s *scope) error {
	inline := r.partials()
	oldBlock, oldCallee := inline["@partial-block"], r.callee
	r.callee = n.callee
	inline["@partial-block"] = n.outer
	err := n.block.render(r, s)
	inline["@partial-block"] = oldBlock
	r.callee = oldCallee
	return err
}

func (n *partial) render(r *render, s *scope) error {
	if n.block != nil {
		r.pushInline()
		defer r.popInline()
	}
	name := n.name
	if n.dynamic != nil {
		v, err := n.dynamic.value(r, s)
		if err != nil {
			return r.fail(n.at, err)
		}
		name = toString(v)
	}
	inline := r.partials()
	callee := r.callee
	last, _ := inline["@partial-block"].(*partialBlock)
	if name == "@partial-block" && (last == nil || callee != last.caller) {
		return r.fail(n.at, illegalArgument("%s does not provide a @partial-block for %s", callee.place(r), n.place(r)))
	}
	if n.block != nil {
		if err := r.discard(n.block, s); err != nil { // definitions inside the block count before it is called
			return err
		}
		inline["@partial-block"] = &partialBlock{n.block, inline["@partial-block"], n, callee}
	}
	body := inline[name]
	if body == nil {
		if n.block == nil {
			file := "/" + name + ".hbs"
			return &RenderError{cleanMessage(fmt.Sprintf("%d:%d: The partial '%s' at '%s' could not be found", n.at.line, n.at.col, file, file))}
		}
		body = n.block
	}
	hash, err := evalHash(r, s, n.hash)
	if err != nil {
		return r.fail(n.at, err)
	}
	for _, name := range [...]string{"size", "empty"} { // the original keeps these names from being found on the hash itself
		if !slices.ContainsFunc(hash, func(e entry) bool { return e.key == name }) {
			hash = append(hash, entry{name, s.get(r, path{{kind: segProperty, name: name}})})
		}
	}
	r.callee = n
	err = r.enter(body, partialScope(r, s, n.scope, hash))
	r.callee = callee
	return err
}

func (n *partial) place(r *render) string {
	if n == nil {
		return "null"
	}
	return fmt.Sprintf("%s:%d:%d", r.template.file, n.at.line, n.at.col)
}

// inlineBlock is {{#*inline "name"}}…{{/inline}}: it renders nothing and defines a partial for its block.
type inlineBlock struct {
	block *block
	root  bool
}

func (n *inlineBlock) render(*render, *scope) error { return nil }

func (n *inlineBlock) define(r *render, s *scope) error {
	if len(n.block.call.params) == 0 {
		return r.fail(n.block.call.at, outOfBounds(0, 0))
	}
	if n.root {
		s = &scope{}
	}
	if err := n.block.body.define(r, s); err != nil {
		return err
	}
	name, err := n.block.call.params[0].value(r, s)
	if err != nil {
		return r.fail(n.block.call.at, err)
	}
	text, ok := name.(string)
	if !ok {
		text = toString(name)
	}
	r.partials()[text] = n.block.body
	return nil
}

func (n *inlineBlock) source(b *strings.Builder) { n.block.source(b) }

// inlineVariable is {{*inline "name"}}, a decorator without a block; it does nothing.
type inlineVariable struct{ call *call }

func (n *inlineVariable) render(*render, *scope) error { return nil }

func (n *inlineVariable) source(b *strings.Builder) { b.WriteString("{{*" + n.call.text() + "}}") }

func (n *partial) source(b *strings.Builder) {
	name := n.name
	if n.dynamic != nil {
		name = "(" + n.dynamic.text() + ")"
	}
	b.WriteString(n.open + ">" + name)
	if n.scopeText != "" {
		b.WriteString(" " + n.scopeText)
	}
	writeHash(b, n.hash)
	b.WriteString(n.close)
	if n.block != nil {
		n.block.source(b)
		b.WriteString(n.open[:len(n.open)-1] + "/" + name + n.close)
	}
}

// decorates reports whether something in the list defines or calls partials, which nests their definitions.
func (n *list) decorates() bool { return len(n.decorators) > 0 }
