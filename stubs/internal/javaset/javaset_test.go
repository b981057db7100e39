package javaset

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestHash(t *testing.T) {
	for s, want := range map[string]uint32{"": 0, "a": 97, "Hello": 69609650, "Content-Type": 949037134, "é😀": 1996812} {
		assert.Equal(t, want, hash(s), s)
	}
}

// The expected orders were seen on the wire of WireMock 3.13.2.
func TestOrder(t *testing.T) {
	for _, c := range []struct{ in, want []string }{
		{[]string{"Host", "X-A", "x-b", "Cookie", "Accept"}, []string{"Cookie", "Accept", "Host", "x-b", "X-A"}},
		{[]string{"Host", "X-a", "Accept", "X-B"}, []string{"Accept", "Host", "X-B", "X-a"}},
		{[]string{"Host", "Content-Type", "Content-Encoding"}, []string{"Content-Encoding", "Host", "Content-Type"}},
		{[]string{"Server", "Date", "Content-Type", "X-Multi", "Set-Cookie"}, []string{"Server", "X-Multi", "Set-Cookie", "Date", "Content-Type"}},
		{nil, nil},
	} {
		assert.Equal(t, c.want, Order(c.in))
	}
}

func TestOrderOfCopy(t *testing.T) {
	for _, want := range [][]string{
		{"Authorization"}, {"x-b", "Authorization"}, {"Authorization", "X-A"}, {"x-b", "Authorization", "X-A"},
		{"Accept", "Authorization", "Content-Type"}, {"Authorization", "A", "B", "C", "D", "Y", "Z"},
	} {
		given := slices.DeleteFunc(slices.Sorted(slices.Values(want)), func(s string) bool { return s == "Authorization" })
		assert.Equal(t, want, OrderOfCopy(append(given, "Authorization")))
	}
}
