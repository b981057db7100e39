package runner

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/evidence"
)

// TestScraper: what changed is recorded, what is gone too, and of failures in a row the first.
func TestScraper(t *testing.T) {
	told := "a 1\nb{x=\"y\"} 2\n"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, told) }))
	defer server.Close()
	dir, err := evidence.Create(t.TempDir())
	require.NoError(t, err)
	rec, err := newRecorder(dir, nil)
	require.NoError(t, err)
	c := envd.Condition{Kind: envd.ServiceMetric, Service: "shop", Series: &envd.Series{Name: "a"}}
	s := &session{rec: rec, Config: Config{Spec: &envd.Spec{Gate: envd.Gate{Conditions: []envd.Condition{c}}}}}
	x := s.newScraper(&envd.Service{Name: "shop-1", ReplicaOf: "shop", Metrics: &envd.Metrics{Port: 8080, Path: "/metrics"}})
	assert.True(t, x.wants("a") && !x.wants("b"), "the condition is on every replica")
	x.client = &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", server.Listener.Addr().String())
	}}}
	defer x.client.CloseIdleConnections()
	s.scrapers = []*scraper{x, s.newScraper(&envd.Service{Name: "other", Metrics: &envd.Metrics{}})}
	for _, told = range []string{told, "a 1\nb{x=\"y\"} 3\n", "b{x=\"y\"} 3\n", "<html>", "<html>", "a 1\nb{x=\"y\"} 3\n"} {
		s.readJudged(t.Context())
	}
	require.NoError(t, rec.close())
	observations, err := dir.Observations()
	require.NoError(t, err)
	var got []envd.Scrape
	for _, o := range observations {
		got = append(got, *o.Scrape)
	}
	require.Len(t, got, 5)
	assert.Contains(t, got[3].Error, "not the text format of Prometheus")
	got[3].Error = ""
	assert.Equal(t, []envd.Scrape{
		{Service: "shop-1", Values: map[string]float64{"a": 1, `b{x="y"}`: 2}},
		{Service: "shop-1", Values: map[string]float64{`b{x="y"}`: 3}},
		{Service: "shop-1", Gone: []string{"a"}},
		{Service: "shop-1"},
		{Service: "shop-1", Values: map[string]float64{"a": 1}},
	}, got)
}
