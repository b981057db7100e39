package requestmatch

import "unicode/utf16"

// editDistance is the Levenshtein distance of two strings over the length of the longer one: 0 equal, 1 nothing alike.
// Characters count as in Java, in UTF-16 units.
func editDistance(a, b string) float64 {
	if a == b {
		return 0
	}
	if c := newColumn(a); c.usable() && ascii(b) {
		return c.distance(b, 2)
	}
	return levenshtein(a, b)
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// column is a string of 1 to 64 ASCII characters made ready to be compared with many others, a whole column of the edit
// matrix in each step: G. Myers, A fast bit-vector algorithm for approximate string matching, J. ACM 46 (1999), as
// simplified by H. Hyyrö.
type column struct {
	s     string
	masks *[128]uint64 // where in s each character stands; nil when s is not of the kind
}

func newColumn(s string) column {
	if len(s) == 0 || len(s) > 64 || !ascii(s) {
		return column{s: s}
	}
	c := column{s, new([128]uint64)}
	for i := range len(s) {
		c.masks[s[i]] |= 1 << i
	}
	return c
}

func (c *column) usable() bool { return c.masks != nil }

// distance is editDistance, or at least within when it is not below that.
func (c *column) distance(text string, within float64) float64 {
	if c.s == text {
		return 0
	}
	if !c.usable() {
		return editDistance(text, c.s)
	}
	longest := float64(max(len(c.s), len(text)))
	budget := int(min(within, 1) * longest)
	pv, mv := ^uint64(0), uint64(0)
	score, top := len(c.s), uint(len(c.s)-1)
	for i := range len(text) {
		if text[i] >= 0x80 {
			return levenshtein(c.s, text)
		}
		eq := c.masks[text[i]&0x7f]
		xv := eq | mv
		xh := (((eq & pv) + pv) ^ pv) | eq
		ph, mh := mv|^(xh|pv), pv&xh
		score += int(ph>>top&1) - int(mh>>top&1)
		if score-(len(text)-1-i) > budget { // each further character takes off one at most
			return 1
		}
		ph = ph<<1 | 1
		pv, mv = mh<<1|^(xv|ph), ph&xv
	}
	return float64(score) / longest
}

// levenshtein is the textbook algorithm with one row, normalised as editDistance is.
func levenshtein(s, t string) float64 {
	a, b := utf16.Encode([]rune(s)), utf16.Encode([]rune(t))
	longest := float64(max(len(a), len(b)))
	if longest == 0 {
		return 0
	}
	a, b = trimCommon(a, b)
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
	return float64(row[len(b)]) / longest
}

// trimCommon cuts off what the strings begin and end with alike: that does not change their distance.
func trimCommon(a, b []uint16) (x, y []uint16) {
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	return a, b
}
