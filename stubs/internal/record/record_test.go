package record

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/stubs/internal/event"
	"github.com/envd-dev/envd/stubs/internal/files"
	"github.com/envd-dev/envd/stubs/internal/jsondoc"
	"github.com/envd-dev/envd/stubs/internal/mapping"
)

// host is a server with nothing but a journal and a list of stubs.
type host struct {
	events []*event.ServeEvent
	stubs  []*mapping.StubMapping
	files  files.Memory
	next   byte
}

func (h *host) ServeEvents() []*event.ServeEvent { return h.events }

func (h *host) AddStub(m *mapping.StubMapping) error {
	h.stubs = append(h.stubs, m)
	return nil
}

func (h *host) RemoveStub(id string) {
	for i, m := range h.stubs {
		if m.ID == id {
			h.stubs = append(h.stubs[:i], h.stubs[i+1:]...)
			return
		}
	}
}

func (h *host) Files() files.Store { return &h.files }

func (h *host) NewID() uuid.UUID {
	h.next++
	return uuid.UUID{15: h.next}
}

// serve adds a proxied exchange to the journal.
func (h *host) serve(method, url, contentType, body string, respType string, respBody []byte) *event.ServeEvent {
	q := &event.Request{ID: uuid.New(), Received: time.Now(), Method: method, URL: url, Scheme: "http", Header: http.Header{}, Body: []byte(body)}
	if contentType != "" {
		q.Header.Set("Content-Type", contentType)
	}
	e := &event.ServeEvent{Request: q, Response: event.Response{Status: 200, Proxied: true, Body: respBody, Header: http.Header{
		"Content-Type": {respType}, "Content-Length": {"1"}, "X-Multi": {"a", "b"},
	}}}
	h.events = append([]*event.ServeEvent{e}, h.events...)
	return e
}

func call(t *testing.T, r *Recorder, method, path, body string) (int, string) {
	t.Helper()
	w := httptest.NewRecorder()
	r.ServeHTTP(w, httptest.NewRequest(method, "/__admin/recordings/"+path, strings.NewReader(body)))
	return w.Code, w.Body.String()
}

func snapshot(t *testing.T, h *host, spec string) []*mapping.StubMapping {
	t.Helper()
	parsed, err := mapping.ParseRecordSpec([]byte(spec))
	require.NoError(t, err)
	s, err := New(h).Snapshot(parsed)
	require.NoError(t, err)
	return s.Stubs
}

func TestRecordingFromStartToStop(t *testing.T) {
	h := &host{}
	h.serve("GET", "/before", "", "", "text/plain", nil)
	r := New(h)

	code, body := call(t, r, "POST", "stop", "")
	assert.Equal(t, 400, code)
	assert.JSONEq(t, `{"errors":[{"code":30,"title":"Not currently recording."}]}`, body)
	_, body = call(t, r, "GET", "status", "")
	assert.JSONEq(t, `{"status":"NeverStarted"}`, body)

	code, _ = call(t, r, "POST", "start", `{"targetBaseUrl":"http://target.test"}`)
	require.Equal(t, 200, code)
	require.Len(t, h.stubs, 1, "the stub that proxies")
	assert.Equal(t, "http://target.test", h.stubs[0].Response.ProxyBaseURL)
	code, _ = call(t, r, "POST", "start", `{"targetBaseUrl":"http://other.test"}`)
	assert.Equal(t, 200, code, "a recording under way goes on")
	require.Len(t, h.stubs, 1)

	h.serve("GET", "/during", "", "", "text/plain", []byte("got it"))
	code, body = call(t, r, "POST", "stop", "")
	require.Equal(t, 200, code)
	assert.NotContains(t, body, "/before")
	require.Len(t, h.stubs, 1, "the proxy is gone, the recorded stub there")
	got := h.stubs[0]
	assert.Equal(t, []string{"during", "/during", "got it"}, []string{got.Name, got.Request.URL.Expected, string(got.Response.Body)})
	assert.True(t, got.ShouldPersist())
	_, body = call(t, r, "GET", "status", "")
	assert.JSONEq(t, `{"status":"Stopped"}`, body)
}

func TestRepeatsBecomeAScenario(t *testing.T) {
	h := &host{}
	for _, b := range []string{"1", "2", "3"} {
		h.serve("GET", "/seq/uence?a=1&b=2&b=3", "", "", "text/plain", []byte(b))
	}
	stubs := snapshot(t, h, `{"persist":false}`)
	require.Len(t, stubs, 3)
	var states [][3]string
	for _, s := range stubs {
		assert.Equal(t, "scenario-1-seq-uence", s.ScenarioName)
		states = append(states, [3]string{string(s.Response.Body), s.RequiredScenarioState, s.NewScenarioState})
	}
	assert.Equal(t, [][3]string{
		{"3", "scenario-1-seq-uence-3", ""},
		{"2", "scenario-1-seq-uence-2", "scenario-1-seq-uence-3"},
		{"1", "Started", "scenario-1-seq-uence-2"},
	}, states)
	assert.Equal(t, mapping.PathEqual, stubs[0].Request.URL.Kind)
	assert.Len(t, stubs[0].Request.QueryParameters, 2)

	assert.Len(t, snapshot(t, h, `{"persist":false,"repeatsAsScenarios":false}`), 1, "the newest alone")
}

func TestBodyPatterns(t *testing.T) {
	for _, c := range []struct{ spec, contentType, body, want string }{
		{"{}", "application/json", `{"a":1}`, `{"equalToJson":"{\"a\":1}","ignoreArrayOrder":true,"ignoreExtraElements":true}`},
		{"{}", "text/xml", "<a/>", `{"equalToXml":"<a/>"}`},
		{"{}", "multipart/form-data; boundary=x", "--x", `{"anything":"anything"}`},
		{"{}", "application/octet-stream", "abc", `{"binaryEqualTo":"YWJj"}`},
		{"{}", "", "plain", `{"equalTo":"plain","caseInsensitive":false}`},
		{`{"requestBodyPattern":{"matcher":"equalTo","caseInsensitive":true}}`, "application/json", "{}", `{"equalTo":"{}","caseInsensitive":true}`},
		{`{"requestBodyPattern":{"matcher":"equalTo"}}`, "", "plain", `{"equalTo":"plain"}`},
		{`{"requestBodyPattern":{"matcher":"equalToJson"}}`, "", "{}", `{"equalToJson":"{}"}`},
		{`{"requestBodyPattern":{"matcher":"equalToJson","ignoreArrayOrder":false}}`, "", "{}", `{"equalToJson":"{}","ignoreArrayOrder":false}`},
	} {
		t.Run(c.spec+c.contentType, func(t *testing.T) {
			h := &host{}
			h.serve("POST", "/x", c.contentType, c.body, "text/plain", nil)
			stubs := snapshot(t, h, c.spec)
			require.Len(t, stubs, 1)
			require.Len(t, stubs[0].Request.BodyPatterns, 1)
			got, err := stubs[0].Request.BodyPatterns[0].MarshalJSON()
			require.NoError(t, err)
			assert.JSONEq(t, c.want, string(got))
		})
	}
}

func TestResponseBodies(t *testing.T) {
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, err := z.Write([]byte("Zippy"))
	require.NoError(t, err)
	require.NoError(t, z.Close())

	h := &host{}
	h.serve("GET", "/zipped", "", "", "text/plain", zipped.Bytes()).Response.Header["content-encoding"] = []string{"gzip"}
	h.serve("GET", "/latin", "", "", "text/html;charset=iso-8859-1", []byte{0xe9})
	h.serve("GET", "/img.png", "", "", "image/png", []byte{0, 1, 2})
	stubs := snapshot(t, h, `{"extractBodyCriteria":{"textSizeThreshold":"1 kb","binarySizeThreshold":2}}`)
	require.Len(t, stubs, 3)
	image, latin, plain := stubs[0], stubs[1], stubs[2]
	assert.Equal(t, "img.png-"+image.ID+".png", image.Response.BodyFileName)
	data, err := h.files.Read(image.Response.BodyFileName)
	require.NoError(t, err)
	assert.Equal(t, []byte{0, 1, 2}, data)
	assert.Equal(t, "é", string(latin.Response.Body))
	assert.Equal(t, "Zippy", string(plain.Response.Body))
	var names []string
	for _, f := range plain.Response.Headers {
		names = append(names, f.Name)
	}
	assert.Equal(t, []string{"X-Multi", "Content-Type"}, names, "nothing about how it was transferred")
}

func TestFilters(t *testing.T) {
	h := &host{}
	first := h.serve("GET", "/foo/1", "", "", "text/plain", nil)
	h.serve("POST", "/foo/2", "", "", "text/plain", nil)
	h.serve("GET", "/bar", "", "", "text/plain", nil).Response.Proxied = false
	for spec, want := range map[string]int{
		`{}`:                                   2,
		`{"filters":{"urlPattern":"/foo.*"}}`:  2,
		`{"filters":{"method":"POST"}}`:        1,
		`{"filters":{"allowNonProxied":true}}`: 3,
		`{"filters":{"ids":["` + first.Request.ID.String() + `"]}}`: 1,
	} {
		assert.Len(t, snapshot(t, h, spec), want, spec)
	}
}

func TestRequestsWhoseTargetDidNotAnswerAreRecorded(t *testing.T) {
	h := &host{}
	e := h.serve("GET", "/down", "", "", "", []byte("Network failure"))
	e.Response.Proxied, e.Response.Status = false, 500
	assert.Empty(t, snapshot(t, h, `{}`), "a stub's own response")
	stub, err := proxyAll("http://target.test")
	require.NoError(t, err)
	e.Stub = stub
	got := snapshot(t, h, `{}`)
	require.Len(t, got, 1)
	assert.Equal(t, 500, got[0].Response.Status)
	assert.Equal(t, "Network failure", string(got[0].Response.Body))
}

func TestBodiesAreReadInTheirCharset(t *testing.T) {
	h := &host{}
	h.serve("POST", "/latin", "text/plain; charset=iso-8859-1", "\xe9", "text/plain", nil)
	got := snapshot(t, h, `{}`)
	require.Len(t, got, 1)
	assert.Contains(t, jsondoc.Compact(got[0].Value()), `"equalTo":"é"`)
}

// TestHostsInPaths: what follows two slashes is a host to WireMock, here and where it makes scenarios of repeats.
func TestHostsInPaths(t *testing.T) {
	for url, want := range map[string]string{"//c4/%C3%9Cnal": "unal", "//c4": "", "///a/b": "a_b", "/a//b": "a__b", "/a%2Fb?c=/d": "a_b"} {
		h := &host{}
		h.serve("GET", url, "", "", "", nil)
		h.serve("GET", url, "", "", "", nil)
		got := snapshot(t, h, `{}`)
		require.Len(t, got, 2, url)
		assert.Equal(t, want, got[0].Name, url)
		assert.NotContains(t, got[0].ScenarioName, "c4", url)
	}
	for _, url := range []string{"//", "/a[b]", "//[/a"} {
		h := &host{}
		h.serve("GET", url, "", "", "", nil)
		code, _ := call(t, New(h), "POST", "snapshot", `{}`)
		assert.Equal(t, 500, code, url)
	}
}

func TestBadSpecsAreRefused(t *testing.T) {
	code, body := call(t, New(&host{}), "POST", "snapshot", `{"outputFormat":"html"}`)
	assert.Equal(t, 422, code)
	assert.JSONEq(t, `{"errors":[{"code":10,"source":{"pointer":"/outputFormat"},"title":"Error parsing JSON","detail":"Invalid output format"}]}`, body)
}

func TestNames(t *testing.T) {
	for path, want := range map[string]string{
		"/":                            "",
		"/foo/bar":                     "foo_bar",
		"/Hello World/-x-/ü.b_c/":      "hello-world_-x-_u.b_c",
		"/" + strings.Repeat("a", 300): strings.Repeat("a", 200),
	} {
		assert.Equal(t, want, sanitizeURL(path))
	}
	for _, c := range []struct{ path, media, body, want string }{
		{"/x", "application/vnd.api+json; charset=utf-8", "", "json"},
		{"/x", "text/html", "", "txt"},
		{"/x.png", "application/octet-stream", "", "png"},
		{"/x", "", `{"a":1}`, "json"},
		{"/x", "", "<a/>", "xml"},
		{"/x", "application/octet-stream", "abc", "txt"},
	} {
		assert.Equal(t, c.want, extension(c.path, c.media, []byte(c.body)), c)
	}
}
