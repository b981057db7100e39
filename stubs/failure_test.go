package stubs_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/stubs"
)

// TestWhereWireMockThrows has the requests on which WireMock answers 500 because a pattern of it throws.
func TestWhereWireMockThrows(t *testing.T) {
	const unix, template = `{"before":"now","actualFormat":"unix"}`, `{"matchesPathTemplate":"/a/{b}"}`
	for _, c := range []struct {
		request, target string
		header          [2]string
		want            int
	}{
		{`"headers":{"X":` + unix + `}`, "/x", [2]string{"X", "abc"}, 500},
		{`"headers":{"X":` + unix + `}`, "/x", [2]string{}, 404},
		{`"headers":{"A":{"equalTo":"1"},"X":` + unix + `}`, "/x", [2]string{"X", "abc"}, 500},
		{`"headers":{"X":{"includes":[` + unix + `]}}`, "/x", [2]string{"X", "abc"}, 500},
		{`"headers":{"X":` + template + `}`, "/x", [2]string{}, 500},
		{`"queryParameters":{"q":` + unix + `}`, "/x?q=abc", [2]string{}, 500},
		{`"queryParameters":{"q":` + unix + `}`, "/x", [2]string{}, 404},
		{`"queryParameters":{"q":` + template + `}`, "/x", [2]string{}, 500},
		{`"formParameters":{"q":` + template + `}`, "/x", [2]string{}, 500},
		{`"cookies":{"c":` + unix + `}`, "/x", [2]string{"Cookie", "c=abc"}, 500},
		{`"cookies":{"c":` + unix + `}`, "/x", [2]string{}, 500},
		{`"cookies":{"c":` + template + `}`, "/x", [2]string{}, 404},
		{`"urlPathTemplate":"/x/{id}","pathParameters":{"id":` + unix + `}`, "/x/abc", [2]string{}, 500},
		{`"method":"PUT","headers":{"X":` + template + `}`, "/x", [2]string{}, 500},
		{`"headers":{"X":{"or":[{"absent":true},` + template + `]}}`, "/x", [2]string{}, 299}, // the question never comes to the template
		{`"headers":{"X":{"or":[` + template + `,{"absent":true}]}}`, "/x", [2]string{}, 500},
		{`"headers":{"X":{"or":[{"anything":"true"},` + unix + `]}}`, "/x", [2]string{"X", "abc"}, 500},           // dates are read all the same
		{`"headers":{"A":{"equalTo":"1"},"X":{"or":[` + template + `,{"absent":true}]}}`, "/x", [2]string{}, 500}, // where distances are measured
	} {
		s := newServer(t, stubs.Options{}, `{"request":{"url":"/nothing"}}`, `{"request":{`+c.request+`},"response":{"status":299}}`)
		require.NoError(t, s.Start())
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL()+c.target, http.NoBody)
		require.NoError(t, err)
		if c.header[0] != "" {
			req.Header.Set(c.header[0], c.header[1])
		}
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		assert.Equal(t, c.want, resp.StatusCode, "%s %s %v", c.request, c.target, c.header)
	}
}

// TestWhereWireMockReadsBeforeItAsks has a single stub, whose distance nobody measures: what fails is what is asked.
func TestWhereWireMockReadsBeforeItAsks(t *testing.T) {
	const epoch, template = `{"before":"now","actualFormat":"epoch"}`, `{"matchesPathTemplate":"/a/{b}"}`
	for _, c := range []struct {
		request, body string
		want          int
	}{
		{`"headers":{"X":{"and":[{"equalTo":""},` + template + `]}}`, "", 404},
		{`"headers":{"X":{"and":[` + template + `,{"equalTo":""}]}}`, "", 500},
		{`"basicAuth":{"username":"a","password":"b"},"urlPathTemplate":"/{*}","pathParameters":{"id":` + template + `}`, "", 500},
		{`"cookies":{"c":{"equalTo":"1"}},"bodyPatterns":[{"or":[` + template + `,{"equalTo":""}]}]`, "", 404},
		{`"bodyPatterns":[{"or":[` + template + `,{"equalTo":""}]}]`, "", 500},
		{`"bodyPatterns":[{"equalToXml":"<a/>"},` + epoch + `]`, "<b/>", 500},
		{`"bodyPatterns":[{"equalToXml":"<a/>"},{"equalTo":"x"}]`, "<b/>", 404},
	} {
		s := newServer(t, stubs.Options{}, `{"request":{`+c.request+`},"response":{"status":299}}`)
		assert.Equal(t, c.want, post(t, s, "text/plain", c.body), "%s %q", c.request, c.body)
	}
}

// TestFormsThatCannotBeDecoded: WireMock reads the form of every request before it looks at its stubs.
func TestFormsThatCannotBeDecoded(t *testing.T) {
	const form = "application/x-www-form-urlencoded; charset=utf-8"
	s := newServer(t, stubs.Options{}, `{"response":{"status":299}}`)
	for body, want := range map[string]int{"a=1&b=%2": 500, "%": 500, "a=%zz": 500, "a=%AA": 500, "a=%E9x": 500, "a=%E9": 299, "a=%C3%A9+b": 299, "": 299} {
		assert.Equal(t, want, post(t, s, form, body), body)
	}
	assert.Equal(t, 299, post(t, s, "text/plain", "%"), "no form")
}

// TestWhereWhatThrowsIsHidden has patterns that fit although a part of them throws.
func TestWhereWhatThrowsIsHidden(t *testing.T) {
	const (
		form    = "application/x-www-form-urlencoded"
		spaced  = `{"matchesXPath":"//b","xPathNamespaces":{"n":"urn:n"}}` // for which attributes must have declared prefixes
		strange = `<a%20s:x="1"/>`
		nulls   = `{"matchesJsonPath":{"expression":"$[*]","equalTo":"1"}}`
	)
	for _, c := range []struct {
		request, contentType, body string
		want                       int
	}{
		{`"formParameters":{"f":{"not":` + spaced + `}}`, form, "f=" + strange, 500},
		{`"formParameters":{"f":{"not":` + spaced + `}}`, form, "f=" + strange + "&f=", 500},
		{`"formParameters":{"f":{"not":` + spaced + `}}`, form, "f=<a/>&f=", 299},
		{`"bodyPatterns":[{"not":` + nulls + `}]`, "text/plain", "[null]", 500},
		{`"bodyPatterns":[{"not":` + nulls + `}]`, "text/plain", "[2]", 299},
		{`"bodyPatterns":[{"or":[` + nulls + `,{"anything":"true"}]}]`, "text/plain", "[null]", 500},
		{`"bodyPatterns":[{"or":[{"anything":"true"},` + nulls + `]}]`, "text/plain", "[null]", 500},
		{`"formParameters":{"f":` + nulls + `}`, form, "f=[1]&f=[null]", 500},
	} {
		s := newServer(t, stubs.Options{}, `{"request":{`+c.request+`},"response":{"status":299}}`)
		assert.Equal(t, c.want, post(t, s, c.contentType, c.body), "%s %q", c.request, c.body)
	}
}

// TestPagesOfFailures: of what fails in a stub there is a page whatever the method, of the admin API only for some.
func TestPagesOfFailures(t *testing.T) {
	s := newServer(t, stubs.Options{}, `{"request":{"queryParameters":{"q":{"matchesPathTemplate":"/a"}}}}`, `{"id":"00000000-0000-4000-8000-000000000001","request":{"url":"/other"}}`)
	for _, method := range []string{"GET", "POST", "PUT", "DELETE", "PATCH"} {
		got := send(s, method, "/x", "")
		assert.Equal(t, 500, got.status, method)
		assert.Contains(t, got.body, "<h2>HTTP ERROR 500", method)
	}
	got := send(s, "POST", "/__admin/mappings/edit", "null")
	assert.Equal(t, 500, got.status)
	assert.Contains(t, got.body, "<h2>HTTP ERROR 500")
	for _, c := range [][2]string{{"PUT", "/__admin/mappings/00000000-0000-4000-8000-000000000001"}, {"PATCH", "/__admin/settings/extended"}} {
		got := send(s, c[0], c[1], "null")
		assert.Equal(t, 500, got.status, c)
		assert.Empty(t, got.body, c)
	}
}

// TestFilesOfRequestsThatFail: WireMock explains why nothing matched before it looks for a file, and what throws then is the answer.
func TestFilesOfRequestsThatFail(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "__files"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "__files", "a.txt"), []byte("text"), 0o644))
	s := newServer(t, stubs.Options{Dir: dir}, `{"request":{"url":"/other","headers":{"X":{"matchesPathTemplate":""}}}}`)
	for _, target := range []string{"/a.txt", "/", "/5%25", "/none"} {
		assert.Equal(t, 500, send(s, "GET", target, "").status, target)
	}
	assert.Equal(t, 200, send(s, "GET", "/a.txt", "", "X", "x").status)
	assert.Equal(t, 404, send(s, "GET", "/none", "", "X", "x").status)
	assert.Contains(t, send(s, "GET", "/__admin/requests", "").body, `"total" : 2`, "no event is kept of what failed")
}

// TestTransformersFailWithoutTemplates: the model of a request is made even where no template asks for it.
func TestTransformersFailWithoutTemplates(t *testing.T) {
	s := newServer(t, stubs.Options{}, `{"request":{"urlPattern":"/t.*|//"},"response":{"status":299,"body":"text","transformers":["response-template"]}}`,
		`{"request":{"urlPath":"/plain"},"response":{"status":299}}`)
	parts := func(names ...string) string {
		b := &strings.Builder{}
		for _, name := range names {
			b.WriteString("--b\r\nContent-Disposition: form-data; name=" + name + "\r\n\r\nabc\r\n")
		}
		return b.String() + "--b--\r\n"
	}
	for _, c := range []struct {
		target, body string
		want         int
	}{
		{"/t", "", 299},
		{"//", "", 500},
		{"/t?q=|", "", 500},
		{"/plain?q=|", "", 299},
		{"/t", parts("p", "q"), 299},
		{"/t", parts("p", "p"), 500},
		{"/plain", parts("p", "p"), 299},
	} {
		assert.Equal(t, c.want, send(s, "POST", c.target, c.body, "Content-Type", "multipart/mixed; boundary=b").status, c)
	}
}

func post(t *testing.T, s *stubs.Server, contentType, body string) int {
	t.Helper()
	req := httptest.NewRequest(http.MethodPost, "/x", strings.NewReader(body))
	req.Header.Set("Content-Type", contentType)
	w := httptest.NewRecorder()
	s.ServeHTTP(w, req)
	return w.Code
}
