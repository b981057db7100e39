package respond

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/stubs/internal/mapping"
	"github.com/envd-dev/envd/stubs/internal/proxy"
)

func millis(n int) *int { return &n }

func TestDelays(t *testing.T) {
	uniform := &mapping.DelayDistribution{Type: mapping.UniformDelay, Lower: 30, Upper: 30}
	for name, c := range map[string]struct {
		def      mapping.ResponseDefinition
		settings mapping.Settings
		want     time.Duration
	}{
		"none":                   {},
		"fixed":                  {def: mapping.ResponseDefinition{FixedDelayMilliseconds: millis(20)}, want: 20 * time.Millisecond},
		"both add up":            {def: mapping.ResponseDefinition{FixedDelayMilliseconds: millis(20), DelayDistribution: uniform}, want: 50 * time.Millisecond},
		"of the settings":        {settings: mapping.Settings{FixedDelay: millis(20), DelayDistribution: uniform}, want: 50 * time.Millisecond},
		"stub before settings":   {def: mapping.ResponseDefinition{FixedDelayMilliseconds: millis(0)}, settings: mapping.Settings{FixedDelay: millis(5000)}},
		"log-normal, its median": {def: mapping.ResponseDefinition{DelayDistribution: &mapping.DelayDistribution{Type: mapping.LogNormalDelay, Median: 15, Sigma: 0.4}}, want: 15 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, nil)
			r.settings = &c.settings
			r.define(t, c.def)
			start := time.Now()
			_, err := r.raw(t, get)
			require.NoError(t, err)
			assert.GreaterOrEqual(t, time.Since(start), c.want)
			assert.InDelta(t, c.want.Seconds(), (<-r.served).Timing.AddedDelay().Seconds(), 0.0005)
		})
	}
}

func TestUnmatchedRequestsAreNotDelayed(t *testing.T) {
	r := newRig(t, nil)
	r.settings = &mapping.Settings{FixedDelay: millis(60_000)}
	r.define(t, mapping.ResponseDefinition{Status: 404})
	r.stub = nil
	got, err := r.raw(t, get)
	require.NoError(t, err)
	assert.NotContains(t, got, "Matched-Stub-Id")
}

func TestDelayEndsWithItsClient(t *testing.T) {
	r := newRig(t, nil)
	r.define(t, mapping.ResponseDefinition{Status: 200, FixedDelayMilliseconds: millis(60_000)})
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Millisecond)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "GET", "http://"+r.addr+"/x", nil)
	require.NoError(t, err)
	_, err = http.DefaultTransport.RoundTrip(req)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	select {
	case <-r.served:
	case <-time.After(5 * time.Second):
		t.Fatal("the delay outlived its client")
	}
}

func TestTemplates(t *testing.T) {
	templated := func(d mapping.ResponseDefinition) mapping.ResponseDefinition {
		d.Status, d.Transformers = 200, []string{transformer}
		return d
	}
	text := func(s string) mapping.ResponseDefinition {
		return mapping.ResponseDefinition{BodyKind: mapping.TextBody, Body: []byte(s)}
	}
	for name, c := range map[string]struct {
		def    mapping.ResponseDefinition
		status int
		body   string
		header string
	}{
		"body":              {templated(text("url {{request.url}}")), 200, "url /x", ""},
		"without":           {text("url {{request.url}}"), 200, "url {{request.url}}", ""},
		"header":            {templated(mapping.ResponseDefinition{Headers: []mapping.Header{one("X-Method", "{{request.method}}")}}), 200, "", "GET"},
		"file name":         {templated(mapping.ResponseDefinition{BodyFileName: "{{request.method}}.txt"}), 200, "content of /x", ""},
		"failing helper":    {templated(text("{{date}}{{nosuchhelper 1}}")), 500, "", ""},
		"unusable template": {templated(text("{{#if}}")), 500, "", ""},
		"missing file":      {mapping.ResponseDefinition{BodyFileName: "nope.txt"}, 500, "", ""},
		"path out":          {mapping.ResponseDefinition{BodyFileName: "../../etc/passwd"}, 500, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, func(r *rig, _ *Options) {
				require.NoError(t, r.files.Write("GET.txt", []byte("content of {{request.url}}")))
			})
			r.define(t, c.def)
			resp := r.do(t, "GET", nil)
			assert.Equal(t, c.status, resp.StatusCode)
			body := readAll(t, resp)
			if c.status == 200 {
				assert.Equal(t, c.body, body)
			}
			assert.Equal(t, c.header, resp.Header.Get("X-Method"))
			ev := <-r.served
			assert.Equal(t, c.status, ev.Response.Status)
		})
	}
}

func TestProxying(t *testing.T) {
	seen := make(chan *http.Request, 1)
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		seen <- r
		w.Header()["x-lower"] = []string{"1"}
		w.Header().Set("Connection", "close")
		w.WriteHeader(http.StatusAccepted)
		_, err = w.Write([]byte("from target"))
		assert.NoError(t, err)
	}))
	t.Cleanup(target.Close)

	r := newRig(t, nil)
	r.define(t, mapping.ResponseDefinition{Status: 200, ProxyBaseURL: target.URL + "/base", ProxyURLPrefixToRemove: "/api",
		AdditionalProxyRequestHeaders: []mapping.Header{one("X-Added", "yes")}, RemoveProxyRequestHeaders: []string{"x-secret"},
		Headers: []mapping.Header{one("X-Own", "stub")}})
	got, err := r.raw(t, "POST /api/things%2F1?q=a%20b|c HTTP/1.1\r\n"+host+"X-Secret: 1\r\nX-Kept: 2\r\nUser-Agent: me\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc")
	require.NoError(t, err)
	assert.Contains(t, got, "HTTP/1.1 202 Accepted\r\n")
	assert.Contains(t, got, "\r\nx-lower: 1\r\n", "spelled as the target spells it")
	assert.Contains(t, got, "\r\nX-Own: stub\r\n")
	assert.NotContains(t, got, "Matched-Stub-Id")
	q := <-seen
	assert.Equal(t, "/base/things%2F1?q=a%20b|c", q.RequestURI)
	assert.Equal(t, strings.TrimPrefix(target.URL, "http://"), q.Host)
	assert.Equal(t, []string{"yes", "", "2"}, []string{q.Header.Get("X-Added"), q.Header.Get("X-Secret"), q.Header.Get("X-Kept")})
	assert.NotEqual(t, "me", q.UserAgent())
	body, err := io.ReadAll(q.Body)
	require.NoError(t, err)
	assert.Equal(t, "abc", string(body))
	assert.True(t, (<-r.served).Response.Proxied)
}

func TestProxyingThatFails(t *testing.T) {
	r := newRig(t, func(_ *rig, o *Options) {
		c, err := proxy.New(proxy.Options{Deny: []string{"*.denied.test", "10.0.0.0-10.255.255.255"}})
		require.NoError(t, err)
		o.Proxy = c
	})
	for base, want := range map[string]string{
		"http://127.0.0.1:1":     "Network failure trying to make a proxied request from WireMock to http://127.0.0.1:1/x\r\nConnect to http://127.0.0.1:1 failed: Connection refused",
		"https://" + r.addr:      "SSL failure trying to make a proxied request from WireMock to https://" + r.addr + "/x\r\n",
		"http://api.denied.test": "The target proxy address is denied in WireMock's configuration.",
		"http://10.1.2.3":        "The target proxy address is denied in WireMock's configuration.",
		"ftp://x.test":           "Network failure trying to make a proxied request from WireMock to ftp://x.test/x\r\nUnroutable protocol scheme: ftp://x.test",
	} {
		t.Run(base, func(t *testing.T) {
			r.define(t, mapping.ResponseDefinition{Status: 200, ProxyBaseURL: base})
			resp := r.do(t, "GET", nil)
			assert.Equal(t, 500, resp.StatusCode)
			assert.True(t, strings.HasPrefix(readAll(t, resp), want))
			<-r.served
		})
	}
}
