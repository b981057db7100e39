package stubs_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/envd-dev/envd/stubs"
)

// The hot path allocates one object per request, which the journal keeps, and what a body, a query or a template needs. These numbers
// are pinned, not times: machines differ, allocations do not.
func TestAllocationsOfTheHotPath(t *testing.T) {
	for _, c := range []struct {
		name, mapping, method, target, body string
		most                                float64
	}{
		{"plain", plainStub, "GET", "/thing", "", 2},
		{"query and header", `{"request":{"urlPath":"/thing","queryParameters":{"a":{"equalTo":"1"}},"headers":{"Accept":{"contains":"json"}}},"response":{"body":"x"}}`, "GET", "/thing?a=1", "", 4},
		{"body", `{"request":{"urlPath":"/thing","bodyPatterns":[{"contains":"needle"}]},"response":{"body":"x"}}`, "POST", "/thing", "hay needle hay", 4},
		{"JSON", `{"request":{"urlPath":"/thing","bodyPatterns":[{"equalToJson":{"a":1,"b":["x","y"],"c":{"d":true}}}]},"response":{"body":"x"}}`, "POST", "/thing", `{"c":{"d":true},"a":1,"b":["x","y"]}`, 18},
		{"JSONPath", `{"request":{"urlPath":"/thing","bodyPatterns":[{"matchesJsonPath":"$.b[?(@ == 'y')]"}]},"response":{"body":"x"}}`, "POST", "/thing", `{"a":1,"b":["x","y"]}`, 20},
		{"template", `{"request":{"urlPath":"/thing"},"response":{"body":"path {{request.path}} q {{request.query.a}}","transformers":["response-template"]}}`, "GET", "/thing?a=b", "", 19},
		{"unmatched", plainStub, "GET", "/nothing-of-the-kind", "", 31},
		{"regex", `{"request":{"urlPathPattern":"/th[a-z]+"},"response":{"body":"x"}}`, "GET", "/thing", "", 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newServer(t, stubs.Options{Journal: stubs.Journal{Entries: 64}}, append(many(200)[1:], c.mapping)...)
			r := httptest.NewRequest(c.method, c.target, nil)
			r.Header.Set("Accept", "application/json")
			body := strings.NewReader(c.body)
			if c.body != "" {
				r.Body, r.ContentLength = io.NopCloser(body), int64(len(c.body))
			}
			w := &discard{http.Header{}}
			serve := func() {
				body.Reset(c.body)
				clear(w.h)
				s.ServeHTTP(w, r)
			}
			for range 100 { // until the journal is full
				serve()
			}
			assert.LessOrEqual(t, testing.AllocsPerRun(200, serve), c.most)
			assert.Equal(t, c.name == "unmatched", s.Stats().Unmatched > 0)
		})
	}
}
