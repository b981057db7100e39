package javaregex

import (
	"strings"
)

func (p *parser) group() *node {
	saved := p.flags
	n := &node{kind: capture}
	if p.next() == '?' {
		c := p.skip()
		switch c {
		case ':':
			n.kind = concat
		case '=', '!':
			n.kind, n.negative = lookahead, c == '!'
		case '>':
			n.kind = atomic
		case '<':
			p.namedOrLookbehind(n)
		case '$', '@':
			p.fail("Unknown group type")
		default:
			p.cursor--
			p.addFlags()
			switch c := p.read(); c {
			case ')':
				return nil
			case ':':
				n.kind = concat
			default:
				p.fail("Unknown inline modifier")
			}
		}
	}
	if n.kind == capture {
		p.groups++
		n.index = p.groups
		if n.name != "" {
			p.names[n.name] = n.index
		}
	}
	body := p.alternatives()
	p.accept(')', "Unclosed group")
	if n.kind == lookbehind {
		if width := body.maxWidth(); width == unlimited {
			p.fail("Look-behind group does not have an obvious maximum length")
		}
	}
	p.flags = saved
	n.subs = []*node{body}
	return n
}

func (p *parser) namedOrLookbehind(n *node) {
	c := p.read()
	if c == '=' || c == '!' {
		n.kind, n.negative = lookbehind, c == '!'
		return
	}
	n.name = p.groupName(c)
	if _, defined := p.names[n.name]; defined {
		p.fail("Named capturing group <" + n.name + "> is already defined")
	}
}

func (p *parser) groupName(c rune) string {
	if !isAlpha(c) {
		p.fail("capturing group name does not start with a Latin letter")
	}
	var b strings.Builder
	for ; isAlnum(c); c = p.read() {
		b.WriteRune(c)
	}
	if c != '>' {
		p.fail("named capturing group is missing trailing '>'")
	}
	return b.String()
}

func (p *parser) addFlags() {
	on := true
	for c := p.peek(); ; c = p.next() {
		flag := 0
		switch c {
		case 'i':
			flag = flagIgnoreCase
		case 'm':
			flag = flagMultiline
		case 's':
			flag = flagDotAll
		case 'd':
			flag = flagUnixLines
		case 'u':
			flag = flagUnicodeCase
		case 'x':
			flag = flagComments
		case 'U':
			flag = flagUnicodeClass | flagUnicodeCase
		case 'c':
		case '-':
			if !on {
				return
			}
			on = false
			continue
		default:
			return
		}
		if on {
			p.flags |= flag
		} else {
			p.flags &^= flag
		}
	}
}
