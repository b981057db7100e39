package template

import (
	"strconv"
	"strings"
)

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
	c := &call{name: name.text, at: name, order: p.pos}
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
		p.resolve(c, true)
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
func (p *parser) resolve(c *call, sub bool) {
	helps := len(c.params) > 0 || len(c.hash) > 0 || sub
	if !helps && len(p.blocks) > 0 && p.blocks[len(p.blocks)-1] == "with" && !strings.HasPrefix(c.name, ".") && len(p.arguments) > 0 {
		scope := p.arguments[len(p.arguments)-1]
		if c.name == scope || strings.HasPrefix(c.name, scope+".") {
			c.name = "this." + c.name
		}
	}
	if part := c.name[strings.LastIndex(c.name, "./")+1:]; part != c.name && isNumber(strings.TrimPrefix(part, "/")) {
		p.report(c.order, &CompileError{"found: " + c.name + ", expecting: " + c.name + "."})
	}
	c.helper = helpers[c.name]
	if c.helper == nil && helps {
		p.report(c.order, errorAt(c.at, "could not find helper: '"+c.name+"'"))
	}
	c.path = compilePath(c.name)
}

func isNumber(s string) bool {
	_, err := strconv.ParseFloat(s, 64)
	return err == nil && s[0] != '.' || err == nil && len(s) > 1
}
