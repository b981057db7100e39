package judge

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/envd-dev/envd/envd"
)

// climbing is a run of 30 seconds whose load climbs to 300/s and whose steady state is a p95 below 100 ms.
func climbing(conditions ...envd.Condition) *record {
	r := newRecord(conditions...)
	r.spec.Stages[0].Load = &envd.Load{Profile: envd.Breakpoint, Rate: 300, Duration: envd.Duration(30 * time.Second)}
	r.spec.Stages[0].Faults = nil
	r.spec.Stages[0].SteadyState = []envd.Condition{
		{Kind: envd.Threshold, Metric: envd.MetricQuantile, Quantile: 0.95, Op: "<", Value: 100},
	}
	r.drop = func(o envd.Observation) bool { return o.Fault != nil }
	return r
}

// slowIn is a load whose requests take half a second in those seconds.
func slowIn(seconds ...int) func(int) envd.Sample {
	return func(s int) envd.Sample {
		for _, slow := range seconds {
			if s == slow {
				return steady(100, 0, 500)
			}
		}
		return steady(100, 0, 20)
	}
}

func TestWithstands(t *testing.T) {
	starve := func(r *record) {
		r.second = func(s int) envd.Sample {
			sample := steady(100, 0, 20)
			if s >= 20 {
				sample.Dropped = 50
			}
			return sample
		}
		r.load.Dropped, r.load.Starved, r.load.Iterations = 500, "all 10 virtual users were busy", 2500
	}
	tests := []struct {
		name   string
		atMost float64
		bend   func(*record)
		want   envd.Outcome
		held   float64
		text   string
	}{
		{"to the end", 300, func(*record) {}, envd.Pass, 300, "held up to 300/s, to the end of the load, wanted at least 300/s"},
		{"broke late enough", 150, func(r *record) { r.second = slowIn(18, 19, 20, 25) }, envd.Pass, 180, "held up to 180/s, broke at 12:00:18 when p95 was 500 ms, limit 100 ms"},
		{"broke too early", 200, func(r *record) { r.second = slowIn(18, 19, 20) }, envd.Fail, 180, "wanted at least 200/s"},
		{"stumbled", 250, func(r *record) { r.second = slowIn(3, 4, 9, 15, 16) }, envd.Pass, 300, "to the end of the load"},
		{"broke in the last second", 295, func(r *record) { r.second = slowIn(29) }, envd.Fail, 290, "held up to 290/s"},
		{"no free virtual users", 200, starve, envd.Pass, 200, "held up to 200/s, broke at 12:00:20 when 50 iterations could not start"},
		{"no free virtual users too early", 250, starve, envd.Fail, 200, "for want of a free virtual user"},
		{"saturated generator", 250, func(r *record) {
			r.second = slowIn(18, 19, 20)
			r.load.Saturated = "k6 used 99 % of its CPUs"
		}, envd.Inconclusive, 180, "inconclusive: the load generator was the bottleneck"},
		{"cut off", 250, func(r *record) { r.load.Iterations = 1000 }, envd.Inconclusive, 300, "planned iterations"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := climbing(envd.Condition{Kind: envd.Withstands, Value: tt.atMost, Stage: "peak"})
			tt.bend(r)
			v := r.judge()
			c := v.Conditions[0]
			assert.Equal(t, tt.want, c.Outcome, c.Message)
			assert.Contains(t, c.Message, tt.text)
			assert.InDelta(t, tt.held, c.Measured, 1e-9)
			assert.Equal(t, tt.want, v.Outcome, "%q", v.Reasons)
			assert.InDelta(t, tt.held, v.Stages[0].Breakpoint.Held, 1e-9)
		})
	}
}

// A figure over all of a climb would say nothing, so plain conditions leave it out.
func TestClimbsAreNotMeasuredAsAWhole(t *testing.T) {
	c := climbing(envd.Condition{Kind: envd.Threshold, Metric: envd.MetricRequests, Op: ">", Value: 1}).judge().Conditions[0]
	assert.Equal(t, envd.Inconclusive, c.Outcome)
	assert.Contains(t, c.Message, "no stage has load to measure")

	c = newRecord(envd.Condition{Kind: envd.Withstands, Value: 1}).judge().Conditions[0]
	assert.Equal(t, envd.Inconclusive, c.Outcome)
	assert.Contains(t, c.Message, "no stage has a load that climbs")
}
