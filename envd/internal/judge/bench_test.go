package judge

import (
	"testing"
	"time"

	"github.com/envd-dev/envd/envd"
)

// BenchmarkJudgeADay judges 24 hours of load, one sample a second.
func BenchmarkJudgeADay(b *testing.B) {
	r := newRecord(p95(500, envd.During, "payments-slow"), errorRate, metric(envd.MetricMax, "<", 1000), recovers(5*time.Second, "payments-down"))
	observations := r.observations()
	for s := range 24 * 3600 {
		x := envd.Sample{Start: at(float64(30 + s)), Requests: 100, Iterations: 100, Latency: &envd.Histogram{}}
		for i := range 100 {
			x.Latency.Add(5 + float64(i*(s%7))/3)
		}
		observations = append(observations, envd.Observation{Time: x.Start, Stage: "peak", Sample: &x})
	}
	b.ResetTimer()
	for b.Loop() {
		Judge(r.spec, observations)
	}
}
