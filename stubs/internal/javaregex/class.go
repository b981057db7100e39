package javaregex

import (
	"fmt"
)

// class reads a character class. The cursor is on its bracket, or with nested false, on the character before the right
// side of an intersection.
func (p *parser) class(consume bool) runeSet {
	if p.depth++; p.depth > maxNesting {
		p.fail("Groups are nested too deeply")
	}
	defer func() { p.depth-- }()
	var all runeSet
	seen, negative := false, false
	for c := p.next(); ; c = p.peek() {
		switch c {
		case '^':
			if !seen && !negative && p.at(p.cursor-1) == '[' {
				negative = true
				p.next()
				continue
			}
		case '[':
			all, seen = all.union(p.class(true)), true
			continue
		case '&':
			if p.at(p.cursor+1) == '&' {
				p.cursor++
				all, seen = p.intersection(all, seen), true
				continue
			}
		case 0:
			if p.cursor >= p.length {
				p.fail("Unclosed character class")
			}
		case ']':
			if seen {
				if consume {
					p.next()
				}
				if negative {
					return all.negate()
				}
				return all
			}
		}
		all, seen = all.union(p.classRange()), true
	}
}

// intersection reads what follows &&; the cursor is on the second ampersand.
func (p *parser) intersection(left runeSet, seen bool) runeSet {
	var right runeSet
	some := false
	for c := p.next(); c != ']' && c != '&'; c = p.peek() {
		if c == 0 && p.cursor >= p.length {
			p.fail("Unclosed character class")
		}
		if c == '[' {
			right = right.union(p.class(true))
		} else {
			p.cursor--
			right = p.class(false)
		}
		some = true
	}
	switch {
	case !some && !seen:
		p.fail("Bad class syntax")
	case !some:
		return left
	case !seen:
		return right
	}
	return left.intersect(right)
}

// classRange reads a character, a range or an escape of a class.
func (p *parser) classRange() runeSet {
	c := p.peek()
	if c == '\\' {
		if e := p.nextEscaped(); e == 'p' || e == 'P' {
			return p.property(e == 'P')
		}
		p.cursor--
		n, escaped := p.escape(true)
		if n != nil {
			return n.runes
		}
		c = escaped
	} else {
		p.next()
	}
	if p.peek() == '-' {
		if end := p.at(p.cursor + 1); end != '[' && end != ']' {
			p.next()
			to := p.peek()
			if to == '\\' {
				n, escaped := p.escape(true)
				if n != nil {
					p.fail("Illegal character range")
				}
				to = escaped
			} else {
				p.next()
			}
			if to < c {
				p.fail("Illegal character range")
			}
			return p.fold(runeSet{c, to})
		}
	}
	return p.fold(runeSet{c, c})
}

// property reads \p{…} or \pL; the cursor is on the p.
func (p *parser) property(complement bool) runeSet {
	c := p.nextEscaped()
	name := string(c)
	if c != '{' {
		p.next()
	} else {
		p.cursor++
		start := p.cursor
		for p.at(p.cursor) != '}' {
			if p.cursor >= p.length {
				p.cursor = p.length + 1
				p.fail("Unclosed character family")
			}
			p.cursor++
		}
		name = string(p.src[start:p.cursor])
		p.cursor++
		if name == "" {
			p.fail("Empty character family")
		}
		p.peek()
	}
	s, problem := namedSet(name, p.has(flagIgnoreCase), p.has(flagUnicodeClass))
	if problem != "" {
		p.fail(fmt.Sprintf(problem, name))
	}
	if complement {
		s = s.negate()
	}
	return s
}
