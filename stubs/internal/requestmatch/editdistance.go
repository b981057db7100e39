package requestmatch

import (
	"unicode/utf16"
)

// editDistance is the Levenshtein distance of two strings over the length of the longer one: 0 equal, 1 nothing alike.
// Characters count as in Java, in UTF-16 units.
func editDistance(a, b string) float64 {
	if a == b {
		return 0
	}
	if !ascii(a) || !ascii(b) {
		ua, ub := utf16.Encode([]rune(a)), utf16.Encode([]rune(b))
		return float64(levenshtein(ua, ub)) / float64(max(len(ua), len(ub)))
	}
	longest := float64(max(len(a), len(b)))
	a, b = trimCommon(a, b)
	if len(a) > len(b) {
		a, b = b, a
	}
	switch {
	case len(a) == 0:
		return float64(len(b)) / longest
	case len(a) <= 64:
		return float64(myers(a, b)) / longest
	}
	return float64(levenshtein([]byte(a), []byte(b))) / longest
}

// minEditDistance is a lower bound of editDistance for strings of the two lengths.
func minEditDistance(la, lb int) float64 {
	if la == lb {
		return 0
	}
	return float64(max(la, lb)-min(la, lb)) / float64(max(la, lb))
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// trimCommon cuts off what the strings begin and end with alike: that does not change their distance.
func trimCommon(a, b string) (string, string) {
	for a != "" && b != "" && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for a != "" && b != "" && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	return a, b
}

// myers computes the distance of text to a pattern of 1 to 64 bytes, a whole column of the matrix in each step.
// G. Myers, A fast bit-vector algorithm for approximate string matching, J. ACM 46 (1999), as simplified by H. Hyyrö.
func myers(pattern, text string) int {
	var peq [128]uint64
	for i := range len(pattern) {
		peq[pattern[i]] |= 1 << i
	}
	pv, mv := ^uint64(0), uint64(0)
	score, last := len(pattern), uint64(1)<<(len(pattern)-1)
	for i := range len(text) {
		eq := peq[text[i]]
		xv := eq | mv
		xh := (((eq & pv) + pv) ^ pv) | eq
		ph, mh := mv|^(xh|pv), pv&xh
		if ph&last != 0 {
			score++
		}
		if mh&last != 0 {
			score--
		}
		ph, mh = ph<<1|1, mh<<1
		pv, mv = mh|^(xv|ph), ph&xv
	}
	return score
}

// levenshtein is the textbook algorithm with one row.
func levenshtein[T byte | uint16](a, b []T) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i, x := range a {
		diagonal := row[0]
		row[0] = i + 1
		for j, y := range b {
			cost := diagonal
			if x != y {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
