package requestmatch

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestCookiesOfOneName: of several values the nearest counts. A date that fits may be farther off than one that does not.
func TestCookiesOfOneName(t *testing.T) {
	const after = `{"after":"2024-01-01T00:00:00Z","actualFormat":"unix"}`
	for _, c := range []struct {
		pattern string
		values  []string
		want    bool
	}{
		{`{"equalTo":"1"}`, []string{"2", "1"}, true},
		{`{"equalTo":"1"}`, []string{"2", "3"}, false},
		{after, []string{"1623672794000"}, true},
		{after, []string{"1623672794", "1623672794000"}, false},
		{after, []string{"1623672794000", "1623672794"}, false},
		{after, []string{"1", "1704067201"}, true},
		{`{"absent":true}`, nil, true},
		{`{"absent":true}`, []string{"1", "2"}, false},
	} {
		p := patterns(t, `{"cookies":{"c":`+c.pattern+`}}`)[0].Cookies[0].Pattern
		assert.Equal(t, c.want, Cookie(p, c.values), "%s of %q", c.pattern, c.values)
		assert.Equal(t, c.want, cookieResult(p, c.values).Exact, "%s of %q", c.pattern, c.values)
	}
}
