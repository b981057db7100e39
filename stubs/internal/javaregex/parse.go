package javaregex

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
)

// SyntaxError is a pattern that java.util.regex refuses: the words of its PatternSyntaxException.
type SyntaxError struct {
	Description string
	Pattern     string
	Index       int // in runes, negative if unknown
}

func (e *SyntaxError) Error() string {
	s := e.Description
	if e.Index >= 0 {
		s += fmt.Sprintf(" near index %d", e.Index)
	}
	s += "\n" + e.Pattern
	if e.Index >= 0 && e.Index < len(utf16.Encode([]rune(e.Pattern))) {
		s += "\n" + strings.Repeat(" ", e.Index) + "^"
	}
	return s
}

const (
	flagIgnoreCase = 1 << iota
	flagMultiline
	flagDotAll
	flagUnixLines
	flagUnicodeCase
	flagComments
	flagUnicodeClass
)

// maxNesting bounds groups within groups.
const maxNesting = 250

// parser reads a pattern the way java.util.regex.Pattern does, cursor and all, so that its errors name the same index.
type parser struct {
	source string
	src    []rune // with two zeros behind it
	length int
	cursor int
	flags  int
	groups int
	names  map[string]int
	depth  int
}

func parse(expr string, flags int) (n *node, p *parser, err error) {
	p = &parser{source: expr, flags: flags, names: map[string]int{}}
	p.src = append(unquote([]rune(expr)), 0, 0, 0)
	p.length = len(p.src) - 3
	defer func() {
		if r := recover(); r != nil {
			syntax, ok := r.(*SyntaxError)
			if !ok {
				panic(r)
			}
			n, err = nil, syntax
		}
	}()
	n = p.alternatives()
	if p.cursor != p.length {
		p.fail("Unmatched closing ')'")
	}
	return n, p, nil
}

// unquote escapes what stands between \Q and \E.
func unquote(src []rune) []rune {
	out := make([]rune, 0, len(src)+3)
	quoting := false
	for i := 0; i < len(src); i++ {
		c := src[i]
		switch {
		case !quoting && c == '\\' && i+1 < len(src) && src[i+1] == 'Q':
			quoting = true
			i++
		case !quoting && c == '\\' && i+1 < len(src):
			out = append(out, c, src[i+1])
			i++
		case quoting && c == '\\' && i+1 < len(src) && src[i+1] == 'E':
			quoting = false
			i++
		case quoting && c < unicode.MaxASCII && !isAlnum(c):
			out = append(out, '\\', c)
		case quoting && isDigit(c): // behind a backslash, a digit would go on with it
			out = append(out, '\\', 'x', '3', c)
		default:
			out = append(out, c)
		}
	}
	return out
}

// fail ends the parse; parse recovers it.
func (p *parser) fail(description string) {
	panic(&SyntaxError{description, p.source, p.cursor - 1})
}

func (p *parser) has(flag int) bool { return p.flags&flag != 0 }

// The five ways of moving on are Pattern's own. peek and next see past white space in comments mode.
func (p *parser) peek() rune {
	if p.has(flagComments) {
		p.skipComments()
	}
	return p.at(p.cursor)
}

func (p *parser) next() rune {
	p.cursor++
	return p.peek()
}

func (p *parser) read() rune {
	if p.has(flagComments) {
		p.skipComments()
	}
	c := p.at(p.cursor)
	p.cursor++
	return c
}

func (p *parser) skip() rune {
	c := p.at(p.cursor + 1)
	p.cursor += 2
	return c
}

func (p *parser) nextEscaped() rune {
	p.cursor++
	return p.at(p.cursor)
}

func (p *parser) at(i int) rune {
	if i < len(p.src) {
		return p.src[i]
	}
	return 0
}

func (p *parser) skipComments() {
	for p.cursor < p.length {
		switch c := p.src[p.cursor]; {
		case c == ' ' || c >= '\t' && c <= '\r':
			p.cursor++
		case c == '#':
			for p.cursor < p.length && !isLineEnd(p.src[p.cursor]) {
				p.cursor++
			}
		default:
			return
		}
	}
}

func (p *parser) accept(c rune, otherwise string) {
	if p.read() != c {
		p.fail(otherwise)
	}
}

func (p *parser) alternatives() *node {
	if p.depth++; p.depth > maxNesting {
		p.fail("Groups are nested too deeply")
	}
	defer func() { p.depth-- }()
	first := p.sequence()
	if p.peek() != '|' {
		return first
	}
	alt := &node{kind: alternation, subs: []*node{first}}
	for p.peek() == '|' {
		p.next()
		alt.subs = append(alt.subs, p.sequence())
	}
	return alt
}

func (p *parser) sequence() *node {
	seq := &node{kind: concat}
	for {
		var n *node
		switch c := p.peek(); c {
		case '(':
			if n = p.group(); n == nil {
				continue // flags only
			}
		case '[':
			n = p.setNode(p.class(true))
		case '^':
			p.next()
			n = &node{kind: lineStart, multiline: p.has(flagMultiline), unixLines: p.has(flagUnixLines)}
		case '$':
			p.next()
			n = &node{kind: lineEnd, multiline: p.has(flagMultiline), unixLines: p.has(flagUnixLines)}
		case '.':
			p.next()
			n = &node{kind: set, runes: p.dot(), any: p.has(flagDotAll)}
		case '|', ')':
			return seq
		case '?', '*', '+':
			p.next()
			p.fail(fmt.Sprintf("Dangling meta character '%c'", c))
		default:
			if c == 0 && p.cursor >= p.length {
				return seq
			}
			n = p.atom()
		}
		seq.subs = append(seq.subs, p.quantified(n))
	}
}

func (p *parser) dot() runeSet {
	switch {
	case p.has(flagDotAll):
		return allRunes
	case p.has(flagUnixLines):
		return runeSet{'\n', '\n'}.negate()
	}
	return lineEnds.negate()
}

// atom reads one literal character or escape. (Java reads runs of characters; a quantifier takes the last all the same.)
func (p *parser) atom() *node {
	switch c := p.peek(); c {
	case '{':
		return &node{kind: concat} // the counted repetition of nothing
	case '\\':
		if e := p.nextEscaped(); e == 'p' || e == 'P' {
			return p.setNode(p.property(e == 'P'))
		}
		p.cursor--
		n, c := p.escape(false)
		if n != nil {
			return n
		}
		return p.literal(c)
	default:
		p.next()
		return p.literal(c)
	}
}

func (p *parser) literal(c rune) *node {
	if p.has(flagIgnoreCase) {
		if s := p.fold(runeSet{c, c}); len(s) > 2 || s[0] != s[1] {
			return p.setNode(s)
		}
	}
	return &node{kind: literal, char: c}
}

func (p *parser) setNode(s runeSet) *node { return &node{kind: set, runes: s} }

// quantified reads what may follow an atom: ? * + {n,m}, each greedy, reluctant or possessive.
func (p *parser) quantified(n *node) *node {
	q := &node{kind: repeat, subs: []*node{n}, max: unlimited}
	switch p.peek() {
	case '?':
		q.max = 1
		p.next()
	case '*':
		p.next()
	case '+':
		q.min = 1
		p.next()
	case '{':
		if !isDigit(p.at(p.cursor + 1)) {
			p.cursor += 2
			p.fail("Illegal repetition")
		}
		p.counted(q)
	default:
		return n
	}
	switch p.peek() {
	case '?':
		q.mode = reluctant
		p.next()
	case '+':
		q.mode = possessive
		p.next()
	}
	return q
}

func (p *parser) counted(q *node) {
	c := p.skip()
	q.min, c = p.count(c)
	q.max = q.min
	if c == ',' {
		c = p.read()
		q.max = unlimited
		if c != '}' {
			if !isDigit(c) {
				p.fail("Illegal repetition")
			}
			q.max, c = p.count(c)
		}
	}
	if c != '}' {
		p.fail("Unclosed counted closure")
	}
	if q.max != unlimited && q.max < q.min {
		p.fail("Illegal repetition range")
	}
	p.peek()
}

// count reads a number whose first digit is c, and the character behind it.
func (p *parser) count(c rune) (int, rune) {
	n := 0
	for ; isDigit(c); c = p.read() {
		if n = n*10 + int(c-'0'); n > 1<<31-1 {
			p.fail("Illegal repetition range")
		}
	}
	return n, c
}

func isDigit(c rune) bool   { return c >= '0' && c <= '9' }
func isAlpha(c rune) bool   { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
func isAlnum(c rune) bool   { return isAlpha(c) || isDigit(c) }
func isLineEnd(c rune) bool { return c == '\n' || c == '\r' || c == 0x85 || c == 0x2028 || c == 0x2029 }
