package javaregex

type nodeKind uint8

const (
	literal nodeKind = iota
	set
	concat
	alternation
	capture
	atomic
	lookahead
	lookbehind
	repeat
	inputStart
	inputEnd
	lineStart
	lineEnd
	wordBoundary
	lastMatch
	lineBreak
	grapheme
	backReference
)

type repeatMode uint8

const (
	greedy repeatMode = iota
	reluctant
	possessive
)

const unlimited = -1

// node is a part of a parsed pattern. Flags are resolved: what ignores case is a set.
type node struct {
	kind     nodeKind
	subs     []*node
	char     rune    // literal
	runes    runeSet // set; empty matches nothing
	any      bool    // set: a dot that matches everything
	negative bool    // look-around, wordBoundary

	min, max int // repeat
	mode     repeatMode

	index int    // capture, backReference
	name  string // capture

	multiline, unixLines bool // lineStart, lineEnd
	ignoreCase           bool // backReference
}

// maxWidth is how many characters the node matches at most, as far as Java sees a limit.
func (n *node) maxWidth() int {
	switch n.kind {
	case literal, set:
		return 1
	case lineBreak:
		return 2
	case grapheme, backReference:
		return unlimited
	case concat, capture, atomic:
		total := 0
		for _, s := range n.subs {
			w := s.maxWidth()
			if w == unlimited {
				return unlimited
			}
			total += w
		}
		return total
	case alternation:
		most := 0
		for _, s := range n.subs {
			w := s.maxWidth()
			if w == unlimited {
				return unlimited
			}
			most = max(most, w)
		}
		return most
	case repeat:
		w := n.subs[0].maxWidth()
		switch {
		case w == 0:
			return 0
		case n.max == unlimited && n.mode == greedy && (n.subs[0].kind == literal || n.subs[0].kind == set):
			return 1 << 30 // Java lets these pass
		case w == unlimited || n.max == unlimited:
			return unlimited
		}
		return w * n.max
	}
	return 0
}

// anything reports whether the node is .* with a dot that matches everything.
func (n *node) anything() bool {
	return n.kind == repeat && n.min == 0 && n.max == unlimited && n.mode != possessive && n.subs[0].any
}
