package javaregex

import (
	"strconv"
	"strings"
)

// emitter writes a parsed pattern in another engine's syntax.
type emitter struct {
	strings.Builder
	backtracking bool // for regexp2 (.NET's syntax), otherwise for Go's regexp
	unfit        bool // Go's regexp cannot do it
	asciiOnly    bool // Go's regexp does it, but only on ASCII text
}

const maxGoRepeat = 1000

// emit writes n. last says that nothing after n consumes text, and that the match must reach the end of the input.
func (e *emitter) emit(n *node, last bool) {
	switch n.kind {
	case literal:
		e.rune(n.char, false)
	case set:
		e.set(n)
	case concat:
		e.WriteString("(?:")
		for i, s := range n.subs {
			e.emit(s, last && zeroWidth(n.subs[i+1:]))
		}
		e.WriteByte(')')
	case alternation:
		e.WriteString("(?:")
		for i, s := range n.subs {
			if i > 0 {
				e.WriteByte('|')
			}
			e.emit(s, last)
		}
		e.WriteByte(')')
	case capture:
		e.group("(", n, last)
	case repeat:
		e.repeat(n)
	case inputStart:
		e.WriteString(`\A`)
	case inputEnd:
		e.WriteString(`\z`)
	case lineBreak:
		e.unfit = true
		e.WriteString(`(?:\r\n|\r(?!\n)|`)
		e.runes(runeSet{'\n', '\f', 0x85, 0x85, 0x2028, 0x2029})
		e.WriteByte(')')
	case lineStart:
		e.lineStart(n)
	case lineEnd:
		e.lineEnd(n, last)
	case wordBoundary:
		e.boundary(n)
	default:
		e.special(n)
	}
}

func zeroWidth(nodes []*node) bool {
	for _, n := range nodes {
		if n.maxWidth() != 0 {
			return false
		}
	}
	return true
}

func (e *emitter) group(open string, n *node, last bool) {
	e.WriteString(open)
	e.emit(n.subs[0], last)
	e.WriteByte(')')
}

func (e *emitter) repeat(n *node) {
	if n.mode == possessive {
		e.unfit = true
		e.WriteString("(?>")
	}
	e.WriteString("(?:")
	e.emit(n.subs[0], false)
	e.WriteByte(')')
	switch {
	case n.min == 0 && n.max == 1:
		e.WriteByte('?')
	case n.min == 0 && n.max == unlimited:
		e.WriteByte('*')
	case n.min == 1 && n.max == unlimited:
		e.WriteByte('+')
	default:
		e.unfit = e.unfit || n.min > maxGoRepeat || n.max > maxGoRepeat
		e.WriteString("{" + strconv.Itoa(n.min) + ",")
		if n.max != unlimited {
			e.WriteString(strconv.Itoa(n.max))
		}
		e.WriteByte('}')
	}
	switch n.mode {
	case reluctant:
		e.WriteByte('?')
	case possessive:
		e.WriteByte(')')
	}
}

func (e *emitter) lineStart(n *node) {
	if !n.multiline {
		e.WriteString(`\A`)
		return
	}
	e.unfit = true
	if n.unixLines {
		e.WriteString(`(?:\A|(?<=\n))(?!\z)`)
		return
	}
	e.WriteString(`(?:\A|(?<=[\n\u0085\u2028\u2029])|(?<=\r)(?!\n))(?!\z)`)
}

func (e *emitter) lineEnd(n *node, last bool) {
	if !n.multiline && last && !e.backtracking {
		e.WriteString(`\z`)
		return
	}
	e.unfit = true
	switch {
	case n.unixLines && n.multiline:
		e.WriteString(`(?=\n|\z)`)
	case n.unixLines:
		e.WriteString(`(?=\n?\z)`)
	case n.multiline:
		e.WriteString(`(?=\r\n|[\n\r\u0085\u2028\u2029]|\z)(?<!\r(?=\n))`)
	default:
		e.WriteString(`(?=(?:\r\n|[\n\r\u0085\u2028\u2029])?\z)(?<!\r(?=\n))`)
	}
}

func (e *emitter) boundary(n *node) {
	if !e.backtracking {
		e.asciiOnly = true
		if n.negative {
			e.WriteString(`\B`)
		} else {
			e.WriteString(`\b`)
		}
		return
	}
	forms := [4]string{`(?:(?<=`, `)(?!`, `)|(?<!`, `)(?=`}
	if n.negative {
		forms[1], forms[3] = forms[3], forms[1]
	}
	for _, form := range forms {
		e.WriteString(form)
		e.runes(boundaryRunes())
	}
	e.WriteString("))")
}

// special writes what only the backtracking engine has.
func (e *emitter) special(n *node) {
	e.unfit = true
	switch n.kind {
	case atomic:
		e.group("(?>", n, false)
	case lookahead:
		e.group(map[bool]string{false: "(?=", true: "(?!"}[n.negative], n, false)
	case lookbehind:
		e.group(map[bool]string{false: "(?<=", true: "(?<!"}[n.negative], n, false)
	case lastMatch:
		e.WriteString(`\G`)
	case grapheme:
		e.WriteString(`(?:\r\n|\P{M}\p{M}*|\p{M}+)`)
	case backReference:
		if n.ignoreCase {
			e.WriteString("(?i:")
		} else {
			e.WriteString("(?:")
		}
		e.WriteString(`\` + strconv.Itoa(n.index) + ")")
	}
}

func (e *emitter) set(n *node) {
	switch {
	case len(n.runes) == 0 && e.backtracking:
		e.WriteString(`(?!)`)
	case len(n.runes) == 0:
		e.WriteString(`[^\x00-\x{10FFFF}]`)
	case n.any && e.backtracking:
		e.WriteString(`[\s\S]`)
	case n.any:
		e.WriteString(`(?s:.)`)
	default:
		e.runes(n.runes)
	}
}

func (e *emitter) runes(s runeSet) {
	e.WriteByte('[')
	for i := 0; i < len(s); i += 2 {
		e.rune(s[i], true)
		if s[i+1] > s[i] {
			e.WriteByte('-')
			e.rune(s[i+1], true)
		}
	}
	e.WriteByte(']')
}

func (e *emitter) rune(r rune, inClass bool) {
	switch {
	case r < 0x80 && isAlnum(r):
		e.WriteByte(byte(r))
	case !e.backtracking:
		e.WriteString(`\x{` + strconv.FormatInt(int64(r), 16) + "}")
	case r <= 0xFFFF:
		hex := strconv.FormatInt(int64(r), 16)
		e.WriteString(`\u` + "0000"[len(hex):] + hex)
	default:
		e.WriteRune(r)
	}
}
