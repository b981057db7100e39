package template

import (
	"strconv"
	"strings"
	"unicode"
)

// maxNesting bounds blocks inside blocks and expressions inside expressions, when parsed and when rendered.
const maxNesting = 400

// parser turns tokens into nodes by the grammar of Handlebars.java.
type parser struct {
	tokens []token
	pos    int
	depth  int
	// withBlocks and arguments are the enclosing blocks and their first arguments: inside {{#with a}}, "a.b" means "this.a.b".
	blocks    []string
	arguments []string
}

func parse(src string) (*list, *CompileError) {
	file := "inline@" + strconv.FormatInt(int64(abs32(javaHash(src))), 16)
	lx, bad := lex(src)
	if bad != nil {
		return nil, bad.compileError(file, src)
	}
	p := &parser{tokens: lx.tokens}
	if lx.tilde {
		trimAroundTags(p.tokens)
	}
	body, err := p.body()
	if err == nil && p.peek().typ != tokEOF {
		err = p.unexpected("<EOF>")
	}
	switch err := err.(type) {
	case nil:
		return body, nil
	case *misplaced:
		return nil, err.at.compileError(file, src)
	default:
		return nil, &CompileError{err.Error()}
	}
}

// misplaced carries a syntax error as an error.
type misplaced struct{ at syntaxError }

func (e *misplaced) Error() string { return e.at.reason }

func errorAt(t token, reason string) error { return &misplaced{syntaxError{t.line, t.col, reason}} }

func abs32(v int32) int32 {
	if v < 0 {
		return -v
	}
	return v
}

func (p *parser) peek() token { return p.tokens[p.pos] }

func (p *parser) next() token {
	t := p.tokens[p.pos]
	if t.typ != tokEOF {
		p.pos++
	}
	return t
}

func (p *parser) unexpected(expected string) error {
	t := p.peek()
	return errorAt(t, "found: '"+t.text+"', expected: '"+expected+"'")
}

func (p *parser) expect(typ tokenType, name string) (token, error) {
	if p.peek().typ != typ {
		return token{}, p.unexpected(name)
	}
	return p.next(), nil
}

// body parses statements up to something that is none: the end of the block, an else, the end of the template.
func (p *parser) body() (*list, error) {
	if p.depth++; p.depth > maxNesting {
		return nil, errorAt(p.peek(), "nested too deeply")
	}
	defer func() { p.depth-- }()
	l := &list{}
	for {
		n, err := p.statement()
		if err != nil {
			return nil, err
		}
		if n == nil {
			return l, nil
		}
		l.add(n)
	}
}

// statement parses one statement; nil says that there is none.
func (p *parser) statement() (node, error) {
	t := p.peek()
	switch t.typ {
	case tokText:
		p.next()
		return &text{t.text, ""}, nil
	case tokEscaped:
		p.next()
		return &text{t.text[1:], `\`}, nil
	case tokComment, tokStartDelim:
		p.next()
		return &text{}, nil
	case tokStart:
		if p.tokens[p.pos+1].typ == tokElse {
			return nil, nil
		}
		return p.variable(tokEnd, "}}")
	case tokStartAmp:
		return p.variable(tokEnd, "}}")
	case tokStartTriple:
		return p.variable(tokEndTriple, "}}}")
	case tokStartBlock:
		return p.block()
	case tokStartRaw:
		return p.rawBlock()
	case tokStartPartial:
		return p.partial()
	case tokStartPartialBlock:
		return p.partialBlock()
	case tokUnless:
		return p.inverted()
	}
	return nil, nil
}

func (p *parser) variable(end tokenType, endText string) (node, error) {
	start := p.next()
	decorator := false
	if start.typ == tokStart && p.peek().typ == tokDecorator {
		decorator = true
		p.next()
	}
	c, err := p.expression()
	if err != nil {
		return nil, err
	}
	stop, err := p.expect(end, endText)
	if err != nil {
		return nil, err
	}
	if decorator {
		if c.name != "inline" {
			return nil, errorAt(c.at, "could not find decorator: '"+c.name+"'")
		}
		return &inlineVariable{call: c}, nil
	}
	if err := p.resolve(c, false); err != nil {
		return nil, err
	}
	return &variable{call: c, escape: start.typ == tokStart, open: start.text, close: stop.text}, nil
}

// expression parses a name, its parameters and its hash.
func (p *parser) expression() (*call, error) {
	if p.depth++; p.depth > maxNesting {
		return nil, errorAt(p.peek(), "nested too deeply")
	}
	defer func() { p.depth-- }()
	name, err := p.expect(tokID, "id")
	if err != nil {
		return nil, err
	}
	c := &call{name: name.text, at: name}
	for !p.isHash() {
		arg, ok, err := p.param()
		if err != nil {
			return nil, err
		}
		if !ok {
			break
		}
		c.params = append(c.params, arg)
	}
	c.hash, err = p.hash()
	return c, err
}

func (p *parser) isHash() bool {
	return p.peek().typ == tokID && p.tokens[p.pos+1].typ == tokEq
}

func (p *parser) hash() ([]hashParam, error) {
	var hash []hashParam
	for p.isHash() {
		name := p.next().text
		p.next()
		value, ok, err := p.param()
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, p.unexpected("id")
		}
		hash = setHash(hash, name, value)
	}
	return hash, nil
}

func setHash(hash []hashParam, name string, value param) []hashParam {
	for i := range hash {
		if hash[i].name == name {
			hash[i].value = value
			return hash
		}
	}
	return append(hash, hashParam{name, value})
}

func (p *parser) param() (param, bool, error) {
	t := p.peek()
	switch t.typ {
	case tokDouble:
		p.next()
		return param{text: t.text, literal: unquote(t.text, `"`)}, true, nil
	case tokSingle:
		p.next()
		return param{text: t.text, literal: unquote(t.text, `'`)}, true, nil
	case tokNumber:
		p.next()
		return param{text: t.text, literal: number(t.text)}, true, nil
	case tokBool:
		p.next()
		return param{text: t.text, literal: t.text == "true"}, true, nil
	case tokID:
		p.next()
		return param{text: t.text, path: compilePath(t.text)}, true, nil
	case tokLParen:
		p.next()
		c, err := p.expression()
		if err != nil {
			return param{}, false, err
		}
		if _, err := p.expect(tokRParen, ")"); err != nil {
			return param{}, false, err
		}
		c.sub = true
		if err := p.resolve(c, true); err != nil {
			return param{}, false, err
		}
		return param{text: "(" + c.text() + ")", call: c}, true, nil
	}
	return param{}, false, nil
}

func unquote(s, quote string) string {
	s = strings.ReplaceAll(s, `\`+quote, quote)
	return s[1 : len(s)-1]
}

// number is an Integer, or a Double when it does not fit one.
func number(s string) any {
	if i, err := strconv.ParseInt(s, 10, 32); err == nil {
		return int32(i)
	}
	f, _ := strconv.ParseFloat(s, 64) // out of range gives ±Inf, as in Java
	return f
}

// resolve finds the helper of a variable or subexpression and compiles its path.
func (p *parser) resolve(c *call, sub bool) error {
	helps := len(c.params) > 0 || len(c.hash) > 0 || sub
	if !helps && len(p.blocks) > 0 && p.blocks[len(p.blocks)-1] == "with" && !strings.HasPrefix(c.name, ".") && len(p.arguments) > 0 {
		scope := p.arguments[len(p.arguments)-1]
		if c.name == scope || strings.HasPrefix(c.name, scope+".") {
			c.name = "this." + c.name
		}
	}
	if part := c.name[strings.LastIndex(c.name, "./")+1:]; part != c.name && isNumber(strings.TrimPrefix(part, "/")) {
		return &CompileError{"found: " + c.name + ", expecting: " + c.name + "."}
	}
	c.helper = helpers[c.name]
	if c.helper == nil && helps {
		return errorAt(c.at, "could not find helper: '"+c.name+"'")
	}
	c.path = compilePath(c.name)
	return nil
}

func isNumber(s string) bool {
	_, err := strconv.ParseFloat(s, 64)
	return err == nil && s[0] != '.' || err == nil && len(s) > 1
}

func (p *parser) block() (node, error) {
	start := p.next()
	decorator := p.peek().typ == tokDecorator
	if decorator {
		p.next()
	}
	b, err := p.blockHead("#")
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
		return nil, errorAt(b.call.at, "could not find decorator: '"+b.call.name+"'")
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
	if c.helper == nil && (len(c.params) > 0 || len(c.hash) > 0) && kind != "#*" {
		if c.name == "inline" {
			return b, nil
		}
		return nil, &CompileError{"java.lang.IllegalArgumentException: could not find helper: '" + c.name + "'"}
	}
	return b, nil
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
	return p.endBlock(b.call.name)
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

func (p *parser) endBlock(name string) error {
	if _, err := p.expect(tokEndBlock, "{{/"); err != nil {
		return err
	}
	end, err := p.expect(tokID, "id")
	if err != nil {
		return err
	}
	if end.text != name {
		return errorAt(end, "found: '"+end.text+"', expected: '"+name+"'")
	}
	_, err = p.expect(tokEnd, "}}")
	return err
}

// elseBranches parses {{else}}, {{^}} and {{else if …}}; of several plain ones the last counts.
func (p *parser) elseBranches(b *block) error {
	for {
		switch t := p.peek(); {
		case t.typ == tokUnless:
			p.next()
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

// inverted parses {{^name}}…{{/name}}. The same start can be an else branch of the block around it; then it is none.
func (p *parser) inverted() (node, error) {
	if p.tokens[p.pos+1].typ != tokID {
		return nil, nil
	}
	mark := p.pos
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
	if p.peek().typ == tokEndBlock && p.tokens[p.pos+1].text != b.call.name && len(p.blocks) > 1 {
		p.blocks = p.blocks[:len(p.blocks)-1]
		p.pos = mark
		return nil, nil
	}
	return b, p.endBlock(b.call.name)
}

func (p *parser) rawBlock() (node, error) {
	start := p.next()
	c, err := p.expression()
	if err != nil {
		return nil, err
	}
	c.section, c.path, c.helper = true, compilePath(c.name), helpers[c.name]
	if c.helper == nil && (len(c.params) > 0 || len(c.hash) > 0) {
		return nil, &CompileError{"java.lang.IllegalArgumentException: could not find helper: '" + c.name + "'"}
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
	if end.text != c.name {
		return nil, errorAt(end, "found: '"+end.text+"', expected: '"+c.name+"'")
	}
	stop, err := p.expect(tokEndRaw, "}}")
	raw := &list{}
	raw.add(&text{sourceOf(body), ""})
	return &block{call: c, kind: "{{", open: start.text[:len(start.text)-2], close: stop.text, body: raw}, err
}

// trimAroundTags strips the white space of the text next to a tag that has a ~ there.
func trimAroundTags(tokens []token) {
	opening := 0
	for i, t := range tokens {
		switch {
		case t.typ == tokComment:
			if strings.Contains(t.text, "~") {
				trimTag(tokens, i, i)
			}
		case t.typ >= tokStartAmp && t.typ <= tokStart:
			opening = i
		case t.typ == tokEnd || t.typ == tokEndTriple:
			if k := tokens[opening].typ; k != tokStartPartialBlock && k != tokStartRaw && k != tokEndRawBlock {
				trimTag(tokens, opening, i)
			}
		}
	}
}

func trimTag(tokens []token, start, end int) {
	if strings.Contains(tokens[start].text, "~") && start > 0 && tokens[start-1].typ == tokText {
		tokens[start-1].text = strings.TrimRightFunc(tokens[start-1].text, unicode.IsSpace)
	}
	if strings.Contains(tokens[end].text, "~") && tokens[end+1].typ == tokText {
		tokens[end+1].text = strings.TrimLeftFunc(tokens[end+1].text, unicode.IsSpace)
	}
}
