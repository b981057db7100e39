package stubs_test

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/stubs"
)

// Where WireMock runs into a null it answers 500; where it meets nothing to compare with, as to any other question.
func TestAdminRoutesGivenNull(t *testing.T) {
	for _, c := range []struct {
		path          string
		empty, filled int // status with no mappings and requests, and with one of each
	}{
		{"POST /mappings/remove", 500, 500},
		{"POST /mappings/remove-by-metadata", 200, 500},
		{"POST /requests/remove-by-metadata", 200, 500},
		{"POST /near-misses/request-pattern", 200, 500},
		{"PATCH /settings/extended", 500, 500},
		{"PUT /scenarios/s/state", 500, 500},
	} {
		method, path, _ := strings.Cut(c.path, " ")
		s := newServer(t, stubs.Options{})
		assert.Equal(t, c.empty, send(s, method, "/__admin"+path, "null").status, c.path)
		s = newServer(t, stubs.Options{}, `{"request":{"url":"/"}}`)
		require.Equal(t, 200, send(s, "GET", "/", "").status)
		assert.Equal(t, c.filled, send(s, method, "/__admin"+path, "null").status, c.path)
	}
}

func TestSettingsThatAreNull(t *testing.T) {
	s := newServer(t, stubs.Options{})
	require.Equal(t, 200, send(s, "POST", "/__admin/settings", "null").status)
	assert.JSONEq(t, "{}", send(s, "GET", "/__admin/settings", "").body)
	require.Equal(t, 200, send(s, "POST", "/__admin/settings", "{}").status)
	assert.JSONEq(t, `{"settings":{"proxyPassThrough":false}}`, send(s, "GET", "/__admin/settings", "").body)
}

func TestRedirectOfTheAdminRootForEveryMethod(t *testing.T) {
	s := newServer(t, stubs.Options{})
	for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} {
		assert.Equal(t, 302, send(s, method, "/__admin", "").status, method)
	}
}

func TestHeadersOfAStubNamedLikeOurs(t *testing.T) {
	const id = "11111111-1111-1111-1111-111111111111"
	s := newServer(t, stubs.Options{}, `{"id":"`+id+`","name":"n","request":{"url":"/"},"response":{"headers":{"Matched-Stub-Id":"mine","Matched-Stub-Name":"too"}}}`)
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	assert.Equal(t, []string{"mine", id}, w.Header()["Matched-Stub-Id"])
	assert.Equal(t, []string{"too", "n"}, w.Header()["Matched-Stub-Name"])
}

func TestBodiesThatClaimToBeGzip(t *testing.T) {
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, err := z.Write([]byte("plain"))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	s := newServer(t, stubs.Options{}, `{"request":{"url":"/","bodyPatterns":[{"equalTo":"plain"}]}}`, `{"request":{"url":"/any"}}`)
	for _, c := range []struct {
		name, path, body, encoding string
		status                     int
		page                       string
	}{
		{"gzip", "/", zipped.String(), "gzip", 200, ""},
		{"gzip that no header tells of", "/", zipped.String(), "", 200, ""},
		{"no gzip", "/any", "plain", "gzip", 500, "ZipException: Not in GZIP format"},
		{"no gzip, and no such claim", "/", "plain", "", 200, ""},
		{"cut off", "/any", zipped.String()[:15], "gzip", 500, "java.io.EOFException"},
		{"more behind it", "/", zipped.String() + "junk", "gzip", 200, ""},
		{"nothing", "/any", "", "gzip", 200, ""},
	} {
		r := httptest.NewRequest(http.MethodPost, c.path, strings.NewReader(c.body))
		if c.encoding != "" {
			r.Header.Set("Content-Encoding", c.encoding)
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		assert.Equal(t, c.status, w.Code, c.name)
		assert.Contains(t, w.Body.String(), c.page, c.name)
	}
}

// What is no base URL is WireMock's exception, of which it keeps no event.
func TestBaseURLsThatAreNone(t *testing.T) {
	for base, want := range map[string]string{
		"nope":         "java.lang.NullPointerException",
		"http:///x":    "java.lang.NullPointerException",
		"http://ho st": "java.lang.IllegalArgumentException: Illegal character in authority at index 7: http://ho st",
	} {
		s := newServer(t, stubs.Options{}, `{"request":{"urlPattern":"/.*"},"response":{"proxyBaseUrl":"`+base+`"}}`)
		a := send(s, "GET", "/x", "")
		assert.Equal(t, 500, a.status, base)
		assert.Contains(t, a.body, "<title>Error 500 "+want+"</title>")
		assert.Contains(t, send(s, "GET", "/__admin/requests", "").body, `"total" : 0`)
	}
}
