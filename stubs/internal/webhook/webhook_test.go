package webhook

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/stubs/internal/event"
	"github.com/envd-dev/envd/stubs/internal/jsondoc"
	"github.com/envd-dev/envd/stubs/internal/mapping"
	"github.com/envd-dev/envd/stubs/internal/proxy"
	"github.com/envd-dev/envd/stubs/internal/template"
)

type fixedRandom struct{}

func (fixedRandom) NormFloat64() float64 { return 0 }
func (fixedRandom) IntN(int) int         { return 0 }

func runner(t *testing.T, o proxy.Options) *Runner {
	t.Helper()
	c, err := proxy.New(o)
	require.NoError(t, err)
	engine, err := template.New(template.Options{})
	require.NoError(t, err)
	r := New(Options{Client: c, Templates: engine, Random: fixedRandom{}, Log: slog.New(slog.DiscardHandler)})
	t.Cleanup(func() {
		r.Close()
		c.Close()
	})
	return r
}

// served is a stub with the listeners of the JSON array, just served.
func served(t *testing.T, listeners string) *event.ServeEvent {
	t.Helper()
	m, err := mapping.Parse([]byte(`{"id":"11111111-2222-3333-4444-555555555555","request":{"url":"/in"},"response":{},"serveEventListeners":` + listeners + `}`))
	require.NoError(t, err)
	return &event.ServeEvent{Stub: m, Request: &event.Request{ID: uuid.New(), Received: time.Now(), Method: "POST", URL: "/in?a=b",
		Scheme: "http", Host: "stub.test", Port: 80, Header: http.Header{}, Body: []byte(`{"id":7}`)}}
}

// await waits for n sub-events and returns their types and data.
func await(t *testing.T, ev *event.ServeEvent, n int) (types []string, data []string) {
	t.Helper()
	require.Eventually(t, func() bool { return len(ev.SubEvents()) >= n }, 30*time.Second, time.Millisecond)
	for _, s := range ev.SubEvents() {
		types = append(types, s.Type)
		data = append(data, jsondoc.Compact(s.Data))
	}
	return types, data
}

func TestWebhook(t *testing.T) {
	got := make(chan *http.Request, 1)
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		got <- r
		w.Header().Set("X-Answer", "42")
		w.WriteHeader(http.StatusAccepted)
		_, _ = io.WriteString(w, "thanks")
	}))
	t.Cleanup(target.Close)
	ev := served(t, `[{"name":"webhook","parameters":{"method":"{{parameters.verb}}","verb":"PUT","url":"`+target.URL+`/cb?{{originalRequest.query.a}}",
		"headers":{"X-One":"{{jsonPath originalRequest.body '$.id'}}","X-Two":["1","2"],"Host":"other.test"},"body":"got {{originalRequest.method}}","delay":{"type":"fixed","milliseconds":20}}}]`)
	start := time.Now()
	runner(t, proxy.Options{}).AfterServe(ev)
	q := <-got
	assert.GreaterOrEqual(t, time.Since(start), 20*time.Millisecond)
	body, err := io.ReadAll(q.Body)
	require.NoError(t, err)
	assert.Equal(t, "PUT /cb?b got POST", q.Method+" "+q.RequestURI+" "+string(body))
	assert.Equal(t, "other.test", q.Host)
	assert.Equal(t, []string{"7"}, q.Header["X-One"])
	assert.Equal(t, []string{"1", "2"}, q.Header["X-Two"])

	types, data := await(t, ev, 2)
	assert.Equal(t, []string{"WEBHOOK_REQUEST", "WEBHOOK_RESPONSE"}, types)
	var request, response map[string]any
	require.NoError(t, json.Unmarshal([]byte(data[0]), &request))
	require.NoError(t, json.Unmarshal([]byte(data[1]), &response))
	assert.Equal(t, target.URL+"/cb?b", request["absoluteUrl"])
	assert.Equal(t, map[string]any{"X-One": "7", "X-Two": []any{"1", "2"}, "Host": "other.test"}, request["headers"])
	assert.Equal(t, "got POST", request["body"])
	assert.InDelta(t, 202, response["status"], 0)
	assert.Equal(t, "thanks", response["body"])
}

func TestWebhooksSeePathVariables(t *testing.T) {
	m, err := mapping.Parse([]byte(`{"request":{"urlPathTemplate":"/things/{id}"},"serveEventListeners":[{"name":"webhook","parameters":
		{"url":"http://127.0.0.1:1/{{originalRequest.path.id}}"}}]}`))
	require.NoError(t, err)
	ev := &event.ServeEvent{Stub: m, Request: &event.Request{Method: "GET", URL: "/things/77", Header: http.Header{}}}
	runner(t, proxy.Options{}).AfterServe(ev)
	_, data := await(t, ev, 1)
	assert.Contains(t, data[0], `"absoluteUrl":"http://127.0.0.1:1/77"`)
}

func TestWebhooksThatFail(t *testing.T) {
	for name, c := range map[string]struct {
		listeners string
		types     []string
		message   string
	}{
		"refused": {`[{"name":"webhook","parameters":{"method":"POST","url":"http://127.0.0.1:1/x"}}]`, []string{"WEBHOOK_REQUEST", "ERROR"},
			"Failed to fire webhook POST http://127.0.0.1:1/x: Connect to http://127.0.0.1:1 failed: Connection refused"},
		"denied": {`[{"name":"webhook","parameters":{"url":"http://denied.test/x"}}]`, []string{"WEBHOOK_REQUEST", "ERROR"},
			"The target webhook address http://denied.test/x specified by stub 11111111-2222-3333-4444-555555555555 is denied in WireMock's configuration."},
		"no url":              {`[{"name":"webhook","parameters":{"method":"GET"}}]`, []string{"ERROR"}, "Exception thrown while configuring webhook: url' not present"},
		"bad url":             {`[{"name":"webhook","parameters":{"url":"not a url"}}]`, []string{"ERROR"}, "Exception thrown while configuring webhook: Illegal character in path at index 3: not a url"},
		"bad template":        {`[{"name":"webhook","parameters":{"url":"http://x.test/{{#if}}"}}]`, []string{"ERROR"}, "Exception thrown while configuring webhook: "},
		"bad base64":          {`[{"name":"webhook","parameters":{"url":"http://x.test/","base64Body":"***"}}]`, []string{"ERROR"}, "Exception thrown while configuring webhook: Illegal base64 character 2a"},
		"url of another type": {`[{"name":"webhook","parameters":{"url":1}}]`, []string{"ERROR"}, "Exception thrown while configuring webhook: url is not of type String"},
		"no parameters":       {`[{"name":"webhook"}]`, []string{"ERROR"}, `Exception thrown while configuring webhook: Cannot invoke "com.github`},
		"headers in a list":   {`[{"name":"webhook","parameters":{"url":"http://x.test/","headers":[]}}]`, []string{"ERROR"}, "Exception thrown while configuring webhook: headers is not a map"},
		"delay as a number":   {`[{"name":"webhook","parameters":{"url":"http://x.test/","delay":5}}]`, []string{"ERROR"}, "Exception thrown while configuring webhook: delay is not a map"},
		"delay of no kind": {`[{"name":"webhook","parameters":{"url":"http://x.test/","delay":{"type":"fixed","milliseconds":"x"}}}]`, []string{"ERROR"},
			"Exception thrown while configuring webhook: Cannot deserialize value of type `long` from String \"x\": not a valid `long` value\n at [Source: UNKNOWN; " +
				"byte offset: #UNKNOWN] (through reference chain: com.github.tomakehurst.wiremock.http.FixedDelayDistribution[\"milliseconds\"])"},
		"no method": {`[{"name":"webhook","parameters":{"url":"http://x.test/","method":""}}]`, []string{"WEBHOOK_REQUEST", "ERROR"}, "Failed to fire webhook  http://x.test/: HTTP method must not be blank"},
		"ftp":       {`[{"name":"webhook","parameters":{"url":"ftp://x.test/"}}]`, []string{"WEBHOOK_REQUEST", "ERROR"}, "Failed to fire webhook GET ftp://x.test/: Unroutable protocol scheme: ftp://x.test"},
	} {
		t.Run(name, func(t *testing.T) {
			ev := served(t, c.listeners)
			runner(t, proxy.Options{Deny: []string{"denied.test"}}).AfterServe(ev)
			types, data := await(t, ev, len(c.types))
			assert.Equal(t, c.types, types)
			var last struct{ Message string }
			require.NoError(t, json.Unmarshal([]byte(data[len(data)-1]), &last))
			assert.True(t, strings.HasPrefix(last.Message, c.message), last.Message)
		})
	}
}

func TestListenersOfOtherKindsAndPhasesAreLeftAlone(t *testing.T) {
	ev := served(t, `[{"name":"other"},{"name":"webhook","requestPhases":["BEFORE_MATCH"],"parameters":{"url":"http://127.0.0.1:1"}},`+
		`{"name":"webhook","requestPhases":[],"parameters":{"url":"http://127.0.0.1:1"}}]`)
	runner(t, proxy.Options{}).AfterServe(ev)
	assert.Empty(t, ev.SubEvents())
}

func TestCloseGivesUpWaitingWebhooks(t *testing.T) {
	ev := served(t, `[{"name":"webhook","parameters":{"url":"http://127.0.0.1:1/","delay":{"type":"fixed","milliseconds":30}}}]`)
	r := runner(t, proxy.Options{})
	r.AfterServe(ev)
	r.Close()
	assert.Never(t, func() bool { return len(ev.SubEvents()) > 1 }, 80*time.Millisecond, 5*time.Millisecond)
}

func TestWebhooksThatWaitAreBounded(t *testing.T) {
	r := runner(t, proxy.Options{})
	const later = `[{"name":"webhook","parameters":{"url":"http://127.0.0.1:1/","delay":{"type":"fixed","milliseconds":3600000}}}]`
	large := served(t, later)
	large.Request.Body = make([]byte, maxBytes+1)
	r.AfterServe(large)
	assert.Len(t, large.SubEvents(), 1, "one may be larger than all may be together")
	next := served(t, later)
	r.AfterServe(next)
	types, data := await(t, next, 2)
	assert.Equal(t, []string{"WEBHOOK_REQUEST", "ERROR"}, types)
	assert.Contains(t, data[1], "Webhook GET http://127.0.0.1:1/ was not sent: too many wait")
	r.Close()
	assert.Eventually(t, func() bool { return r.enqueue(1) }, 30*time.Second, time.Millisecond, "who gives up leaves its place")
}
