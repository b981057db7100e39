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
	in := nesting{paren: 1}
	prior := byte(0)
	for done := false; c.inBounds() && !done; {
		ch := c.char()
		c.pos++
		if kind == 0 {
			if isWhitespace(ch) {
				continue
			}
			kind = argumentKind(ch)
		}
		if err := in.read(ch, prior, c.pos); err != nil {
			return nil, err
		}
		if ch == ')' && (in.paren < 0 || prior == '(') {
			text.WriteByte(ch)
		}
		if in.endsArgument(ch) {
			done = in.paren == 0
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
		if kind != 0 && (ch != ',' || in.brace != 0 || in.bracket != 0 || in.paren != 1) {
			text.WriteByte(ch)
		}
		prior = ch
	}
	if in.brace != 0 || in.paren != 0 || in.bracket != 0 {
		return nil, invalidf("Arguments to function: '%s' are not closed properly.", name)
	}
	return args, nil
}

func argumentKind(first byte) byte {
	switch {
	case first == '{' || isDigit(first) || first == '"' || first == '-':
		return 'j'
	case first == '$' || first == '@':
		return 'p'
	}
	return 0
}

// nesting counts what is open where a function's arguments are read.
type nesting struct{ paren, bracket, brace, quote int }

// read takes one more character in; pos is the place behind it.
func (n *nesting) read(ch, prior byte, pos int) error {
	switch ch {
	case '"':
		if prior != '\\' && n.quote > 0 {
			n.quote--
		} else {
			n.quote++
		}
	case '(':
		n.paren++
	case ')':
		n.paren--
	case '{':
		n.brace++
	case '}':
		if n.brace--; n.brace < 0 {
			return invalidf("Unexpected close brace '}' at character position: %d", pos)
		}
	case '[':
		n.bracket++
	case ']':
		if n.bracket--; n.bracket < 0 {
			return invalidf("Unexpected close bracket ']' at character position: %d", pos)
		}
	}
	return nil
}

// endsArgument reports whether the character that was just read ends an argument.
func (n *nesting) endsArgument(ch byte) bool {
	if n.quote != 0 || n.brace != 0 || n.bracket != 0 {
		return false
	}
	return ch == ')' && n.paren == 0 || (ch == ')' || ch == ',') && n.paren == 1
}

func newArgument(kind byte, text string) (argument, error) {
	if kind == 'p' {
		p, err := (&compiler{scanner: newScanner(text)}).path()
		return argument{path: p}, err
	}
	v, err := jsondoc.DecodeLenient(text)
	return argument{value: v, err: err}, nil
}
