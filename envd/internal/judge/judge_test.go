package judge

import (
	"encoding/json"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/envd"
)

var errorRate = metric(envd.MetricErrorRate, "<", 0.01)

func TestCleanRunPasses(t *testing.T) {
	v := newRecord(
		p95(500, envd.During, "payments-slow"), errorRate, recovers(5*time.Second, "payments-down"), called(">=", 100),
		envd.Condition{Kind: envd.NoUnmatched}, envd.Condition{Kind: envd.NoUndeclared},
	).judge()
	assert.Equal(t, envd.Pass, v.Outcome, "%v", v.Reasons)
	assert.Empty(t, v.Reasons)
	for _, c := range v.Conditions {
		assert.Equal(t, envd.Pass, c.Outcome, c.Message)
	}
	require.Len(t, v.Faults, 2)
	assert.True(t, v.Faults[0].Active && v.Faults[0].Reverted)
	assert.Equal(t, envd.Window{Start: at(8), End: at(14)}, *v.Faults[0].Window)
	assert.EqualValues(t, 400, v.Faults[0].During.Requests, "six seconds less a guard second at both ends")
	assert.EqualValues(t, 700, v.Faults[0].Before.Requests)
	assert.EqualValues(t, 200, v.Faults[0].After.Requests, "until a guard second before the next fault")
	assert.InDelta(t, 100, v.Stages[0].Load.Rate, 1e-9)
}

func TestMessageNamesConditionFaultWindowStubAndNumbers(t *testing.T) {
	r := newRecord(p95(500, envd.During, "payments-slow"))
	r.second = func(s int) envd.Sample {
		if s >= 8 && s < 14 {
			return steady(302, 0, 5003)
		}
		return steady(100, 0, 20)
	}
	v := r.judge()
	assert.Equal(t, envd.Fail, v.Outcome)
	const message = "p95 was 5.003 s, limit 500 ms, during payments-slow (12:00:09–12:00:13, 4 s, 1,208 requests; " +
		"stub payments.example.com delayed 600 of 600 requests by 5 s)"
	assert.Equal(t, message, v.Conditions[0].Message)
	assert.Equal(t, []string{`condition "p95 < limit" (stage peak): ` + message}, v.Reasons)
}

// TestRun covers the rules about the run as a whole and about its stages. The gate is one condition that passes on
// the clean run.
func TestRun(t *testing.T) {
	exit7 := 7
	tests := []struct {
		name   string
		bend   func(*record)
		want   envd.Outcome
		reason string // the first
	}{
		{"empty gate", func(r *record) { r.spec.Gate.Conditions = nil }, envd.Inconclusive, "the gate has no conditions: nothing was to be proven"},
		{"dropped iterations", func(r *record) { r.load.Dropped = 12 }, envd.Inconclusive, "the load of stage peak dropped 12 iterations"},
		{"dropped seen in samples only", func(r *record) {
			r.second = func(s int) envd.Sample { x := steady(100, 0, 20); x.Dropped = 1; return x }
		}, envd.Inconclusive, "the load of stage peak dropped 30 iterations"},
		{"exceptions", func(r *record) { r.load.Exceptions, r.load.Examples = 3, []string{"TypeError: x is not a function"} }, envd.Inconclusive,
			"the load script of stage peak threw 3 exceptions, for example: TypeError: x is not a function"},
		{"saturated", func(r *record) { r.load.Saturated = "CPU at 100% for 12 s" }, envd.Inconclusive,
			"the load generator was the bottleneck in stage peak: CPU at 100% for 12 s"},
		{"short of its plan", func(r *record) { r.load.Iterations = 2000 }, envd.Inconclusive, "the load of stage peak ended after 2,000 of 3,000 planned iterations"},
		{"within the shortfall", func(r *record) { r.load.Iterations = 2970 }, envd.Pass, ""},
		{"no plan", func(r *record) { r.load.Planned = 0 }, envd.Pass, ""},
		{"no load result", func(r *record) { r.drop = func(o envd.Observation) bool { return o.Load != nil } }, envd.Inconclusive, "the load of stage peak left no result"},
		{"no samples", func(r *record) { r.second = func(int) envd.Sample { return envd.Sample{} } }, envd.Inconclusive, "the load of stage peak made no requests"},
		{"load could not begin", func(r *record) { r.load.ExitCode, r.load.Problem = 107, "k6 refused the script: line 3" }, envd.Inconclusive,
			"the load of stage peak went wrong: k6 refused the script: line 3"},
		{"generator failed", func(r *record) { r.load.ExitCode = 107 }, envd.Inconclusive, "the load generator of stage peak ended with exit code 107"},
		{"generator says a threshold failed and names none", func(r *record) { r.load.ExitCode = 99 }, envd.Inconclusive, "the load generator of stage peak ended with exit code 99"},
		{"script threshold failed", func(r *record) {
			r.load.ExitCode = 99
			r.load.Thresholds = []envd.ThresholdResult{{Metric: "http_req_duration", Source: "p(95)<10", Outcome: envd.Fail, Samples: 10, Message: "20 ms"}}
		}, envd.Fail, "threshold p(95)<10 of http_req_duration in the script of stage peak failed: 20 ms"},
		{"script threshold inconclusive", func(r *record) {
			r.load.Thresholds = []envd.ThresholdResult{{Metric: "checks", Source: "rate>0.9", Outcome: envd.Inconclusive}}
		}, envd.Inconclusive, "threshold rate>0.9 of checks in the script of stage peak is inconclusive: no samples"},
		{"script threshold passed without samples", func(r *record) {
			r.load.Thresholds = []envd.ThresholdResult{{Metric: "checks", Source: "rate>0.9", Outcome: envd.Pass}}
		}, envd.Inconclusive, "threshold rate>0.9 of checks in the script of stage peak is inconclusive: no samples"},
		{"script threshold failed on a saturated generator", func(r *record) {
			r.load.Saturated = "CPU"
			r.load.Thresholds = []envd.ThresholdResult{{Metric: "checks", Source: "rate>0.9", Outcome: envd.Fail, Samples: 9, Message: "0.5"}}
		}, envd.Inconclusive, "threshold rate>0.9 of checks in the script of stage peak is inconclusive: 0.5"},
		{"fault never active", func(r *record) { r.drop = dropFault("payments-down", envd.FaultActive) }, envd.Inconclusive,
			"fault payments-down (stub.outage on payments.example.com, stage peak) was injected at 12:00:18 but never measured active"},
		{"fault never injected", func(r *record) {
			r.drop = func(o envd.Observation) bool { return o.Fault != nil && o.Fault.Fault == "payments-down" }
		}, envd.Inconclusive, "fault payments-down (stub.outage on payments.example.com, stage peak) was never injected"},
		{"fault failed", func(r *record) {
			r.extra = []envd.Observation{{Time: at(18), Stage: "peak", Fault: &envd.FaultEvent{Fault: "payments-down", Name: envd.FaultFailed, Error: "gateway gone"}}}
		}, envd.Inconclusive, "fault payments-down (stub.outage on payments.example.com, stage peak) failed: gateway gone"},
		{"interrupted", func(r *record) { r.stopAfter(16, envd.RunInterrupted) }, envd.Inconclusive, "the run was interrupted at 12:00:16"},
		{"interrupted after the last stage", func(r *record) {
			r.extra = []envd.Observation{{Time: at(31.5), Run: &envd.RunEvent{Name: envd.RunInterrupted}}}
		}, envd.Pass, ""},
		{"over budget", func(r *record) { r.stopAfter(16, envd.RunOverBudget) }, envd.Inconclusive, "the run used up its budget of 10 min at 12:00:16"},
		{"runner killed", func(r *record) { r.drop = func(o envd.Observation) bool { return o.Time.After(at(16)) } }, envd.Inconclusive,
			"the record ends before every stage had run to its end"},
		{"provision failed", func(r *record) {
			r.drop = func(o envd.Observation) bool { return true }
		}, envd.Errored, "the environment did not come up: the record ends before it was provisioned"},
		{"internal error outranks all", func(r *record) {
			r.load.Dropped = 1
			r.extra = []envd.Observation{{Time: at(3), Run: &envd.RunEvent{Name: envd.RunInternalError, Detail: "disk full"}}}
		}, envd.Errored, "envd failed: disk full"},
		{"service exited in a stage", func(r *record) {
			r.extra = []envd.Observation{{Time: at(9.5), Service: &envd.ServiceEvent{Service: "podinfo", Name: envd.ServiceExited, ExitCode: &exit7, Detail: "panic: nil map"}}}
		}, envd.Fail, "service podinfo exited unexpectedly with code 7 at 12:00:09.5 during stage peak: panic: nil map"},
		{"service exited between stages", func(r *record) {
			r.extra = []envd.Observation{{Time: at(-1.5), Service: &envd.ServiceEvent{Service: "podinfo", Name: envd.ServiceExited}}}
		}, envd.Fail, "service podinfo exited unexpectedly at 11:59:58.5"},
		{"service started again on the way up", func(r *record) {
			r.extra = []envd.Observation{{Time: at(-30), Service: &envd.ServiceEvent{Service: "podinfo", Name: envd.ServiceExited, ExitCode: &exit7, Restarting: true}}}
		}, envd.Pass, ""},
		{"service started again in a stage", func(r *record) {
			r.extra = []envd.Observation{{Time: at(9.5), Service: &envd.ServiceEvent{Service: "podinfo", Name: envd.ServiceExited, ExitCode: &exit7, Restarting: true}}}
		}, envd.Fail, "service podinfo exited unexpectedly with code 7 at 12:00:09.5 during stage peak, and was started again"},
		{"service stopped as asked", func(r *record) {
			r.extra = []envd.Observation{{Time: at(9), Service: &envd.ServiceEvent{Service: "podinfo", Name: envd.ServiceExited, Expected: true}}}
		}, envd.Pass, ""},
		{"leftovers do not change the outcome", func(r *record) {
			r.extra = []envd.Observation{{Time: at(33), Leftover: &envd.Leftover{Kind: "process", ID: "4242"}}}
		}, envd.Pass, ""},
		{"strict stub, all matched and used", func(r *record) { r.spec.Environment.Stubs[0].Strict = true }, envd.Pass, ""},
		{"strict stub unmatched", func(r *record) {
			r.spec.Environment.Stubs[0].Strict = true
			r.stub.Unmatched, r.stub.Examples = 2, []string{"GET /refund"}
		}, envd.Fail, "strict stub: 2 of 3,000 requests to stub payments.example.com matched no mapping, for example: GET /refund"},
		{"strict stub unused", func(r *record) { r.spec.Environment.Stubs[0].Strict = true; r.stub.Unused = []string{"refund.json"} }, envd.Fail,
			"strict stub payments.example.com: 1 mapping never used: refund.json"},
		{"strict stub without counters", func(r *record) {
			r.spec.Environment.Stubs[0].Strict = true
			r.drop = func(o envd.Observation) bool { return o.Stub != nil }
		}, envd.Inconclusive, "strict stub payments.example.com left no counters"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRecord(errorRate)
			tt.bend(r)
			v := r.judge()
			assert.Equal(t, tt.want, v.Outcome, "%q", v.Reasons)
			if tt.reason == "" {
				assert.Empty(t, v.Reasons)
			} else if assert.NotEmpty(t, v.Reasons) {
				assert.Equal(t, tt.reason, v.Reasons[0], "%q", v.Reasons)
			}
		})
	}
}

func TestLeftoversAreListed(t *testing.T) {
	r := newRecord(errorRate)
	r.extra = []envd.Observation{{Time: at(33), Leftover: &envd.Leftover{Kind: "process", ID: "4242"}}}
	assert.Equal(t, []envd.Leftover{{Kind: "process", ID: "4242"}}, r.judge().Leftovers)
}

func TestProvisioning(t *testing.T) {
	one := 1
	failed := envd.Observation{Time: at(-2), Run: &envd.RunEvent{Name: envd.RunProvisionFailed, Detail: "service podinfo was not ready within 30s"}}
	quoting := envd.Observation{Time: at(-2), Run: &envd.RunEvent{Name: envd.RunProvisionFailed, Detail: "service db-2 was not ready within 30s\n  cannot reach db"}}
	naming := envd.Observation{Time: at(-2), Run: &envd.RunEvent{Name: envd.RunProvisionFailed, Detail: "service db-2 was stopped\nservice db ended before it was ready"}}
	interrupted := envd.Observation{Time: at(-2), Run: &envd.RunEvent{Name: envd.RunInterrupted}}
	exited := envd.Observation{Time: at(-3), Service: &envd.ServiceEvent{Service: "db", Name: envd.ServiceExited, ExitCode: &one}}
	tests := []struct {
		name    string
		obs     []envd.Observation
		want    envd.Outcome
		reasons []string
	}{
		{"failed", []envd.Observation{failed}, envd.Errored, []string{"the environment did not come up: service podinfo was not ready within 30s"}},
		{"failed after an exit", []envd.Observation{failed, exited}, envd.Errored, []string{
			"the environment did not come up: service podinfo was not ready within 30s", "service db exited unexpectedly with code 1 at 11:59:57"}},
		{"failed, quoting a log with the name of what exited", []envd.Observation{quoting, exited}, envd.Errored, []string{
			"the environment did not come up: " + quoting.Run.Detail, "service db exited unexpectedly with code 1 at 11:59:57"}},
		{"failed for what exited", []envd.Observation{naming, exited}, envd.Errored, []string{"the environment did not come up: " + naming.Run.Detail}},
		{"interrupted on the way up", []envd.Observation{failed, interrupted}, envd.Inconclusive, []string{"the run was interrupted at 11:59:58"}},
		{"nothing recorded", nil, envd.Errored, []string{"the environment did not come up: the record ends before it was provisioned"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v := Judge(newRecord(errorRate).spec, tt.obs)
			assert.Equal(t, tt.want, v.Outcome)
			assert.Equal(t, tt.reasons, v.Reasons)
			assert.Equal(t, envd.Inconclusive, v.Conditions[0].Outcome)
			assert.Equal(t, envd.Inconclusive, v.Stages[0].Outcome)
			assert.Equal(t, []string{"stage peak never ran"}, v.Stages[0].Reasons)
		})
	}
}

func TestFunctional(t *testing.T) {
	tests := []struct {
		name   string
		result *envd.FunctionalResult
		want   envd.Outcome
		reason string
	}{
		{"passed", &envd.FunctionalResult{}, envd.Pass, ""},
		{"failed", &envd.FunctionalResult{ExitCode: 1, Duration: envd.Duration(3 * time.Second)}, envd.Fail, "the functional test of stage peak failed with exit code 1 after 3 s"},
		{"timed out", &envd.FunctionalResult{ExitCode: -1, TimedOut: true, Error: "timeout"}, envd.Fail, "the functional test of stage peak was stopped at its timeout of 2 min"},
		{"could not run", &envd.FunctionalResult{ExitCode: -1, Error: "no such file"}, envd.Inconclusive, "the functional test of stage peak could not run: no such file"},
		{"no result", nil, envd.Inconclusive, "the functional test of stage peak left no result"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRecord(errorRate)
			r.spec.Stages[0].Functional = &envd.Functional{Command: []string{"true"}, Timeout: envd.Duration(2 * time.Minute)}
			if tt.result != nil {
				r.extra = []envd.Observation{{Time: at(30), Stage: "peak", Functional: tt.result}}
			}
			v := r.judge()
			assert.Equal(t, tt.want, v.Outcome)
			assert.Equal(t, tt.want, v.Stages[0].Outcome)
			if tt.reason != "" {
				assert.Equal(t, []string{tt.reason}, v.Reasons)
			}
		})
	}
}

func TestFailOutranksInconclusive(t *testing.T) {
	r := newRecord(metric(envd.MetricMax, "<", 10))
	r.load.Dropped = 5
	v := r.judge()
	assert.Equal(t, envd.Fail, v.Outcome, "less load than planned does not excuse a slow answer")
	assert.Equal(t, []string{
		`condition "max <" (stage peak): highest latency was 20 ms, limit 10 ms, in peak (12:00:00–12:00:30, 30 s, 3,000 requests)`,
		"the load of stage peak dropped 5 iterations",
	}, v.Reasons)
}

func TestSkippedStageIsInconclusive(t *testing.T) {
	r := newRecord(errorRate)
	r.spec.Stages = append(r.spec.Stages, envd.Stage{Name: "soak", Load: &envd.Load{}})
	r.drop = dropRun(envd.RunExercised)
	v := r.judge()
	assert.Equal(t, envd.Inconclusive, v.Outcome)
	assert.Contains(t, v.Reasons, "stage soak never ran")
	assert.Equal(t, envd.Inconclusive, v.Conditions[0].Outcome, "the condition speaks of every stage with load")
}

// TestOrderDoesNotMatter: any order of the observations gives the same bytes, and the arguments are left alone.
func TestOrderDoesNotMatter(t *testing.T) {
	r := newRecord(p95(500, envd.During, "payments-slow"), errorRate, recovers(5*time.Second, "payments-down"), called(">=", 100))
	rng := rand.New(rand.NewPCG(1, 2))
	r.second = func(s int) envd.Sample { return steady(50+int64(s%7)*10, int64(s%3), 10+0.1*float64(s)) }
	for s := range 30 { // requests that ended late: a second sample of the same second, at the same time as another
		late := steady(3, 1, 0.3*float64(s+1))
		late.Start = at(float64(s))
		r.extra = append(r.extra, envd.Observation{Time: at(float64(s) + 1), Stage: "peak", Sample: &late})
	}
	observations := r.observations()
	before, err := json.Marshal(observations)
	require.NoError(t, err)
	want, err := json.Marshal(Judge(r.spec, observations))
	require.NoError(t, err)
	for range 50 {
		rng.Shuffle(len(observations), func(i, k int) { observations[i], observations[k] = observations[k], observations[i] })
		got, err := json.Marshal(Judge(r.spec, observations))
		require.NoError(t, err)
		require.Equal(t, string(want), string(got))
	}
	var again []envd.Observation
	require.NoError(t, json.Unmarshal(before, &again))
	got, err := json.Marshal(Judge(r.spec, again))
	require.NoError(t, err)
	assert.Equal(t, string(want), string(got), "what comes back from the run directory judges the same")
	canonicalBytes, err := json.Marshal(canonical(observations, nil))
	require.NoError(t, err)
	fresh, err := json.Marshal(canonical(again, nil))
	require.NoError(t, err)
	assert.Equal(t, string(fresh), string(canonicalBytes), "judging changed no observation")
}
