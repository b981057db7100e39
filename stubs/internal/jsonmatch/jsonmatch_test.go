package jsonmatch

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/stubs/internal/jsondoc"
)

func decode(t *testing.T, s string) any {
	t.Helper()
	v, err := jsondoc.DecodeString(s)
	require.NoError(t, err, s)
	return v
}

func TestComparison(t *testing.T) {
	order, extra := Options{IgnoreArrayOrder: true}, Options{IgnoreExtraElements: true}
	both := Options{IgnoreArrayOrder: true, IgnoreExtraElements: true}
	for _, c := range []struct {
		expected, actual string
		opts             Options
		equal            bool
		distance         float64
	}{
		{`{"a":1,"b":[1,2]}`, `{"b":[1,2],"a":1.0}`, Options{}, true, 0},
		{`1`, `"1"`, Options{}, false, 1},
		{`{"a":1}`, `{"a":2}`, Options{}, false, 0.5},
		{`{"a":1}`, `{"a":1,"b":2}`, Options{}, false, 1.0 / 3},
		{`{"a":1}`, `{"a":1,"b":2}`, extra, true, 0},
		{`{"a":1,"b":2}`, `{"a":1}`, extra, false, 1.0 / 3},
		{`[1,2,3]`, `[3,2,1]`, Options{}, false, 0.5},
		{`[1,2,3]`, `[3,2,1]`, order, true, 0},
		{`[1,2]`, `[2,3,1]`, order, false, 0.25},
		{`[1,2]`, `[2,3,1]`, both, true, 0},
		{`[1,2]`, `[1,2,3]`, extra, true, 0},
		{`[{"a":[1,2]},{"b":null}]`, `[{"b":null},{"a":[2,1]}]`, order, true, 0},
		{`{"a":null}`, `{}`, Options{}, false, 0.5},
		{`{"x":{"a":null}}`, `{}`, Options{}, false, 0.25},
		{`["${json-unit.ignore}",1]`, `[{"any":"thing"},1]`, Options{}, true, 0},
		{`{"a":"${json-unit.ignore}"}`, `{}`, Options{}, false, 0.5},
		{`{"a":"${json-unit.ignore-element}"}`, `{}`, Options{}, true, 0},
		{`["#{json-unit.any-string}","${json-unit.any-number}","${json-unit.any-boolean}"]`, `["x",1,true]`, Options{}, true, 0},
		{`["${json-unit.any-string}"]`, `[1]`, Options{}, false, 0.5},
		{`"${json-unit.regex}[a-z]+"`, `"abc"`, Options{}, true, 0},
		{`"${json-unit.regex}[a-z]+"`, `"ab1"`, Options{}, false, 1},
		{`"${json-unit.regex}["`, `"["`, Options{}, false, 1},
		{`"${json-unit.matches:m}x"`, `"x"`, Options{}, false, 1},
		{`"${json-unit.other}"`, `"${json-unit.other}"`, Options{}, true, 0},
		{`["${json-unit.any-number}",1,"${json-unit.any-number}"]`, `[1,2,3]`, order, true, 0},
	} {
		comparison := New(decode(t, c.expected), c.opts)
		actual := decode(t, c.actual)
		assert.Equal(t, c.equal, comparison.Equal(actual), "%s on %s", c.expected, c.actual)
		assert.InDelta(t, c.distance, comparison.Distance(actual), 1e-12, "%s on %s", c.expected, c.actual)
	}
}

func TestAmbiguousElementsDoNotExplode(t *testing.T) {
	var expected, actual []any
	for range 40 {
		expected = append(expected, "${json-unit.any-number}", "${json-unit.regex}.*")
		actual = append(actual, jsondoc.Number("1"), true)
	}
	assert.False(t, New(expected, Options{IgnoreArrayOrder: true}).Equal(actual))
}

func FuzzComparison(f *testing.F) {
	f.Add(`{"a":[1,{"b":null}]}`, `{"a":[{"b":null},1]}`, true, false)
	f.Add(`["${json-unit.regex}(a","${json-unit.ignore}"]`, `["a",2,3]`, true, true)
	f.Fuzz(func(t *testing.T, a, b string, order, extra bool) {
		x, err := jsondoc.DecodeString(a)
		if err != nil {
			return
		}
		y, err := jsondoc.DecodeString(b)
		if err != nil || len(a)+len(b) > 2000 {
			return
		}
		c := New(x, Options{order, extra})
		if d := c.Distance(y); c.Equal(y) {
			assert.Zero(t, d)
		}
	})
}
