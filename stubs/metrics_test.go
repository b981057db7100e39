package stubs_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/stubs"
)

func TestMetrics(t *testing.T) {
	s := newServer(t, stubs.Options{}, `{"request":{"url":"/x"},"response":{"fixedDelayMilliseconds":3}}`,
		`{"request":{"url":"/y"},"response":{"status":200}}`, `{"request":{"url":"/broken"},"response":{"fault":"EMPTY_RESPONSE"}}`)
	require.NoError(t, s.Start())
	for _, path := range []string{"/x", "/x", "/y", "/none"} {
		resp, err := http.Get(s.URL() + path)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
	}
	_, err := http.Get(s.URL() + "/broken")
	require.Error(t, err)
	require.NoError(t, s.SetOverride(stubs.Override{ID: "slow", Delay: stubs.Delay{Fixed: time.Millisecond}, Share: 1, Until: time.Now().Add(time.Minute)}))
	send(s, "GET", "/y", "")

	resp, err := http.Get(s.URL() + "/__admin/metrics")
	require.NoError(t, err)
	defer resp.Body.Close()
	assert.Equal(t, "text/plain; version=0.0.4; charset=utf-8", resp.Header.Get("Content-Type"))
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	lines := strings.Split(string(body), "\n")
	for _, want := range []string{
		"envd_stub_requests_total 6",
		"envd_stub_matched_total 5",
		"envd_stub_unmatched_total 1",
		"envd_stub_injected_faults_total 1",
		"envd_stub_mapping_faults_total 1",
		"envd_stub_mappings 3",
		"envd_stub_unused_mappings 0",
		"envd_stub_journal_entries 6",
		"# TYPE envd_stub_added_latency_seconds histogram",
		"envd_stub_added_latency_seconds_count 3",
		`envd_stub_added_latency_seconds_bucket{le="+Inf"} 3`,
		`envd_stub_added_latency_seconds_bucket{le="0.000512"} 0`,
		"envd_stub_served_latency_seconds_count 6",
	} {
		assert.Contains(t, lines, want)
	}
}

func TestMetricsOfManyServers(t *testing.T) {
	a, b := newServer(t, stubs.Options{}, `{}`), newServer(t, stubs.Options{}, `{}`)
	send(b, "GET", "/", "")
	var out bytes.Buffer
	require.NoError(t, stubs.WriteMetrics(&out, map[string]*stubs.Server{"b.example": b, `a"\`: a}))
	text := out.String()
	assert.Contains(t, text, "# TYPE envd_stub_requests_total counter\nenvd_stub_requests_total{stub=\"a\\\"\\\\\"} 0\nenvd_stub_requests_total{stub=\"b.example\"} 1\n")
	assert.Contains(t, text, `envd_stub_served_latency_seconds_bucket{stub="b.example",le="+Inf"} 1`)
	assert.Equal(t, 1, strings.Count(text, "# TYPE envd_stub_served_latency_seconds "))
	assert.Error(t, a.WriteMetrics(failing{}))
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }
