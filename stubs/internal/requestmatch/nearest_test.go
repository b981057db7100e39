package requestmatch

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/stubs/internal/event"
	"github.com/envd-dev/envd/stubs/internal/mapping"
)

func patterns(t testing.TB, docs ...string) []*mapping.RequestPattern {
	t.Helper()
	out := make([]*mapping.RequestPattern, len(docs))
	for i, d := range docs {
		p, err := mapping.ParseRequest([]byte(d))
		require.NoError(t, err)
		out[i] = p
	}
	return out
}

func request(method, url string) *event.Request {
	return &event.Request{Method: method, URL: url, Scheme: "http", Host: "localhost", Port: 80, Body: []byte{}, Header: http.Header{}}
}

func nearest(r *event.Request, ps []*mapping.RequestPattern, limit int) []Near {
	v := NewView(r)
	return Nearest(&v, len(ps), limit, func(i int) *mapping.RequestPattern { return ps[i] })
}

// The distances are those that WireMock 3.13.2 tells in its near misses.
func TestDistance(t *testing.T) {
	for _, c := range []struct {
		pattern string
		want    float64
	}{
		{`{"urlPath":"/a","headers":{"A":{"equalTo":"x"}}}`, 1.0 / 46},
		{`{"urlPath":"/a","headers":{"A":{"equalTo":"x"},"C":{"equalTo":"d"}}}`, 0.5 / 46},
		{`{"urlPath":"/b","headers":{"A":{"equalTo":"x"}}}`, 5.0 / 39},
		{`{"urlPath":"/a","queryParameters":{"q":{"equalTo":"2"}}}`, 1.0 / 46},
		{`{"urlPath":"/a","cookies":{"z":{"equalTo":"2"}}}`, 1.0 / 46},
		{`{"urlPath":"/a","basicAuth":{"username":"u","password":"p"}}`, 1.0 / 46},
		{`{"urlPath":"/a","multipartPatterns":[{"bodyPatterns":[{"equalTo":"x"}]}]}`, 1.0 / 46},
		{`{"urlPath":"/a","customMatcher":{"name":"x"}}`, 0.5},
		{`{"urlPath":"/b","customMatcher":{"name":"x"}}`, 5.0 / 39},
		{`{"urlPath":"/a","headers":{"A":{"equalTo":"x"}},"customMatcher":{"name":"x"}}`, 1.0 / 46},
		{`{"method":"GET","urlPath":"/a"}`, 3.0 / 39},
		{`{"method":"post","urlPath":"/a"}`, 3.0 / 39},
		{`{"urlPath":"/a","scheme":"https"}`, 3.0 / 39},
		{`{"urlPath":"/a","host":{"equalTo":"zz"}}`, 10.0 / 39},
		{`{"urlPath":"/a","port":99}`, 10.0 / 39},
		{`{"urlPathPattern":"/b"}`, 10.0 / 39},
		{`{"urlPathTemplate":"/{b}/c"}`, 7.5 / 39},
		{`{"urlPathTemplate":"/{b}","pathParameters":{"b":{"equalTo":"z"}}}`, 1.0 / 46},
		{`{"urlPath":"/a","pathParameters":{"b":{"equalTo":"z"}}}`, 0},
		{`{"formParameters":{"z":{"equalTo":"2"}}}`, 1.0 / 46},
		{`{"queryParameters":{"zz":{"absent":true}}}`, 0},
		{`{"headers":{"A":{"equalTo":"x"},"C":{"absent":true}}}`, 1.0 / 46},
		{`{}`, 0},
	} {
		r := request("POST", "/a?q=1")
		r.Header = http.Header{"A": {"b"}, "C": {"d"}, "Cookie": {"k=v"}}
		v := NewView(r)
		p := patterns(t, c.pattern)[0]
		assert.InDelta(t, c.want, Distance(p, &v), 1e-9, c.pattern)
		assert.Equal(t, c.want == 0, Exact(p, &v), c.pattern)
	}
}

func TestNearestKeepsTheFirstOfEquals(t *testing.T) {
	ps := patterns(t, `{"urlPath":"/far/away"}`, `{"urlPath":"/ab"}`, `{"urlPath":"/ac"}`, `{"urlPath":"/ad"}`, `{"urlPath":"/a","method":"PUT"}`)
	var got []int
	for _, n := range nearest(request("GET", "/a"), ps, 3) {
		got = append(got, n.Index)
	}
	assert.Equal(t, []int{4, 1, 2}, got)
	assert.Empty(t, nearest(request("GET", "/a"), nil, 3))
	assert.Len(t, nearest(request("GET", "/a"), ps[:2], 3), 2)
}

// The search finds what a look at all patterns finds, whatever the URLs.
func TestSearchAgreesWithNearest(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	text := func(most int) string {
		b := []byte("/")
		for range rnd.IntN(most) {
			b = append(b, "ab/?"[rnd.IntN(4)])
		}
		return string(b)
	}
	for round := range 200 {
		docs := make([]string, rnd.IntN(30))
		for i := range docs {
			kind := []string{"url", "urlPath", "urlPathPattern", "urlPathTemplate"}[rnd.IntN(4)]
			method := []string{"GET", "POST", "ANY"}[rnd.IntN(3)]
			url := strings.ReplaceAll(text([]int{5, 20, 200}[rnd.IntN(3)]), "?", "c")
			if kind == "url" && rnd.IntN(2) == 0 {
				url += "?" + strings.Repeat("x", rnd.IntN(3))
			}
			docs[i] = fmt.Sprintf(`{"method":%q,%q:%q,"headers":{"A":{"equalTo":"%d"}}}`, method, kind, url, rnd.IntN(2))
		}
		ps := patterns(t, docs...)
		r := request([]string{"GET", "PUT"}[rnd.IntN(2)], text([]int{5, 20, 90}[rnd.IntN(3)]))
		r.Header.Set("A", "1")
		v := NewView(r)
		got, ok := NewSearch(ps).Nearest(&v)
		want := nearest(r, ps, 1)
		if len(want) == 0 {
			require.False(t, ok)
			continue
		}
		require.Equal(t, want[0], got, "round %d: %s among %v", round, r.URL, docs)
	}
}

func BenchmarkSearchOf1000(b *testing.B) {
	docs := make([]string, 1000)
	for i := range docs {
		docs[i] = fmt.Sprintf(`{"method":"GET","urlPath":"/other/%d"}`, i)
	}
	s, r := NewSearch(patterns(b, docs...)), request("POST", "/something-else")
	b.ReportAllocs()
	for b.Loop() {
		v := NewView(r)
		s.Nearest(&v)
	}
}

func BenchmarkNearestOf1000(b *testing.B) {
	docs := make([]string, 1000)
	for i := range docs {
		docs[i] = fmt.Sprintf(`{"method":"GET","urlPath":"/other/%d"}`, i)
	}
	ps, r := patterns(b, docs...), request("POST", "/something-else")
	b.ReportAllocs()
	for b.Loop() {
		nearest(r, ps, 1)
	}
}
