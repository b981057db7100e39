package jsonpath

import (
	"errors"
	"strconv"
	"strings"

	"github.com/envd-dev/envd/stubs/internal/javaregex"
	"github.com/envd-dev/envd/stubs/internal/jsondoc"
)

// compileFilter parses a filter with its brackets, as in [?(@.a == 1)].
func compileFilter(text string) (predicate, error) {
	s := newScanner(text)
	s.trim()
	s.pos++
	s.end--
	s.trim()
	s.pos++ // the question mark, which the caller has seen
	s.trim()
	if s.char() != '(' || s.at(s.end) != ')' {
		return nil, invalidf("Filter must start with '[?(' and end with ')]'. %s", text)
	}
	c := &filterCompiler{s}
	p, err := c.or()
	if broken := (*brokenError)(nil); errors.As(err, &broken) {
		return nil, &PathError{broken.message}
	}
	if err != nil {
		return nil, err
	}
	s.skipBlanks()
	if s.inBounds() {
		return nil, invalidf("Expected end of filter expression instead of: %s", s.src[s.pos:s.end+1])
	}
	return p, nil
}

type filterCompiler struct{ *scanner }

// broken is Jayway's complaint where its own code fails on the text.
func (c *filterCompiler) broken() error {
	if c.pos >= len(c.src) {
		return &brokenError{c.outOfRange().Error()}
	}
	return &brokenError{"Failed to parse filter: " + c.src + ", error on position: " + strconv.Itoa(c.pos) + ", char: " + string(c.src[c.pos])}
}

// brokenError differs from PathError in that it ends the compilation even where Jayway would try something else.
type brokenError struct{ message string }

func (e *brokenError) Error() string { return e.message }

func (c *filterCompiler) or() (predicate, error) {
	return c.chain("||", c.and, func(ps []predicate) predicate { return orPredicate(ps) })
}

func (c *filterCompiler) and() (predicate, error) {
	return c.chain("&&", c.operand, func(ps []predicate) predicate { return andPredicate(ps) })
}

func (c *filterCompiler) chain(op string, operand func() (predicate, error), join func([]predicate) predicate) (predicate, error) {
	var ps []predicate
	for {
		p, err := operand()
		if err != nil {
			return nil, err
		}
		ps = append(ps, p)
		if mark := c.pos; !c.acceptWord(op) {
			c.pos = mark
			break
		}
	}
	if len(ps) == 1 {
		return ps[0], nil
	}
	return join(ps), nil
}

func (c *filterCompiler) operand() (predicate, error) {
	c.skipBlanks()
	mark := c.pos
	if c.char() == '!' {
		c.pos++
		c.skipBlanks()
		if ch := c.char(); ch == '$' || ch == '@' {
			c.pos = mark
		} else {
			p, err := c.operand()
			return notPredicate{p}, err
		}
	}
	if c.char() == '(' {
		c.pos++
		p, err := c.or()
		if err != nil {
			return nil, err
		}
		return p, c.accept(')')
	}
	return c.expression()
}

// expression reads "left op right", or a path whose existence is asked for.
func (c *filterCompiler) expression() (predicate, error) {
	left, err := c.operandNode()
	if err != nil {
		return nil, err
	}
	mark := c.pos
	op, err := c.operator()
	if err == nil {
		var right node
		if right, err = c.operandNode(); err == nil {
			return &relation{left, op, right}, nil
		}
	}
	if refused := (*PathError)(nil); !errors.As(err, &refused) {
		return nil, err
	}
	c.pos = mark
	path, ok := left.(*pathNode)
	if !ok {
		return nil, invalidf("Expected path node")
	}
	return &exists{path.path, path.positive}, nil
}

func (c *filterCompiler) operator() (evaluator, error) {
	c.skipBlanks()
	start := c.pos
	if isRelational(c.char()) {
		for c.inBounds() && isRelational(c.char()) {
			c.pos++
		}
	} else {
		for c.inBounds() && c.char() != ' ' {
			c.pos++
		}
	}
	op := c.src[start:c.pos]
	holds := evaluatorOf(strings.ToUpper(op))
	if holds == nil {
		return nil, invalidf("Filter operator %s is not supported!", op)
	}
	return holds, nil
}

func isRelational(c byte) bool { return strings.IndexByte("<>=~!", c) >= 0 && c != 0 }

func (c *filterCompiler) operandNode() (node, error) {
	c.skipBlanks()
	switch ch := c.char(); ch {
	case '$', '@':
		return c.pathOperand()
	case '!':
		c.pos++
		c.skipBlanks()
		if ch := c.char(); ch == '$' || ch == '@' {
			return c.pathOperand()
		}
		return nil, invalidf("Unexpected character: !")
	case '\'', '"':
		return c.stringLiteral(ch)
	case 't', 'f':
		return c.boolLiteral()
	case 'n':
		if !c.in(c.pos+3) || !strings.HasPrefix(c.src[c.pos:], "null") {
			return nil, invalidf("Expected <null> value")
		}
		c.pos += 4
		return nullNode{}, nil
	case '{', '[':
		return c.jsonLiteral(ch)
	case '/':
		return c.patternLiteral()
	}
	return c.numberLiteral()
}

func (c *filterCompiler) boolLiteral() (node, error) {
	word := "true"
	if c.char() == 'f' {
		word = "false"
	}
	if !c.in(c.pos+len(word)-1) || !strings.HasPrefix(c.src[c.pos:], word) {
		return nil, invalidf("Expected boolean literal")
	}
	c.pos += len(word)
	return boolNode(word == "true"), nil
}

func (c *filterCompiler) stringLiteral(quote byte) (node, error) {
	start := c.pos
	end := c.unescaped(c.pos, quote)
	if end < 0 {
		return nil, invalidf("String literal does not have matching quotes. Expected %c in %s", quote, c.src)
	}
	c.pos = end + 1
	s, err := unescape(c.src[start+1 : end])
	if err != nil {
		return nil, c.broken()
	}
	return stringNode(s), nil
}

func (c *filterCompiler) jsonLiteral(open byte) (node, error) {
	start := c.pos
	close := byte('}')
	if open == '[' {
		close = ']'
	}
	end, err := c.closing(c.pos, open, close, false)
	if err != nil {
		return nil, err
	}
	if end < 0 {
		return nil, invalidf("String not closed. Expected ' in %s", c.src)
	}
	c.pos = end + 1
	text := c.src[start:c.pos]
	v, err := jsondoc.DecodeLenient(text)
	return &jsonNode{value: v, literal: text, err: err}, nil
}

const patternFlags = "dixmsuU"

func (c *filterCompiler) patternLiteral() (node, error) {
	start := c.pos
	end := c.unescaped(c.pos, '/')
	if end < 0 {
		return nil, invalidf("Pattern not closed. Expected / in %s", c.src)
	}
	flags := end + 1
	for c.in(flags) && strings.IndexByte(patternFlags, c.src[flags]) >= 0 {
		flags++
	}
	c.pos = flags
	expr := c.src[start+1 : end]
	if f := c.src[end+1 : flags]; f != "" {
		expr = "(?" + f + ")" + expr
	}
	re, err := javaregex.Compile(expr, 0)
	if err != nil {
		return nil, c.broken()
	}
	return &patternNode{re}, nil
}

func (c *filterCompiler) numberLiteral() (node, error) {
	start := c.pos
	for c.inBounds() && strings.IndexByte("0123456789-.Ee", c.char()) >= 0 {
		c.pos++
	}
	n := jsondoc.Number(c.src[start:c.pos])
	if _, _, ok := n.Decimal(); !ok {
		return nil, c.broken()
	}
	return numberNode(n), nil
}

// pathOperand reads a path up to an operator, a space or the parenthesis that closes the expression.
func (c *filterCompiler) pathOperand() (node, error) {
	positive := true
	if i := c.previous(c.pos); i >= 0 && c.src[i] == '!' {
		positive = false
	}
	start := c.pos
	c.pos++
	for c.inBounds() {
		if c.char() == '[' {
			end, err := c.closing(c.pos, '[', ']', false)
			if err != nil {
				return nil, err
			}
			if end < 0 {
				return nil, invalidf("Square brackets does not match in filter %s", c.src)
			}
			c.pos = end + 1
		}
		ch := c.char()
		if !c.inBounds() || isRelational(ch) || ch == ' ' || ch == ')' && !c.closesFunction(start) {
			break
		}
		c.pos++
	}
	p, err := compile(c.src[start:c.pos])
	if err != nil {
		return nil, err
	}
	return &pathNode{path: p, positive: positive}, nil
}

// closesFunction reports whether the parenthesis at the position ends a call such as @.length().
func (c *filterCompiler) closesFunction(start int) bool {
	i := c.previous(c.pos)
	if i < 0 || c.src[i] != '(' {
		return false
	}
	for i--; c.in(i) && i > start; i-- {
		if c.src[i] == '.' {
			return true
		}
	}
	return false
}
