package template

import "strings"

func (p *parser) block() (node, error) {
	start := p.next()
	decorator := p.peek().typ == tokDecorator
	if decorator {
		p.next()
	}
	b, err := p.blockHead(ternary(decorator, "#*", "#"))
	if err != nil {
		return nil, err
	}
	b.open = start.text[:len(start.text)-1]
	if err := p.enclosed(b); err != nil {
		return nil, err
	}
	if !decorator {
		return b, nil
	}
	if b.call.name != "inline" {
		p.report(b.call.order, errorAt(b.call.at, "could not find decorator: '"+b.call.name+"'"))
	}
	return &inlineBlock{block: b, root: p.depth == 1}, nil
}

// blockHead parses what follows {{#: the call, the block parameters and the end of the tag.
func (p *parser) blockHead(kind string) (*block, error) {
	c, err := p.expression()
	if err != nil {
		return nil, err
	}
	c.section = true
	b := &block{call: c, kind: kind}
	if p.peek().typ == tokAs {
		if b.blockParams, err = p.blockParams(); err != nil {
			return nil, err
		}
	}
	end, err := p.expect(tokEnd, "}}")
	if err != nil {
		return nil, err
	}
	b.close = end.text
	c.path, c.helper = compilePath(c.name), helpers[c.name]
	if c.helper == nil && (len(c.params) > 0 || len(c.hash) > 0) && kind != "#*" && kind != "^" {
		p.report(c.order, noBlockHelper(c.name))
	}
	return b, nil
}

func noBlockHelper(name string) error {
	return &CompileError{"java.lang.IllegalArgumentException: could not find helper: '" + name + "'"}
}

func (p *parser) blockParams() ([]string, error) {
	p.next()
	if _, err := p.expect(tokPipe, "|"); err != nil {
		return nil, err
	}
	var names []string
	for p.peek().typ == tokID {
		names = append(names, p.next().text)
	}
	if len(names) == 0 {
		return nil, p.unexpected("id")
	}
	_, err := p.expect(tokPipe, "|")
	return names, err
}

// enclosed parses the body of a block, its else branches and its end.
func (p *parser) enclosed(b *block) error {
	p.enter(b.call)
	defer p.leave(b.call)
	var err error
	if b.body, err = p.body(); err != nil {
		return err
	}
	if err := p.elseBranches(b); err != nil {
		return err
	}
	return p.endBlock(b.call)
}

func (p *parser) enter(c *call) {
	p.blocks = append(p.blocks, c.name)
	if len(c.params) > 0 {
		p.arguments = append(p.arguments, c.params[0].text)
	}
}

func (p *parser) leave(c *call) {
	p.blocks = p.blocks[:len(p.blocks)-1]
	if len(c.params) > 0 {
		p.arguments = p.arguments[:len(p.arguments)-1]
	}
}

func (p *parser) endBlock(c *call) error {
	if _, err := p.expect(tokEndBlock, "{{/"); err != nil {
		return err
	}
	end, err := p.expect(tokID, "id")
	if err != nil {
		return err
	}
	p.sameName(c, end)
	_, err = p.expect(tokEnd, "}}")
	return err
}

// sameName reports an end tag that does not close c.
func (p *parser) sameName(c *call, end token) {
	if end.text != c.name {
		p.report(c.order-1, errorAt(end, "found: '"+end.text+"', expected: '"+c.name+"'"))
	}
}

// elseBranches parses {{else}}, {{^}} and {{else if …}}; of several plain ones the last counts.
func (p *parser) elseBranches(b *block) error {
	for {
		switch t := p.peek(); {
		case t.typ == tokUnless:
			p.checkLabel(b, p.next())
		case t.typ == tokStart && p.tokens[p.pos+1].typ == tokElse:
			p.pos += 2
		default:
			return nil
		}
		if p.peek().typ == tokEnd {
			p.next()
			body, err := p.body()
			if err != nil {
				return err
			}
			b.inverse = body
			continue
		}
		chained, err := p.blockHead("else ")
		if err != nil {
			return err
		}
		chained.open = b.open
		if chained.body, err = p.body(); err != nil {
			return err
		}
		b.inverse = chained
		b = chained
	}
}

// checkLabel reports a {{^}} that has a ~ where the block's start has none, or the other way round.
func (p *parser) checkLabel(b *block, label token) {
	if text := strings.TrimSuffix(strings.TrimPrefix(label.text, b.open), "~"); text != "^" {
		p.report(b.call.order, &CompileError{"java.lang.IllegalArgumentException: The inverseLabel must be one of '^' or 'else'. Found: " + text})
	}
}

// inverted parses {{^name}}…{{/name}}. When no end tag follows its body but another else, it is an else branch of the
// block around it; then it is no statement.
func (p *parser) inverted() (node, error) {
	if p.tokens[p.pos+1].typ != tokID {
		return nil, nil
	}
	mark, late := p.pos, len(p.late)
	start := p.next()
	b, err := p.blockHead("^")
	if err != nil {
		return nil, err
	}
	b.open = start.text[:len(start.text)-1]
	b.inverted = true
	b.call.params, b.call.hash = nil, nil
	p.blocks = append(p.blocks, b.call.name) // the original never takes it off again
	if b.body, err = p.body(); err != nil {
		return nil, err
	}
	if p.peek().typ == tokUnless || p.peek().typ == tokStart {
		p.blocks = p.blocks[:len(p.blocks)-1]
		p.pos, p.late = mark, p.late[:late]
		return nil, nil
	}
	return b, p.endBlock(b.call)
}

func (p *parser) rawBlock() (node, error) {
	start := p.next()
	c, err := p.expression()
	if err != nil {
		return nil, err
	}
	c.section, c.path, c.helper = true, compilePath(c.name), helpers[c.name]
	if c.helper == nil && (len(c.params) > 0 || len(c.hash) > 0) {
		p.report(c.order, noBlockHelper(c.name))
	}
	if _, err := p.expect(tokEndRaw, "}}"); err != nil {
		return nil, err
	}
	p.enter(c)
	defer p.leave(c)
	body, err := p.body()
	if err != nil {
		return nil, err
	}
	if _, err := p.expect(tokEndRawBlock, "{{"); err != nil {
		return nil, err
	}
	end, err := p.expect(tokID, "id")
	if err != nil {
		return nil, err
	}
	p.sameName(c, end)
	stop, err := p.expect(tokEndRaw, "}}")
	raw := &list{}
	raw.add(&text{sourceOf(body), ""})
	return &block{call: c, kind: "{{", open: start.text[:len(start.text)-2], close: stop.text, body: raw}, err
}
