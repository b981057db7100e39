package javaregex

import (
	"unicode"
)

// escape reads an escape, its backslash at the cursor: a node, or the character that it stands for.
func (p *parser) escape(inClass bool) (*node, rune) {
	c := p.skip()
	if s, ok := p.classEscape(c); ok {
		return p.setNode(s), 0
	}
	if !inClass {
		if n := p.assertion(c); n != nil {
			return n, 0
		}
	}
	switch c {
	case '0':
		return nil, p.octal()
	case 'a':
		return nil, '\a'
	case 'c':
		if p.cursor >= p.length {
			p.fail("Illegal control escape sequence")
		}
		return nil, p.read() ^ 64
	case 'e':
		return nil, 033
	case 'f':
		return nil, '\f'
	case 'n':
		return nil, '\n'
	case 'r':
		return nil, '\r'
	case 't':
		return nil, '\t'
	case 'u':
		return nil, p.unicodeEscape()
	case 'x':
		return nil, p.hexEscape()
	case 'N':
		p.characterName()
	}
	if isAlnum(c) {
		p.fail("Illegal/unsupported escape sequence")
	}
	if c == 0 && p.cursor > p.length {
		p.cursor = p.length + 1
		p.fail("Unexpected internal error")
	}
	return nil, c
}

// classEscape is the predefined class of \d, \w and the like.
func (p *parser) classEscape(c rune) (runeSet, bool) {
	unicodeClass := p.has(flagUnicodeClass)
	var s runeSet
	switch unicode.ToLower(c) {
	case 'd':
		s = digits
		if unicodeClass {
			s = tables(unicode.Nd)
		}
	case 'w':
		s = wordRunes
		if unicodeClass {
			s = unicodeWord()
		}
	case 's':
		s = spaces
		if unicodeClass {
			s = tables(unicode.White_Space)
		}
	case 'h':
		s = horizontalSpaces
	case 'v':
		s = verticalSpaces
	default:
		return nil, false
	}
	if unicode.IsUpper(c) {
		s = s.negate()
	}
	return s, true
}

// assertion is what may only stand outside a class: boundaries, anchors, back references, \R and \X.
func (p *parser) assertion(c rune) *node {
	switch c {
	case '1', '2', '3', '4', '5', '6', '7', '8', '9':
		ref := int(c - '0')
		for d := p.at(p.cursor); isDigit(d) && ref*10+int(d-'0') <= p.groups; d = p.at(p.cursor) {
			ref = ref*10 + int(d-'0')
			p.cursor++
		}
		return p.reference(ref)
	case 'k':
		if p.read() != '<' {
			p.fail("\\k is not followed by '<' for named capturing group")
		}
		name := p.groupName(p.read())
		ref, ok := p.names[name]
		if !ok {
			p.fail("named capturing group <" + name + "> does not exist")
		}
		return p.reference(ref)
	case 'A':
		return &node{kind: inputStart}
	case 'B', 'b':
		return &node{kind: wordBoundary, negative: c == 'B'}
	case 'G':
		return &node{kind: lastMatch}
	case 'z':
		return &node{kind: inputEnd}
	case 'Z':
		return &node{kind: lineEnd, unixLines: p.has(flagUnixLines)}
	case 'R':
		return &node{kind: lineBreak}
	case 'X':
		return &node{kind: grapheme}
	}
	return nil
}

func (p *parser) reference(group int) *node {
	if group > p.groups {
		return &node{kind: set} // a group that never is matches nothing
	}
	return &node{kind: backReference, index: group, ignoreCase: p.has(flagIgnoreCase)}
}

// characterName refuses \N{…}: the names of Unicode are not on board.
func (p *parser) characterName() {
	if p.read() != '{' {
		p.fail("Illegal character name escape sequence")
	}
	start := p.cursor
	for p.at(p.cursor) != '}' {
		if p.cursor >= p.length {
			p.fail("Unclosed character name escape sequence")
		}
		p.cursor++
	}
	name := string(p.src[start:p.cursor])
	p.cursor++
	p.fail("Unknown character name [" + name + "]")
}

func (p *parser) octal() rune {
	n := p.read()
	if n < '0' || n > '7' {
		p.fail("Illegal octal escape sequence")
	}
	v := n - '0'
	if m := p.at(p.cursor); m >= '0' && m <= '7' {
		p.cursor++
		v = v*8 + m - '0'
		if o := p.at(p.cursor); o >= '0' && o <= '7' && n <= '3' {
			p.cursor++
			v = v*8 + o - '0'
		}
	}
	return v
}

func (p *parser) hexEscape() rune {
	n := p.read()
	if isHex(n) {
		if m := p.read(); isHex(m) {
			return hexValue(n)<<4 | hexValue(m)
		}
	} else if n == '{' && isHex(p.peek()) {
		v := rune(0)
		for n = p.read(); isHex(n); n = p.read() {
			if v = v<<4 | hexValue(n); v > unicode.MaxRune {
				p.fail("Hexadecimal codepoint is too big")
			}
		}
		if n != '}' {
			p.fail("Unclosed hexadecimal escape sequence")
		}
		return v
	}
	p.fail("Illegal hexadecimal escape sequence")
	return 0
}

// unicodeEscape reads the digits of \uhhhh; two escapes may be the halves of a surrogate pair.
func (p *parser) unicodeEscape() rune {
	high := p.hex4()
	if high >= 0xD800 && high < 0xDC00 && p.at(p.cursor) == '\\' && p.at(p.cursor+1) == 'u' {
		mark := p.cursor
		p.cursor += 2
		if low := p.hex4(); low >= 0xDC00 && low < 0xE000 {
			return (high-0xD800)<<10 + (low - 0xDC00) + 0x10000
		}
		p.cursor = mark
	}
	return high
}

func (p *parser) hex4() rune {
	v := rune(0)
	for range 4 {
		c := p.read()
		if !isHex(c) {
			p.fail("Illegal Unicode escape sequence")
		}
		v = v<<4 | hexValue(c)
	}
	return v
}

func isHex(c rune) bool {
	return isDigit(c) || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

func hexValue(c rune) rune {
	switch {
	case isDigit(c):
		return c - '0'
	case c >= 'a':
		return c - 'a' + 10
	}
	return c - 'A' + 10
}
