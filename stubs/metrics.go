package stubs

import (
	"io"
	"maps"
	"net/http"
	"slices"

	"github.com/envd-dev/envd/stubs/internal/metrics"
)

// MetricsContentType is the media type of what [Server.WriteMetrics] writes.
const MetricsContentType = metrics.ContentType

// WriteMetrics writes the server's metrics in Prometheus' text exposition format: requests, matches, misses, faults, and
// histograms of the latency added and of that served, all since the server was made. GET /__admin/metrics answers the same.
func (s *Server) WriteMetrics(w io.Writer) error {
	return writeMetrics(w, []measured{{server: s}})
}

// WriteMetrics writes the metrics of many servers for one scrape; the label stub gives each its name.
func WriteMetrics(w io.Writer, servers map[string]*Server) error {
	list := make([]measured, 0, len(servers))
	for _, name := range slices.Sorted(maps.Keys(servers)) {
		list = append(list, measured{[]metrics.Label{{Name: "stub", Value: name}}, servers[name]})
	}
	return writeMetrics(w, list)
}

type measured struct {
	labels []metrics.Label
	server *Server
}

// counterFamilies are the counters and gauges, in the order in which they are written.
var counterFamilies = []struct {
	kind, name, help string
	value            func(s *Server) float64
}{
	{"counter", "envd_stub_requests_total", "Requests, without those to the admin API.", func(s *Server) float64 { return float64(s.counters.requests.Load()) }},
	{"counter", "envd_stub_matched_total", "Requests that a mapping answered.", func(s *Server) float64 { return float64(s.counters.matched.Load()) }},
	{"counter", "envd_stub_unmatched_total", "Requests that no mapping answered.", func(s *Server) float64 { return float64(s.counters.unmatched.Load()) }},
	{"counter", "envd_stub_injected_faults_total", "Requests that an injected fault touched.", func(s *Server) float64 { return float64(s.counters.faults.Load()) }},
	{"counter", "envd_stub_mapping_faults_total", "Responses that a mapping broke off.", func(s *Server) float64 { return float64(s.counters.broken.Load()) }},
	{"gauge", "envd_stub_mappings", "Mappings held.", func(s *Server) float64 { return float64(len(s.catalog.All())) }},
	{"gauge", "envd_stub_unused_mappings", "Mappings that have answered no request.", func(s *Server) float64 { return float64(len(s.Unused())) }},
	{"gauge", "envd_stub_journal_entries", "Requests in the journal.", func(s *Server) float64 { return float64(s.journal.Len()) }},
}

func writeMetrics(w io.Writer, servers []measured) error {
	out := metrics.NewWriter(w)
	for _, f := range counterFamilies {
		series := make([]metrics.Counter, len(servers))
		for i, m := range servers {
			series[i] = metrics.Counter{Labels: m.labels, Value: f.value(m.server)}
		}
		out.Counters(f.kind, f.name, f.help, series)
	}
	added, served := make([]metrics.Series, len(servers)), make([]metrics.Series, len(servers))
	for i, m := range servers {
		added[i] = metrics.Series{Labels: m.labels, Histogram: &m.server.counters.added}
		served[i] = metrics.Series{Labels: m.labels, Histogram: &m.server.counters.served}
	}
	out.Histograms("envd_stub_added_latency_seconds", "Delay that mappings, settings and injected faults added, of the requests that had any.", added)
	out.Histograms("envd_stub_served_latency_seconds", "Time from a request's arrival until its response was sent.", served)
	return out.Flush()
}

func (c *adminCall) metrics() {
	c.w.Header().Set("Content-Type", MetricsContentType)
	c.w.WriteHeader(http.StatusOK)
	_ = c.WriteMetrics(c.w) // the client may be gone
}
