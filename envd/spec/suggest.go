package spec

import (
	"fmt"
	"slices"
	"strings"
)

// suggest returns help for a word that is not known: the nearest known one, if any is near, and the list of all.
func suggest(word, noun string, known []string) string {
	known = slices.Compact(slices.Sorted(slices.Values(known)))
	if len(known) == 0 {
		return fmt.Sprintf("there is no %s", noun)
	}
	list := fmt.Sprintf("known: %s", strings.Join(known, ", "))
	if near := nearest(word, known); near != "" {
		return fmt.Sprintf("did you mean %q? (%s)", near, list)
	}
	return list
}

// nearest returns the candidate with the fewest edits from word, or "" if none is near enough.
func nearest(word string, candidates []string) string {
	best, edits := "", max(1, len(word)/3)+1
	for _, c := range candidates {
		if e := distance(strings.ToLower(word), strings.ToLower(c)); e < edits {
			best, edits = c, e
		}
	}
	if best == "" { // word may contain a known one: SIGTERM for TERM
		for _, c := range candidates {
			if len(c) >= 3 && strings.Contains(word, c) && len(c) > len(best) {
				best = c
			}
		}
	}
	return best
}

// distance counts the insertions, deletions, substitutions and swaps of neighbours that turn a into b
// (optimal string alignment).
func distance(a, b string) int {
	var before []int
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		next := make([]int, len(b)+1)
		next[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			next[j] = min(row[j]+1, next[j-1]+1, row[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				next[j] = min(next[j], before[j-2]+1)
			}
		}
		before, row = row, next
	}
	return row[len(b)]
}
