package javaregex

import (
	"slices"
	"sync"
	"unicode"
)

// runeSet is a set of characters: pairs of first and last, in order, without overlap.
type runeSet []rune

var (
	allRunes         = runeSet{0, unicode.MaxRune}
	digits           = runeSet{'0', '9'}
	wordRunes        = runeSet{'0', '9', 'A', 'Z', '_', '_', 'a', 'z'}
	spaces           = runeSet{'\t', '\r', ' ', ' '}
	lineEnds         = runeSet{'\n', '\n', '\r', '\r', 0x85, 0x85, 0x2028, 0x2029}
	verticalSpaces   = runeSet{'\n', '\r', 0x85, 0x85, 0x2028, 0x2029}
	horizontalSpaces = runeSet{'\t', '\t', ' ', ' ', 0xA0, 0xA0, 0x1680, 0x1680, 0x180E, 0x180E, 0x2000, 0x200A, 0x202F, 0x202F, 0x205F, 0x205F, 0x3000, 0x3000}
)

// The large sets are made when a pattern first asks for one: every start of the program would pay for them.
var (
	unicodeWord = sync.OnceValue(func() runeSet {
		return tables(unicode.L, unicode.Nl, unicode.Other_Alphabetic, unicode.M, unicode.Nd, unicode.Pc, unicode.Join_Control)
	})
	// boundaryRunes is what \b takes for a part of a word.
	boundaryRunes = sync.OnceValue(func() runeSet { return tables(unicode.L, unicode.Nd).union(runeSet{'_', '_'}) })
)

func (s runeSet) union(t runeSet) runeSet {
	if len(s) == 0 {
		return t
	}
	if len(t) == 0 {
		return s
	}
	pairs := make([][2]rune, 0, (len(s)+len(t))/2)
	for i := 0; i < len(s); i += 2 {
		pairs = append(pairs, [2]rune{s[i], s[i+1]})
	}
	for i := 0; i < len(t); i += 2 {
		pairs = append(pairs, [2]rune{t[i], t[i+1]})
	}
	slices.SortFunc(pairs, func(a, b [2]rune) int { return int(a[0] - b[0]) })
	out := runeSet{pairs[0][0], pairs[0][1]}
	for _, p := range pairs[1:] {
		if last := &out[len(out)-1]; p[0] <= *last+1 {
			*last = max(*last, p[1])
		} else {
			out = append(out, p[0], p[1])
		}
	}
	return out
}

func (s runeSet) negate() runeSet {
	var out runeSet
	next := rune(0)
	for i := 0; i < len(s); i += 2 {
		if s[i] > next {
			out = append(out, next, s[i]-1)
		}
		next = s[i+1] + 1
	}
	if next <= unicode.MaxRune {
		out = append(out, next, unicode.MaxRune)
	}
	return out
}

func (s runeSet) intersect(t runeSet) runeSet {
	return s.negate().union(t.negate()).negate()
}

func (s runeSet) contains(r rune) bool {
	for i := 0; i < len(s); i += 2 {
		if r >= s[i] && r <= s[i+1] {
			return true
		}
	}
	return false
}

// fold adds the other cases of the set's letters: ASCII ones, or with (?u) all.
func (p *parser) fold(s runeSet) runeSet {
	if !p.has(flagIgnoreCase) {
		return s
	}
	var more runeSet
	for c := 'a'; c <= 'z'; c++ {
		if upper := c - 'a' + 'A'; s.contains(c) != s.contains(upper) {
			more = more.union(runeSet{c, c}).union(runeSet{upper, upper})
		}
	}
	if p.has(flagUnicodeCase) {
		for _, pair := range foldable(s) {
			for f := unicode.SimpleFold(pair); f != pair; f = unicode.SimpleFold(f) {
				more = more.union(runeSet{f, f})
			}
		}
	}
	return s.union(more)
}

// maxFoldable bounds the folding of large sets, which have both cases of nearly everything anyway.
const maxFoldable = 3000

// foldable lists the non-ASCII letters of a set that have other cases.
func foldable(s runeSet) []rune {
	var out []rune
	for i := 0; i < len(s); i += 2 {
		for r := s[i]; r <= s[i+1] && r-s[i] < maxFoldable; r++ {
			if unicode.SimpleFold(r) != r {
				out = append(out, r)
			}
		}
	}
	return out
}

// tables is the union of Unicode tables.
func tables(ts ...*unicode.RangeTable) runeSet {
	var out runeSet
	for _, t := range ts {
		var s runeSet
		for _, r := range t.R16 {
			s = appendStride(s, rune(r.Lo), rune(r.Hi), rune(r.Stride))
		}
		for _, r := range t.R32 {
			s = appendStride(s, rune(r.Lo), rune(r.Hi), rune(r.Stride))
		}
		out = out.union(s)
	}
	return out
}

func appendStride(s runeSet, lo, hi, stride rune) runeSet {
	if stride == 1 {
		return append(s, lo, hi)
	}
	for r := lo; r <= hi; r += stride {
		s = append(s, r, r)
	}
	return s
}
