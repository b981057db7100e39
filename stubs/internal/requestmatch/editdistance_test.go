package requestmatch

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestEditDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want float64
	}{
		{"", "", 0},
		{"/a", "/a", 0},
		{"/a", "/b", 0.5},
		{"/nope", "/s", 0.8},
		{"/a?x=1&y=2", "/form", 0.9},
		{"", "abc", 1},
		{"äb", "ab", 0.5},
		{"\U0001F600", "a", 1}, // two UTF-16 units
		{strings.Repeat("a", 100), strings.Repeat("a", 99) + "b", 0.01},
	} {
		assert.InDelta(t, c.want, editDistance(c.a, c.b), 1e-9, "%q %q", c.a, c.b)
		assert.InDelta(t, c.want, editDistance(c.b, c.a), 1e-9, "%q %q", c.b, c.a)
	}
}

// The bit-parallel algorithm gives what the textbook one does, and never stops too early.
func TestColumnAgreesWithTheTextbook(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	text := func() string {
		b := make([]byte, 1+rnd.IntN(64))
		for i := range b {
			b[i] = "abc/"[rnd.IntN(4)]
		}
		return string(b)
	}
	for range 5000 {
		a, b, within := text(), text(), rnd.Float64()*1.2
		want := levenshtein(a, b)
		c := newColumn(a)
		assert.InDelta(t, want, c.distance(b, 2), 1e-9, "%q %q", a, b)
		if got := c.distance(b, within); want < within {
			assert.InDelta(t, want, got, 1e-9, "%q %q within %v", a, b, within)
		} else {
			assert.GreaterOrEqual(t, got, within-1.0/float64(max(len(a), len(b))), "%q %q within %v", a, b, within)
		}
	}
}
