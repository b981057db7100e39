package stubs_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/envd-dev/envd/stubs"
)

// The admin API answers whatever comes, and what a mapping makes of a request never ends the server.
func FuzzAdmin(f *testing.F) {
	for _, seed := range [][3]string{
		{"POST", "/mappings", `{"request":{"urlPathTemplate":"/{a}"},"response":{"body":"{{request.path}}","transformers":["response-template"]}}`},
		{"POST", "/mappings/import", `{"mappings":[{"request":{"url":"/x"}}],"importOptions":{"duplicatePolicy":"IGNORE"}}`},
		{"POST", "/requests/find", `{"method":"GET","headers":{"a":{"hasExactly":[{"equalTo":"1"}]}}}`},
		{"POST", "/near-misses/request", `{"absoluteUrl":"http://h:99/x","headers":{"A":["b",1]},"bodyAsBase64":"AQID"}`},
		{"POST", "/near-misses/request-pattern", `{"urlPattern":"[a-z]*"}`},
		{"POST", "/mappings/find-by-metadata", `{"matchesJsonPath":"$..a[?(@.b)]"}`},
		{"PUT", "/scenarios/%2e%2e/state", `{"state":"x"}`},
		{"PUT", "/files/a%00/../b", "x"},
		{"PUT", "/settings", `{"settings":{"delayDistribution":{"type":"fixed"}}}`},
		{"PATCH", "/settings/extended", `{"extended":{"a":{}}}`},
		{"GET", "/requests?limit=-1&since=2020-01-01T00:00:00Z", ""},
		{"DELETE", "/mappings/11111111-1111-4111-8111-111111111111", ""},
		{"POST", "/recordings/snapshot", `{"outputFormat":"IDS","filters":{"urlPattern":".*"}}`},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	f.Fuzz(func(t *testing.T, method, path, body string) {
		if method == "" || strings.ContainsFunc(method, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
			return
		}
		s, err := stubs.New(stubs.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		for _, target := range []string{"/__admin" + path, "/x", "/__admin/requests", "/__admin/mappings", "/__admin/settings"} {
			r := httptest.NewRequest("GET", "/", strings.NewReader(body))
			r.Method, r.RequestURI = method, target
			r.URL.Path, r.URL.RawQuery, _ = strings.Cut(target, "?")
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			if w.Code < 200 || w.Code > 599 {
				t.Fatalf("%s %q: %d", method, target, w.Code)
			}
			method, body = "GET", ""
		}
	})
}
