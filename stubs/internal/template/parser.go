package template

import (
	"errors"
	"slices"
	"strconv"
)

// maxNesting bounds blocks inside blocks and expressions inside expressions, when parsed and when rendered.
const maxNesting = 400

// parser turns tokens into nodes by the grammar of Handlebars.java.
type parser struct {
	tokens []token
	pos    int
	depth  int
	// blocks and arguments are the enclosing blocks and their first arguments: inside {{#with a}}, "a.b" means "this.a.b".
	blocks    []string
	arguments []string
	late      []lateError
}

// lateError is a mistake that the original finds only after it has parsed everything, walking the tree from the top: a
// helper that is not there, an end tag of the wrong name. A syntax error behind it goes first.
type lateError struct {
	order int // the token that begins the construct
	err   error
}

func (p *parser) report(order int, err error) { p.late = append(p.late, lateError{order, err}) }

// firstLate is the mistake that the walk over the tree meets first.
func (p *parser) firstLate() error {
	if len(p.late) == 0 {
		return nil
	}
	return slices.MinFunc(p.late, func(a, b lateError) int { return a.order - b.order }).err
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
	if err == nil {
		err = p.firstLate()
	}
	var wrong *misplaced
	switch {
	case err == nil:
		return body, nil
	case errors.As(err, &wrong):
		return nil, wrong.at.compileError(file, src)
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
			p.report(p.pos, errorAt(c.at, "could not find decorator: '"+c.name+"'"))
		}
		return &inlineVariable{call: c}, nil
	}
	p.resolve(c, false)
	return &variable{call: c, escape: start.typ == tokStart, open: start.text, close: stop.text}, nil
}
