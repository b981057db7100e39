package judge

import (
	"time"

	"github.com/envd-dev/envd/envd"
)

// t0 is when the load of a recorded run begins.
var t0 = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const payments = "payments.example.com"

// at is a time s seconds after the load's start.
func at(s float64) time.Time { return t0.Add(time.Duration(s * float64(time.Second))) }

// record is a run as its observations tell it. newRecord's is a clean one: 30 s of 100 requests a second, a latency
// fault at 8 s for 6 s, an outage at 18 s for 5 s. Tests bend it.
type record struct {
	spec *envd.Spec

	second func(s int) envd.Sample // what second s of the load saw; nil functions are the clean run's
	load   envd.LoadResult
	stub   envd.StubSummary
	drop   func(envd.Observation) bool // leaves observations out
	extra  []envd.Observation
}

func newRecord(conditions ...envd.Condition) *record {
	return &record{
		spec: &envd.Spec{
			Name:        "podinfo",
			Budget:      envd.Duration(10 * time.Minute),
			Environment: &envd.Environment{Stubs: []envd.Stub{{Host: payments}}},
			Stages: []envd.Stage{{
				Name: "peak",
				Load: &envd.Load{Profile: "peak"},
				Faults: []envd.Fault{
					{Name: "payments-slow", Kind: "stub.latency", Target: payments},
					{Name: "payments-down", Kind: "stub.outage", Target: payments},
				},
			}},
			Gate: envd.Gate{Conditions: conditions, Guard: envd.Duration(time.Second)},
		},
		load: envd.LoadResult{Iterations: 3000, Planned: 3000},
		stub: envd.StubSummary{Host: payments, Requests: 3000, Matched: 3000, Faulted: 1100},
	}
}

// steady is a second of n requests at ms each, of which failed failed.
func steady(n, failed int64, ms float64) envd.Sample {
	s := envd.Sample{Requests: n, Failed: failed, Iterations: n, ChecksOK: n - failed, ChecksBad: failed, Latency: &envd.Histogram{}}
	for range n {
		s.Latency.Add(ms)
	}
	return s
}

func (r *record) observations() []envd.Observation {
	stage := func(name string) *envd.StageEvent { return &envd.StageEvent{Name: name} }
	fault := func(name, event string, e *envd.Effect) *envd.FaultEvent {
		return &envd.FaultEvent{Fault: name, Target: payments, Name: event, Effect: e}
	}
	slow := &envd.Effect{Affected: 600, Total: 600, DelayMS: 5000, Summary: "+5 s on 600 of 600 requests"}
	down := &envd.Effect{Affected: 500, Total: 500, Summary: "reset 500 of 500 requests"}
	all := []envd.Observation{
		{Time: at(-2), Run: &envd.RunEvent{Name: envd.RunProvisioned}},
		{Time: at(-1), Stage: "peak", StageEvent: stage(envd.StageStarted)},
		{Time: at(0), Stage: "peak", StageEvent: stage(envd.StageLoadStart)},
		{Time: at(8), Stage: "peak", Fault: fault("payments-slow", envd.FaultInjected, nil)},
		{Time: at(8), Stage: "peak", Fault: fault("payments-slow", envd.FaultActive, nil)},
		{Time: at(14), Stage: "peak", Fault: fault("payments-slow", envd.FaultReverted, slow)},
		{Time: at(18), Stage: "peak", Fault: fault("payments-down", envd.FaultInjected, nil)},
		{Time: at(18), Stage: "peak", Fault: fault("payments-down", envd.FaultActive, nil)},
		{Time: at(23), Stage: "peak", Fault: fault("payments-down", envd.FaultReverted, down)},
		{Time: at(30), Stage: "peak", StageEvent: stage(envd.StageLoadEnd)},
		{Time: at(30.5), Stage: "peak", Load: &r.load},
		{Time: at(31), Stage: "peak", StageEvent: stage(envd.StageEnded)},
		{Time: at(31), Stub: &r.stub},
		{Time: at(31), Run: &envd.RunEvent{Name: envd.RunExercised}},
		{Time: at(32), Run: &envd.RunEvent{Name: envd.RunTornDown}},
	}
	for s := range 30 {
		sample := steady(100, 0, 20)
		if r.second != nil {
			sample = r.second(s)
		}
		sample.Start = at(float64(s))
		if sample.Requests+sample.Iterations+sample.Dropped > 0 {
			all = append(all, envd.Observation{Time: at(float64(s) + 1), Stage: "peak", Sample: &sample})
		}
	}
	var kept []envd.Observation
	for _, o := range append(all, r.extra...) {
		if r.drop == nil || !r.drop(o) {
			kept = append(kept, o)
		}
	}
	return kept
}

func (r *record) judge() envd.Verdict { return Judge(r.spec, r.observations()) }

// stopAfter leaves out what a run that was stopped at second s never saw.
func (r *record) stopAfter(s float64, event string) *record {
	r.drop = func(o envd.Observation) bool {
		return o.Time.After(at(s)) && o.Stub == nil && (o.Run == nil || o.Run.Name != event)
	}
	r.extra = append(r.extra, envd.Observation{Time: at(s), Run: &envd.RunEvent{Name: event}})
	return r
}

func dropRun(name string) func(envd.Observation) bool {
	return func(o envd.Observation) bool { return o.Run != nil && o.Run.Name == name }
}

func dropFault(name, event string) func(envd.Observation) bool {
	return func(o envd.Observation) bool { return o.Fault != nil && o.Fault.Fault == name && o.Fault.Name == event }
}

func p95(limit float64, phase envd.Phase, fault string) envd.Condition {
	c := envd.Condition{Source: "p95 < limit", Kind: envd.Threshold, Metric: envd.MetricQuantile, Quantile: 0.95, Op: "<", Value: limit, Phase: phase, Fault: fault}
	return c
}

func metric(m envd.Metric, op string, v float64) envd.Condition {
	return envd.Condition{Source: string(m) + " " + op, Kind: envd.Threshold, Metric: m, Op: op, Value: v}
}

func recovers(within time.Duration, fault string) envd.Condition {
	return envd.Condition{Source: "recovers within " + within.String() + " after " + fault, Kind: envd.Recovery, Within: envd.Duration(within), Fault: fault, Phase: envd.After}
}

func called(op string, n float64) envd.Condition {
	return envd.Condition{Source: "stub called", Kind: envd.StubCalled, Stub: payments, Op: op, Value: n}
}
