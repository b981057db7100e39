// Package javaset orders strings as Java's hash tables iterate over them. WireMock keeps headers in such tables in places,
// and the order shows: in what proxy targets are sent, in recordings, in journals.
package javaset

import (
	"cmp"
	"slices"
	"unicode/utf16"
)

const (
	leastTable = 16
	load       = 0.75
)

// Order returns names in the order in which a java.util.HashSet iterates that they were added to in the order given.
// It is exact as long as no bucket holds so many that Java makes it a tree (eight).
func Order(names []string) []string { return orderIn(leastTable, names) }

// OrderOfCopy returns names in the order of a java.util.HashMap that was made as the copy of one with all but the last of
// them, and was then given the last.
func OrderOfCopy(names []string) []string {
	table := uint32(1)
	for table < uint32(float64(len(names)-1)/load+1) {
		table *= 2
	}
	return orderIn(table, names)
}

func orderIn(table uint32, names []string) []string {
	for float64(len(names)) > float64(table)*load {
		table *= 2
	}
	out := slices.Clone(names)
	slices.SortStableFunc(out, func(a, b string) int {
		return cmp.Compare(bucket(a, table), bucket(b, table))
	})
	return out
}

func bucket(name string, table uint32) uint32 {
	h := hash(name)
	return (h ^ h>>16) & (table - 1)
}

// hash is java.lang.String.hashCode.
func hash(s string) uint32 {
	var h uint32
	for _, unit := range utf16.Encode([]rune(s)) {
		h = 31*h + uint32(unit)
	}
	return h
}
