package jsonmatch

import "slices"

// match pairs the elements of two lists in any order. It gives the expected elements that found no partner, and the
// actual ones, by index. Pairs are chosen the way json-unit chooses them, so that the rest is the same as its.
func (c *Comparison) match(expected, actual []any) (missing, extra []int) {
	m := &pairing{equal: make([][]int, len(actual)), matches: make([]int, len(expected)), matched: make([]bool, len(actual))}
	for i := range m.matches {
		m.matches[i] = -1
	}
	for i, a := range actual {
		for j, e := range expected {
			if c.similar(e, a) {
				m.equal[i] = append(m.equal[i], j)
			}
		}
	}
	budget := maxTries
	m = m.solve(&budget)
	return m.missing(), m.extra
}

// maxTries bounds the search among ambiguous elements; beyond it the first candidate is taken.
const maxTries = 2_000

// pairing is a state of the search.
type pairing struct {
	equal   [][]int // for each actual element, the free expected ones that it equals
	matches []int   // for each expected element its partner, -1 if none
	matched []bool  // of the actual elements
	extra   []int
	from    int
}

func (m *pairing) solve(budget *int) *pairing {
	m.matchEquivalent()
	for i := m.from; i < len(m.equal); i++ {
		if m.matched[i] {
			continue
		}
		candidates := m.equal[i]
		if len(candidates) == 0 {
			m.extra = append(m.extra, i)
			continue
		}
		if len(candidates) > 1 {
			for _, j := range candidates {
				if *budget--; *budget < 0 {
					break
				}
				try := m.copy(i + 1)
				try.record(i, j)
				if try = try.solve(budget); len(try.extra) == 0 && len(try.missing()) == 0 {
					return try
				}
			}
		}
		m.record(i, candidates[0])
	}
	return m
}

// matchEquivalent pairs groups of elements that equal the same ones.
func (m *pairing) matchEquivalent() {
	for i := range m.equal {
		if m.matched[i] {
			continue
		}
		equal := m.equal[i] // read anew: pairing others shortens it
		if len(equal) == 0 {
			continue
		}
		same := m.equivalent(equal)
		if len(same) == len(equal) {
			for n, a := range same {
				m.record(a, equal[n])
			}
		} else if len(same) > 1 && len(equal) > 1 {
			for n := range min(len(same), m.exclusive(equal, same)) {
				m.record(same[n], equal[n])
			}
		}
	}
}

// equivalent lists the free actual elements that equal just the expected ones given.
func (m *pairing) equivalent(equal []int) []int {
	var out []int
	for i, e := range m.equal {
		if !m.matched[i] && slices.Equal(e, equal) {
			out = append(out, i)
		}
	}
	return out
}

// exclusive counts those of equal that no other actual element than same equals.
func (m *pairing) exclusive(equal, same []int) int {
	n := 0
	for _, j := range equal {
		taken := slices.ContainsFunc(m.others(same), func(i int) bool { return slices.Contains(m.equal[i], j) })
		if !taken {
			n++
		}
	}
	return n
}

func (m *pairing) others(same []int) []int {
	var out []int
	for i := range m.equal {
		if !m.matched[i] && !slices.Contains(same, i) {
			out = append(out, i)
		}
	}
	return out
}

func (m *pairing) record(actual, expected int) {
	m.matches[expected] = actual
	for i, e := range m.equal {
		if !m.matched[i] && slices.Contains(e, expected) {
			m.equal[i] = slices.DeleteFunc(slices.Clone(e), func(j int) bool { return j == expected })
		}
	}
	m.matched[actual] = true
}

func (m *pairing) copy(from int) *pairing {
	return &pairing{
		equal:   slices.Clone(m.equal),
		matches: slices.Clone(m.matches),
		matched: slices.Clone(m.matched),
		extra:   slices.Clone(m.extra),
		from:    from,
	}
}

func (m *pairing) missing() []int {
	var out []int
	for j, a := range m.matches {
		if a < 0 {
			out = append(out, j)
		}
	}
	return out
}
