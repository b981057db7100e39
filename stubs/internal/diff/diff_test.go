package diff

import (
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/stubs/internal/event"
	"github.com/envd-dev/envd/stubs/internal/mapping"
	"github.com/envd-dev/envd/stubs/internal/requestmatch"
)

var update = flag.Bool("update", false, "write the golden files anew")

// The pages are compared byte for byte; WireMock 3.13.2 prints the same.
func TestReport(t *testing.T) {
	const parts = "--bb\r\nContent-Disposition: form-data; name=\"p1\"\r\nX-P: 1\r\n\r\nhello\r\n--bb\r\nContent-Disposition: form-data; name=\"p2\"\r\n\r\n{\"a\":1}\r\n--bb--\r\n"
	for name, c := range map[string]struct {
		stub, url, body string
		header          http.Header
	}{
		"url":        {stub: `{"name":"The stub","request":{"method":"POST","url":"/a"}}`, url: "/b?x=1"},
		"unnamed":    {stub: `{"name":"","request":{"url":"/a"}}`, url: "/b"},
		"regex":      {stub: `{"request":{"urlPattern":"a?b"}}`, url: "/b"},
		"head":       {stub: `{"request":{"urlPath":"/a","host":{"equalTo":"example.com"},"port":99,"scheme":"https","clientIp":{"equalTo":"1.1.1.1"}}}`, url: "/a"},
		"headers":    {stub: `{"request":{"urlPath":"/a","basicAuth":{"username":"u","password":"p"},"headers":{"X-A":{"equalTo":"1"},"X-B":{"matches":"\\d"},"X-C":{"absent":true},"X-D":{"hasExactly":[{"equalTo":"1"},{"contains":"2"}]},"X-E":{"or":[{"equalTo":"1"},{"absent":true}]},"X-F":{"equalTo":""}}}}`, url: "/a", header: http.Header{"X-A": {"2", "3"}, "X-C": {"x"}, "X-D": {"1"}, "X-E": {"z"}}},
		"parameters": {stub: `{"request":{"urlPathTemplate":"/a/{id}","pathParameters":{"id":{"equalTo":"1"}},"queryParameters":{"q":{"equalTo":"1"},"r":{"includes":[{"equalTo":"9"}]},"s":{"matches":"x"}},"formParameters":{"f":{"contains":"z"}},"cookies":{"c":{"equalTo":"1"},"d":{"absent":true}}}}`, url: "/a/2?q=2&q=3&r=1", body: "f=1", header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Cookie": {"d=1"}}},
		"json":       {stub: `{"request":{"bodyPatterns":[{"equalToJson":"{\"a\":1,\"b\":[1,2]}"},{"matchesJsonPath":"$.x"},{"matchesJsonPath":{"expression":"$.a","equalTo":"1"}},{"matchesJsonSchema":"{\"required\":[\"z\"]}"}]}}`, url: "/a", body: `{"a":2,"c":[]}`},
		"xml":        {stub: `{"request":{"bodyPatterns":[{"equalToXml":"<a><b/></a>"},{"matchesXPath":"/a/b"},{"matchesXPath":{"expression":"/a/c/text()","equalTo":"z"}}]}}`, url: "/a", body: `<a><c>y</c></a>`},
		"text":       {stub: `{"request":{"bodyPatterns":[{"equalTo":"` + strings.Repeat("x", 130) + `"},{"contains":"y"},{"equalTo":"hello\nworld"}]}}`, url: "/a", body: strings.Repeat("y", 130)},
		"nobody":     {stub: `{"request":{"url":"/x","bodyPatterns":[{"absent":true},{"binaryEqualTo":"AQID"}]}}`, url: "/a"},
		"multipart":  {stub: `{"request":{"multipartPatterns":[{"name":"p9","headers":{"X-P":{"equalTo":"2"}},"bodyPatterns":[{"contains":"hellx"}]}]}}`, url: "/a", body: parts, header: http.Header{"Content-Type": {"multipart/form-data; boundary=bb"}}},
		"no-parts":   {stub: `{"request":{"multipartPatterns":[{"bodyPatterns":[{"contains":"x"}]}]}}`, url: "/a", body: "x"},
		"operands":   {stub: `{"request":{"method":"PUT","urlPathTemplate":"/a/{id}","host":{"equalToXml":"<a><b/></a>"},"clientIp":{"and":[{"contains":"1"},{"equalTo":"2"}]},"pathParameters":{"id":{"equalToXml":"<a><b/></a>"}},"headers":{"X-A":{"equalToXml":"<a><b/></a>"}},"queryParameters":{"q":{"equalToXml":"<a/>"}},"cookies":{"c":{"matchesJsonSchema":"{\"type\":\"object\"}"},"d":{"or":[{"or":[{"equalTo":"1"},{"equalTo":"2"}]},{"equalTo":"3"}]}}}}`, url: "/a/1"},
		"crlf":       {stub: `{"request":{"bodyPatterns":[{"equalTo":"z"}]}}`, url: "/a", body: "one\r\n" + strings.Repeat("two ", 14) + "\r\nthree\r\n\r\nfour"},
		"charset":    {stub: `{"request":{"bodyPatterns":[{"contains":"q"}]}}`, url: "/a", body: "\xc3\xa9", header: http.Header{"Content-Type": {"text/plain; charset=ISO-8859-1"}}},
		"found":      {stub: `{"request":{"bodyPatterns":[{"matchesJsonPath":{"expression":"$.text","equalToJson":"{\"q\":1}"}},{"matchesJsonPath":{"expression":"$.object","equalToJson":"{\"q\":1}"}}]}}`, url: "/a", body: `{"text":"{\"a\":1}","object":{"a":1}}`},
		"scenario":   {stub: `{"scenarioName":"s","requiredScenarioState":"two","request":{"customMatcher":{"name":"c"}}}`, url: "/a"},
		"long":       {stub: `{"request":{"urlPath":"` + strings.Repeat("/a", 40) + `","headers":{"A":{"equalTo":"` + strings.Repeat("word ", 20) + `"}}}}`, url: strings.Repeat("/b", 50)},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := mapping.Parse([]byte(c.stub))
			require.NoError(t, err)
			if c.header == nil {
				c.header = http.Header{}
			}
			v := requestmatch.NewView(&event.Request{
				Method: "POST", URL: c.url, Scheme: "http", Host: "localhost", Port: 8080, ClientIP: "127.0.0.1",
				Header: c.header, Body: []byte(c.body),
			})
			got, err := Report(m, "Started", &v)
			require.NoError(t, err)
			file := filepath.Join("testdata", name+".golden")
			if *update {
				require.NoError(t, os.MkdirAll("testdata", 0o755))
				require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
			}
			want, err := os.ReadFile(file)
			require.NoError(t, err)
			assert.Equal(t, string(want), got)
		})
	}
}
