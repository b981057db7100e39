package stubs_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/stubs"
)

func newServer(t testing.TB, o stubs.Options, mappings ...string) *stubs.Server {
	t.Helper()
	for _, m := range mappings {
		o.Mappings = append(o.Mappings, stubs.Source{Name: "inline", Document: []byte(m)})
	}
	s, err := stubs.New(o)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	return s
}

type answer struct {
	status int
	header http.Header
	body   string
}

func send(s http.Handler, method, target, body string, header ...string) answer {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return answer{w.Code, w.Header(), w.Body.String()}
}

func TestServesMappings(t *testing.T) {
	s := newServer(t, stubs.Options{},
		`{"name":"hello","request":{"method":"GET","url":"/hello"},"response":{"status":201,"headers":{"X-A":"b"},"body":"hi"}}`,
		`{"mappings":[{"request":{"urlPath":"/old"},"response":{"body":"first"}},{"request":{"urlPath":"/old"},"response":{"body":"last"}}]}`,
		`{"priority":1,"request":{"urlPathPattern":"/prio.*"},"response":{"body":"regex"}}`,
		`{"request":{"urlPath":"/prio"},"response":{"body":"path"}}`,
	)
	a := send(s, "GET", "/hello", "")
	assert.Equal(t, 201, a.status)
	assert.Equal(t, "hi", a.body)
	assert.Equal(t, "b", a.header.Get("X-A"))
	assert.Equal(t, "hello", a.header.Get("Matched-Stub-Name"))
	assert.Equal(t, "last", send(s, "PUT", "/old?x=1", "").body, "the newest of equal priority wins")
	assert.Equal(t, "regex", send(s, "GET", "/prio", "").body, "the lower priority wins over the newer stub")
	assert.Equal(t, 404, send(s, "POST", "/hello", "").status)
	assert.Contains(t, send(s, "POST", "/hello", "").body, "HTTP method does not match")
}

func TestLoadsAFileSystemAndReportsEveryBadMapping(t *testing.T) {
	s, err := stubs.New(stubs.Options{FS: fstest.MapFS{
		"mappings/good.json":     {Data: []byte(`{"request":{"url":"/good"},"response":{"bodyFileName":"b.txt"}}`)},
		"mappings/sub/bad.json":  {Data: []byte("{\n \"request\": {\n  \"urll\": \"/x\", \"method\": 5 }\n}")},
		"mappings/syntax.json":   {Data: []byte("{\n \"request\": ]")},
		"mappings/several.json":  {Data: []byte(`{"mappings":[{"request":{"url":"/1"}},{"nope":1},{"request":{"url":"/2"}}]}`)},
		"mappings/ignored.txt":   {Data: []byte("not JSON")},
		"__files/b.txt":          {Data: []byte("from a file")},
		"__files/deep/page.html": {Data: []byte("<p>")},
	}})
	require.NotNil(t, s)
	t.Cleanup(func() { _ = s.Close() })
	for _, want := range []string{
		`several.json:1:47: Unrecognized field "nope"`,
		`sub/bad.json:3:11: Unrecognized field "urll"`,
		"sub/bad.json:3:27: Cannot construct instance of `com.github.tomakehurst.wiremock.http.RequestMethod`",
		`syntax.json:2:13: Unexpected character (']' (code 93))`,
	} {
		assert.ErrorContains(t, err, want)
	}
	assert.Equal(t, "from a file", send(s, "GET", "/good", "").body)
	assert.Equal(t, 200, send(s, "GET", "/2", "").status)
	assert.Equal(t, "<p>", send(s, "GET", "/deep/page.html", "").body, "an unmatched GET falls through to the files")
	assert.Equal(t, 404, send(s, "GET", "/deep/../mappings/good.json", "").status)
	assert.Equal(t, 400, send(s, "GET", "/deep/../../mappings/good.json", "").status)
}

func TestRequestBodiesAreBounded(t *testing.T) {
	s := newServer(t, stubs.Options{MaxRequestBody: 4}, `{}`)
	assert.Equal(t, 200, send(s, "POST", "/", "1234").status)
	assert.Equal(t, 413, send(s, "POST", "/", "12345").status)
	r := httptest.NewRequest("POST", "/", io.MultiReader(strings.NewReader("123"), strings.NewReader("456")))
	r.ContentLength = -1
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	assert.Equal(t, 413, w.Code)
}

func TestServersDoNotSeeEachOther(t *testing.T) {
	a := newServer(t, stubs.Options{}, `{"request":{"url":"/x"},"response":{"body":"a"}}`)
	b := newServer(t, stubs.Options{}, `{"request":{"url":"/x"},"response":{"body":"b"}}`)
	assert.Equal(t, "a", send(a, "GET", "/x", "").body)
	assert.Equal(t, "b", send(b, "GET", "/x", "").body)
	send(b, "GET", "/x", "")
	assert.Equal(t, uint64(1), a.Stats().Requests)
	assert.Equal(t, uint64(2), b.Stats().Requests)
	assert.Contains(t, send(a, "POST", "/__admin/requests/count", `{}`).body, `"count" : 1`)
}

func TestStartListensUntilClose(t *testing.T) {
	s := newServer(t, stubs.Options{}, `{"response":{"body":"up"}}`)
	assert.Empty(t, s.URL())
	require.NoError(t, s.Start())
	require.Error(t, s.Start(), "one listener is enough")
	resp, err := http.Get(s.URL() + "/")
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	assert.Equal(t, "up", string(body))
	url := s.URL()
	require.NoError(t, s.Close())
	_, err = http.Get(url)
	assert.Error(t, err)
}

func TestOnServedAndStats(t *testing.T) {
	var seen []stubs.Served
	s := newServer(t, stubs.Options{OnServed: func(v stubs.Served) { seen = append(seen, v) }},
		`{"id":"11111111-1111-4111-8111-111111111111","name":"n","request":{"urlPath":"/a"},"response":{"status":202,"body":"xyz"}}`)
	send(s, "PUT", "http://shop.example:81/a?q=1", "")
	send(s, "GET", "/none", "")
	send(s, "GET", "/__admin/mappings", "")
	require.Len(t, seen, 2, "admin requests are not reported")
	assert.Equal(t, "PUT", seen[0].Method)
	assert.Equal(t, "shop.example", seen[0].Host)
	assert.Equal(t, "/a", seen[0].Path)
	assert.Equal(t, 202, seen[0].Status)
	assert.True(t, seen[0].Matched)
	assert.Equal(t, "11111111-1111-4111-8111-111111111111", seen[0].StubID)
	assert.Equal(t, 3, seen[0].Bytes)
	assert.Positive(t, seen[0].Duration)
	assert.False(t, seen[1].Matched)
	assert.Equal(t, stubs.Stats{Requests: 2, Matched: 1, Unmatched: 1}, s.Stats())
}

func TestUnusedAndUnmatched(t *testing.T) {
	s := newServer(t, stubs.Options{},
		`{"name":"used","request":{"urlPath":"/used"}}`, `{"name":"spare","request":{"method":"POST","urlPath":"/spare"}}`)
	send(s, "GET", "/used", "")
	send(s, "GET", "/spare?x=1", "")
	unused := s.Unused()
	require.Len(t, unused, 1)
	assert.Equal(t, "spare", unused[0].Name)
	assert.Equal(t, "/spare", unused[0].URL)
	unmatched := s.Unmatched()
	require.Len(t, unmatched, 1)
	assert.Equal(t, "/spare?x=1", unmatched[0].URL)
	assert.Contains(t, unmatched[0].Explanation, "spare")
	assert.Contains(t, unmatched[0].Explanation, "HTTP method does not match")
}

// sending are the times that depend on how fast a response could be written.
var sending = regexp.MustCompile(`("(?:responseSendTime|serveTime|totalTime)") : \d+`)

func TestSeededServersRepeat(t *testing.T) {
	run := func() string {
		s := newServer(t, stubs.Options{Seed: 7, Clock: func() time.Time { return time.Unix(1e9, 0) }}, `{"request":{"url":"/x"}}`)
		var b bytes.Buffer
		for range 3 {
			b.WriteString(send(s, "GET", "/x", "").header.Get("Matched-Stub-Id"))
		}
		b.WriteString(sending.ReplaceAllString(send(s, "GET", "/__admin/requests", "").body, "$1"))
		return b.String()
	}
	assert.Equal(t, run(), run())
}

func TestIdleServersAreSmallAndQuickToMake(t *testing.T) {
	const count = 200
	mappings := make([]string, 10)
	for i := range mappings {
		mappings[i] = `{"request":{"method":"GET","urlPath":"/things/` + strings.Repeat("x", i) + `"},"response":{"status":200,"headers":{"Content-Type":"application/json"},"jsonBody":{"id":1,"name":"thing"}}}`
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	goroutines := runtime.NumGoroutine()
	servers := make([]*stubs.Server, count)
	for i := range servers {
		servers[i] = newServer(t, stubs.Options{}, mappings...)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	perServer := (after.HeapAlloc - before.HeapAlloc) / count
	t.Logf("%d bytes per idle server with 10 mappings", perServer)
	assert.Less(t, perServer, uint64(64<<10))
	assert.LessOrEqual(t, runtime.NumGoroutine(), goroutines, "an idle server has no goroutine")
	runtime.KeepAlive(servers)
}
