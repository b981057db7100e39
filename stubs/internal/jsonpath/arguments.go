package jsonpath

import (
	"github.com/envd-dev/envd/stubs/internal/jsondoc"
	"strings"
)

func (c *compiler) function(name string, open int) error {
	depth := 1
	for i := open + 1; c.in(i) && depth > 0; i++ {
		switch c.src[i] {
		case ')':
			depth--
		case '(':
			depth++
		}
	}
	if depth != 0 {
		return invalidf("Arguments to function: '%s' are not closed properly.", name)
	}
	s := &step{kind: function, name: name}
	if c.at(open+1) == ')' {
		c.pos = open + 1 // on the parenthesis: a path that goes on reads it as a name
	} else {
		c.pos = open + 1
		args, err := c.arguments(name)
		if err != nil {
			return err
		}
		s.args = args
	}
	c.add(s)
	return nil
}

// arguments reads up to the parenthesis that closes the function, Jayway's way: it takes the kind of an argument from
// its first character and ignores what is neither path nor JSON.
func (c *compiler) arguments(name string) ([]argument, error) {
	var args []argument
	var text strings.Builder
	var kind byte // 'j'son, 'p'ath, 0 unknown
	paren, bracket, brace, quote := 1, 0, 0, 0
	prior := byte(0)
	for done := false; c.inBounds() && !done; {
		ch := c.char()
		c.pos++
		if kind == 0 {
			switch {
			case isWhitespace(ch):
				continue
			case ch == '{' || isDigit(ch) || ch == '"' || ch == '-':
				kind = 'j'
			case ch == '$' || ch == '@':
				kind = 'p'
			}
		}
		switch ch {
		case '"':
			if prior != '\\' && quote > 0 {
				quote--
			} else {
				quote++
			}
		case '(':
			paren++
		case '{':
			brace++
		case '[':
			bracket++
		case '}':
			if brace--; brace < 0 {
				return nil, invalidf("Unexpected close brace '}' at character position: %d", c.pos)
			}
		case ']':
			if bracket--; bracket < 0 {
				return nil, invalidf("Unexpected close bracket ']' at character position: %d", c.pos)
			}
		case ')', ',':
			if ch == ')' {
				if paren--; paren < 0 || prior == '(' {
					text.WriteByte(ch)
				}
			}
			if quote == 0 && brace == 0 && bracket == 0 && (paren == 0 && ch == ')' || paren == 1) {
				done = paren == 0
				if kind != 0 {
					arg, err := newArgument(kind, text.String())
					if err != nil {
						return nil, err
					}
					args = append(args, arg)
					text.Reset()
					kind = 0
				}
			}
		}
		if kind != 0 && (ch != ',' || brace != 0 || bracket != 0 || paren != 1) {
			text.WriteByte(ch)
		}
		prior = ch
	}
	if brace != 0 || paren != 0 || bracket != 0 {
		return nil, invalidf("Arguments to function: '%s' are not closed properly.", name)
	}
	return args, nil
}

func newArgument(kind byte, text string) (argument, error) {
	if kind == 'p' {
		p, err := (&compiler{scanner: newScanner(text)}).path()
		return argument{path: p}, err
	}
	v, err := jsondoc.DecodeLenient(text)
	return argument{value: v, err: err}, nil
}
