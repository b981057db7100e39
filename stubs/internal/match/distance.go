package match

import (
	"unicode/utf16"
	"unicode/utf8"
)

// TextDistance is WireMock's distance of two texts: Levenshtein over the longer length, in UTF-16 units; NaN for two
// empty texts.
func TextDistance(a, b string) float64 {
	if isASCII(a) && isASCII(b) {
		return float64(levenshtein([]byte(a), []byte(b))) / float64(max(len(a), len(b)))
	}
	x, y := utf16.Encode([]rune(a)), utf16.Encode([]rune(b))
	return float64(levenshtein(x, y)) / float64(max(len(x), len(y)))
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

const wordBits = 64

// levenshtein is the edit distance by Myers' bit-parallel algorithm in Hyyrö's block form: 64 cells of the matrix a step.
func levenshtein[T byte | uint16](a, b []T) int {
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(a) == 0 {
		return len(b)
	}
	blocks := (len(a) + wordBits - 1) / wordBits
	positions := make(map[T][]uint64)
	for i, c := range a {
		if positions[c] == nil {
			positions[c] = make([]uint64, blocks)
		}
		positions[c][i/wordBits] |= 1 << (i % wordBits)
	}
	plus, minus := make([]uint64, blocks), make([]uint64, blocks)
	for i := range plus {
		plus[i] = ^uint64(0)
	}
	none := make([]uint64, blocks)
	score := len(a)
	last := uint64(1) << ((len(a) - 1) % wordBits)
	for _, c := range b {
		eqs := positions[c]
		if eqs == nil {
			eqs = none
		}
		carryPlus, carryMinus := uint64(1), uint64(0)
		for i := range blocks {
			p, m, eq := plus[i], minus[i], eqs[i]
			xv := eq | m
			eq |= carryMinus
			xh := (((eq & p) + p) ^ p) | eq
			ph, mh := m|^(xh|p), p&xh
			if i == blocks-1 {
				if ph&last != 0 {
					score++
				}
				if mh&last != 0 {
					score--
				}
			}
			nextPlus, nextMinus := ph>>(wordBits-1), mh>>(wordBits-1)
			ph, mh = ph<<1|carryPlus, mh<<1|carryMinus
			plus[i], minus[i] = mh|^(xv|ph), ph&xv
			carryPlus, carryMinus = nextPlus, nextMinus
		}
	}
	return score
}
