package spec

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/envd"
)

func TestParseCondition(t *testing.T) {
	known := names{stages: []string{"peak", "in", "climb"}, breaks: []string{"climb"}, loads: []string{"peak", "in"}, faults: map[string]string{"slow": "peak", "down": "peak"}, stubs: []string{"a.example.com"},
		scraped: []string{"shop"}, services: []string{"db"}}
	series := func(name string, op string, v float64, labels map[string]string) envd.Condition {
		return envd.Condition{Kind: envd.ServiceMetric, Service: "shop", Series: &envd.Series{Name: name, Labels: labels}, Op: op, Value: v}
	}
	threshold := func(m envd.Metric, op string, v float64) envd.Condition {
		return envd.Condition{Kind: envd.Threshold, Metric: m, Op: op, Value: v}
	}
	with := func(c envd.Condition, change func(*envd.Condition)) envd.Condition { change(&c); return c }
	tests := map[string]envd.Condition{
		"p95 < 500ms": with(threshold(envd.MetricQuantile, "<", 500), func(c *envd.Condition) { c.Quantile = 0.95 }),
		"p99.9<=1.5s in peak before slow": with(threshold(envd.MetricQuantile, "<=", 1500), func(c *envd.Condition) {
			c.Quantile, c.Stage, c.Phase, c.Fault = 0.999, "peak", envd.Before, "slow"
		}),
		"avg > 1us":                   threshold(envd.MetricAvg, ">", 0.001),
		"min >= 1m":                   threshold(envd.MetricMin, ">=", 60000),
		"max == 0s":                   threshold(envd.MetricMax, "==", 0),
		"error_rate < 1% during slow": with(threshold(envd.MetricErrorRate, "<", 0.01), func(c *envd.Condition) { c.Phase, c.Fault = envd.During, "slow" }),
		"checks != 99.9% after down":  with(threshold(envd.MetricChecks, "!=", 0.999), func(c *envd.Condition) { c.Phase, c.Fault = envd.After, "down" }),
		"rate > 90/m in in":           with(threshold(envd.MetricRate, ">", 1.5), func(c *envd.Condition) { c.Stage = "in" }),
		"requests >= 10":              threshold(envd.MetricRequests, ">=", 10),
		"iterations  >=  10":          threshold(envd.MetricIterations, ">=", 10),
		"recovers within 5s after down": {
			Kind: envd.Recovery, Within: envd.Duration(5 * time.Second), Phase: envd.After, Fault: "down",
		},
		"withstands 300/s":                       {Kind: envd.Withstands, Value: 300},
		"withstands 90/m in climb":               {Kind: envd.Withstands, Value: 1.5, Stage: "climb"},
		"stub a.example.com called >= 100 times": {Kind: envd.StubCalled, Stub: "a.example.com", Op: ">=", Value: 100},
		"stub a.example.com called == 0":         {Kind: envd.StubCalled, Stub: "a.example.com", Op: "=="},
		"metric shop queue_length < 50":          series("queue_length", "<", 50, nil),
		"metric shop a:b != -1.5e3 in peak during slow": with(series("a:b", "!=", -1500, nil), func(c *envd.Condition) {
			c.Stage, c.Phase, c.Fault = "peak", envd.During, "slow"
		}),
		"metric shop rss_bytes <= 64Mi in peak": with(series("rss_bytes", "<=", 64<<20, nil), func(c *envd.Condition) { c.Stage = "peak" }),
		`metric shop errors_total{} increased == 0 after down`: with(series("errors_total", "==", 0, map[string]string{}), func(c *envd.Condition) {
			c.Increased, c.Phase, c.Fault = true, envd.After, "down"
		}),
		`metric shop errors_total{code="500", path="/a {\"b\"} < c",} increased >= 1`: with(series("errors_total", ">=", 1,
			map[string]string{"code": "500", "path": `/a {"b"} < c`}), func(c *envd.Condition) { c.Increased = true }),
		"no unmatched requests":                  {Kind: envd.NoUnmatched},
		"no unmatched requests on a.example.com": {Kind: envd.NoUnmatched, Stub: "a.example.com"},
		"no undeclared connections":              {Kind: envd.NoUndeclared},
	}
	for source, want := range tests {
		want.Source = source
		got, wrong := parseCondition(source, known)
		require.Nil(t, wrong, source)
		assert.Equal(t, want, got)
	}
}
