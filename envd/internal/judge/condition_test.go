package judge

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/envd-dev/envd/envd"
)

// slowAndFailing is 400 ms in the latency fault's window and every second request failing in the outage's.
func slowAndFailing(s int) envd.Sample {
	switch {
	case s >= 8 && s < 14:
		return steady(100, 0, 400)
	case s >= 18 && s < 23:
		return steady(100, 50, 5)
	}
	return steady(100, 0, 20)
}

func TestThreshold(t *testing.T) {
	inStage := func(c envd.Condition, stage string) envd.Condition { c.Stage = stage; return c }
	tests := []struct {
		name     string
		c        envd.Condition
		bend     func(*record)
		want     envd.Outcome
		measured float64
		samples  int64
	}{
		{"quantile during", p95(500, envd.During, "payments-slow"), nil, envd.Pass, 400, 400},
		{"quantile during, over", p95(300, envd.During, "payments-slow"), nil, envd.Fail, 400, 400},
		{"quantile before", p95(300, envd.Before, "payments-slow"), nil, envd.Pass, 20, 700},
		{"quantile after", p95(300, envd.After, "payments-slow"), nil, envd.Pass, 20, 200},
		{"minimum", metric(envd.MetricMin, ">=", 5), nil, envd.Pass, 5, 3000},
		{"maximum", metric(envd.MetricMax, "<=", 399), nil, envd.Fail, 400, 3000},
		{"mean", about(metric(envd.MetricAvg, "==", 20), envd.Before, "payments-slow"), nil, envd.Pass, 20, 700},
		{"error rate of the whole", errorRate, nil, envd.Fail, 250. / 3000, 3000},
		{"error rate in a stage", inStage(errorRate, "peak"), nil, envd.Fail, 250. / 3000, 3000},
		{"error rate during", about(metric(envd.MetricErrorRate, "!=", 0.5), envd.During, "payments-down"), nil, envd.Fail, 0.5, 300},
		{"checks", about(metric(envd.MetricChecks, ">", 0.4), envd.During, "payments-down"), nil, envd.Pass, 0.5, 300},
		{"rate during", about(metric(envd.MetricRate, ">=", 100), envd.During, "payments-down"), nil, envd.Pass, 100, 300},
		{"requests", metric(envd.MetricRequests, ">=", 3001), nil, envd.Fail, 3000, 3000},
		{"iterations", metric(envd.MetricIterations, ">", 2999), nil, envd.Pass, 3000, 3000},
		{"an unknown operator never holds", metric(envd.MetricMax, "~", 1), nil, envd.Fail, 400, 3000},
		{"an unknown metric has no samples", metric("mood", "<", 1), nil, envd.Inconclusive, 0, 0},
		{"no checks", metric(envd.MetricChecks, ">", 0.4), func(r *record) {
			r.second = func(s int) envd.Sample { x := steady(100, 0, 20); x.ChecksOK, x.ChecksBad = 0, 0; return x }
		}, envd.Inconclusive, 0, 0},
		{"unknown stage", inStage(errorRate, "soak"), nil, envd.Inconclusive, 0, 0},
		{"unknown fault", p95(1, envd.During, "nothing"), nil, envd.Inconclusive, 0, 0},
		{"fault never active", p95(500, envd.During, "payments-slow"), func(r *record) { r.drop = dropFault("payments-slow", envd.FaultActive) }, envd.Inconclusive, 0, 0},
		{"fault never reverted, during", p95(500, envd.During, "payments-slow"), func(r *record) { r.drop = dropFault("payments-slow", envd.FaultReverted) }, envd.Pass, 400, 2100},
		{"fault never reverted, after", p95(500, envd.After, "payments-slow"), func(r *record) { r.drop = dropFault("payments-slow", envd.FaultReverted) }, envd.Inconclusive, 0, 0},
		{"window shorter than its guard", p95(500, envd.During, "payments-slow"), func(r *record) { r.spec.Gate.Guard = envd.Duration(3 * time.Second) }, envd.Inconclusive, 0, 0},
		{"no requests in the window", p95(500, envd.During, "payments-slow"), func(r *record) {
			r.second = func(s int) envd.Sample {
				if s >= 8 && s < 14 {
					return envd.Sample{}
				}
				return steady(100, 0, 20)
			}
		}, envd.Inconclusive, 0, 0},
		{"dropped iterations: a pass is not trusted", p95(500, envd.During, "payments-slow"), func(r *record) { r.load.Dropped = 1 }, envd.Inconclusive, 400, 400},
		{"dropped iterations: a failure stands", p95(300, envd.During, "payments-slow"), func(r *record) { r.load.Dropped = 1 }, envd.Fail, 400, 400},
		{"dropped iterations: too little load says nothing", metric(envd.MetricRate, ">=", 200), func(r *record) { r.load.Dropped = 1 }, envd.Inconclusive, 100, 3000},
		{"saturated: a failure is not trusted either", p95(300, envd.During, "payments-slow"), func(r *record) { r.load.Saturated = "CPU" }, envd.Inconclusive, 400, 400},
		{"exceptions: a pass is not trusted", p95(500, envd.During, "payments-slow"), func(r *record) { r.load.Exceptions = 1 }, envd.Inconclusive, 400, 400},
		{"interrupted: a closed window's failure stands", p95(300, envd.During, "payments-slow"), func(r *record) { r.stopAfter(16, envd.RunInterrupted) }, envd.Fail, 400, 400},
		{"interrupted: an open window's does not", metric(envd.MetricMax, "<", 300), func(r *record) { r.stopAfter(16, envd.RunInterrupted) }, envd.Inconclusive, 400, 1600},
		{"interrupted: nothing passes", p95(500, envd.During, "payments-slow"), func(r *record) { r.stopAfter(16, envd.RunInterrupted) }, envd.Inconclusive, 400, 400},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRecord(tt.c)
			r.second = slowAndFailing
			if tt.bend != nil {
				tt.bend(r)
			}
			got := r.judge()
			c := got.Conditions[0]
			assert.Equal(t, tt.want, c.Outcome, c.Message)
			assert.InEpsilon(t, 1+tt.measured, 1+c.Measured, 0.006, c.Message)
			assert.Equal(t, tt.samples, c.Samples, c.Message)
			assert.NotEmpty(t, c.Message)
			if c.Outcome != envd.Pass {
				assert.NotEqual(t, envd.Pass, got.Outcome)
				assert.NotEmpty(t, got.Reasons)
			}
		})
	}
}

func TestThresholdWithoutStageTakesTheWorstStage(t *testing.T) {
	r := newRecord(metric(envd.MetricMax, "<", 300))
	r.spec.Stages = append([]envd.Stage{{Name: "smoke", Load: &envd.Load{}}}, r.spec.Stages...)
	slow := steady(10, 0, 250)
	slow.Start = at(-20)
	add := func(s float64, o envd.Observation) { o.Time, o.Stage = at(s), "smoke"; r.extra = append(r.extra, o) }
	add(-21, envd.Observation{StageEvent: &envd.StageEvent{Name: envd.StageStarted}})
	add(-19, envd.Observation{Sample: &slow})
	add(-19, envd.Observation{Load: &envd.LoadResult{Iterations: 10}})
	add(-18, envd.Observation{StageEvent: &envd.StageEvent{Name: envd.StageEnded}})
	c := r.judge().Conditions[0]
	assert.Equal(t, envd.Pass, c.Outcome, c.Message)
	assert.Equal(t, "highest latency was 250 ms, limit 300 ms, in smoke (11:59:40–11:59:41, 1 s, 10 requests)", c.Message)
}

func TestRecovery(t *testing.T) {
	// back returns seconds that are bad until the given one after the outage's revert at 23 s.
	back := func(good int) func(int) envd.Sample {
		return func(s int) envd.Sample {
			if s >= 18 && s < good {
				return steady(100, 100, 5)
			}
			return steady(100, 0, 20)
		}
	}
	tests := []struct {
		name   string
		within time.Duration
		bend   func(*record)
		want   envd.Outcome
		text   string
	}{
		{"at once", 5 * time.Second, func(r *record) { r.second = back(23) }, envd.Pass,
			"recovered at once after payments-down, limit 5 s (reverted 12:00:23, 7 seconds of load until the end of the load at 12:00:30; steady means error rate <= 1% and p95 <= 70 ms)"},
		{"in time", 5 * time.Second, func(r *record) { r.second = back(26) }, envd.Pass, "recovered 3 s after payments-down, limit 5 s"},
		{"on the limit", 4 * time.Second, func(r *record) { r.second = back(27) }, envd.Pass, "recovered 4 s after payments-down, limit 4 s"},
		{"too late", 3 * time.Second, func(r *record) { r.second = back(27) }, envd.Fail,
			"not recovered within 3 s after payments-down: 3 s later, at 12:00:26, error rate was 100%, limit 1% (reverted 12:00:23, 7 seconds of load until the end of the load at 12:00:30; steady means error rate <= 1% and p95 <= 70 ms)"},
		{"a relapse counts", 2 * time.Second, func(r *record) {
			r.second = func(s int) envd.Sample {
				if s == 26 {
					return steady(100, 0, 900)
				}
				return steady(100, 0, 20)
			}
		}, envd.Fail, "p95 was 900 ms, limit 70"},
		{"too few steady seconds to tell", 10 * time.Second, func(r *record) { r.second = back(28) }, envd.Inconclusive, "only 2 seconds were steady at the end, 3 needed"},
		{"one steady second", 10 * time.Second, func(r *record) { r.second = back(29) }, envd.Inconclusive, "only 1 second was steady at the end"},
		{"load ended at the revert", 5 * time.Second, func(r *record) {
			r.second = func(s int) envd.Sample {
				if s >= 23 {
					return envd.Sample{}
				}
				return steady(100, 0, 20)
			}
		}, envd.Inconclusive, "no second of load lies between the revert of payments-down at 12:00:23"},
		{"a silent second in time does not matter", 5 * time.Second, func(r *record) {
			r.second = func(s int) envd.Sample {
				if s == 24 {
					return envd.Sample{}
				}
				return steady(100, 0, 20)
			}
		}, envd.Pass, "recovered 2 s after"},
		{"a silent second that decides", 2 * time.Second, func(r *record) {
			r.second = func(s int) envd.Sample {
				if s == 26 {
					return envd.Sample{}
				}
				return steady(100, 0, 20)
			}
		}, envd.Inconclusive, "cannot be told: 3 s later, at 12:00:26, there were no requests"},
		{"never reverted", 5 * time.Second, func(r *record) { r.drop = dropFault("payments-down", envd.FaultReverted) }, envd.Inconclusive, "was never reverted"},
		{"never active", 5 * time.Second, func(r *record) { r.drop = dropFault("payments-down", envd.FaultActive) }, envd.Inconclusive, "never measured active"},
		{"dropped iterations", 5 * time.Second, func(r *record) { r.load.Dropped = 3 }, envd.Inconclusive, "dropped 3 iterations"},
		{"late on a saturated generator", time.Second, func(r *record) { r.second = back(27); r.load.Saturated = "CPU" }, envd.Inconclusive, "the load generator was the bottleneck"},
		{"own steady state", time.Second, func(r *record) {
			r.spec.Stages[0].SteadyState = []envd.Condition{metric(envd.MetricMax, "<", 10)}
		}, envd.Fail, "highest latency was 20 ms, limit 10 ms"},
		{"no time before the first fault", 5 * time.Second, func(r *record) {
			r.second = func(s int) envd.Sample {
				if s < 8 {
					return envd.Sample{}
				}
				return steady(100, 0, 20)
			}
		}, envd.Inconclusive, "steady state is unknown"},
		{"another fault still active", time.Second, func(r *record) {
			r.second = back(27)
			r.drop = dropFault("payments-slow", envd.FaultReverted)
		}, envd.Inconclusive, "fault payments-slow was active then"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRecord(recovers(tt.within, "payments-down"))
			tt.bend(r)
			c := r.judge().Conditions[0]
			assert.Equal(t, tt.want, c.Outcome, c.Message)
			assert.Contains(t, c.Message, tt.text)
		})
	}
}

func TestRecoveryEndsAtTheNextFault(t *testing.T) {
	r := newRecord(recovers(2*time.Second, "payments-slow"))
	r.second = func(s int) envd.Sample {
		if s >= 17 && s < 23 {
			return steady(100, 100, 5) // the outage is not held against the recovery, nor what was under way when it began
		}
		return steady(100, 0, 20)
	}
	c := r.judge().Conditions[0]
	assert.Equal(t, envd.Pass, c.Outcome, c.Message)
	assert.Contains(t, c.Message, "3 seconds of load until 12:00:17, the guard before payments-down")
}

func TestStubsAndConnections(t *testing.T) {
	unmatched, undeclared := envd.Condition{Kind: envd.NoUnmatched}, envd.Condition{Kind: envd.NoUndeclared}
	leak := func(dst string, n int64) envd.Observation {
		return envd.Observation{Time: at(5), Connection: &envd.Connection{Destination: dst, Protocol: "tcp", Count: n}}
	}
	withStub := func(x envd.StubSummary) func(*record) {
		return func(r *record) { x.Host = payments; r.stub = x }
	}
	noCounters := func(r *record) { r.drop = func(o envd.Observation) bool { return o.Stub != nil } }
	tests := []struct {
		name string
		c    envd.Condition
		bend func(*record)
		want envd.Outcome
		text string
	}{
		{"called enough", called(">=", 100), nil, envd.Pass, "stub payments.example.com was called 3,000 times, wanted at least 100"},
		{"called too little", called(">", 5000), nil, envd.Fail, "wanted more than 5,000"},
		{"called once", called("==", 2), withStub(envd.StubSummary{Requests: 1}), envd.Fail, "was called once, wanted 2"},
		{"never called, as wanted", called("==", 0), withStub(envd.StubSummary{}), envd.Pass, "was called 0 times, wanted 0"},
		{"unknown stub", envd.Condition{Kind: envd.StubCalled, Stub: "x"}, nil, envd.Inconclusive, "the spec has no stub x"},
		{"no counters", called(">=", 1), noCounters, envd.Inconclusive, "left no counters"},
		{"too few when interrupted", called(">=", 5000), func(r *record) { r.stopAfter(16, envd.RunInterrupted) }, envd.Inconclusive, "did not exercise"},
		{"enough when interrupted", called(">=", 1), func(r *record) { r.stopAfter(16, envd.RunInterrupted) }, envd.Inconclusive, "did not exercise"},
		{"too many when interrupted", called("<", 10), func(r *record) { r.stopAfter(16, envd.RunInterrupted) }, envd.Fail, "limit 10"},
		{"matched", unmatched, nil, envd.Pass, "every one of 3,000 requests to payments.example.com was matched"},
		{"unmatched", unmatched, withStub(envd.StubSummary{Requests: 5, Unmatched: 2, Examples: []string{"POST /x"}}), envd.Fail, "2 of 5 requests to stub payments.example.com matched no mapping, for example: POST /x"},
		{"unmatched on a host", envd.Condition{Kind: envd.NoUnmatched, Stub: payments}, withStub(envd.StubSummary{Requests: 5, Unmatched: 2}), envd.Fail, "2 of 5"},
		{"unmatched on an unknown host", envd.Condition{Kind: envd.NoUnmatched, Stub: "x"}, nil, envd.Inconclusive, "the spec has no stub x"},
		{"nothing called the stubs", unmatched, withStub(envd.StubSummary{}), envd.Inconclusive, "nothing called payments.example.com"},
		{"no stubs", unmatched, func(r *record) { r.spec.Environment.Stubs = nil }, envd.Inconclusive, "the environment has no stubs"},
		{"unmatched without counters", unmatched, noCounters, envd.Inconclusive, "left no counters"},
		{"no undeclared", undeclared, nil, envd.Pass, "no connection went"},
		{"undeclared", undeclared, func(r *record) {
			r.extra = []envd.Observation{leak("10.0.0.1:443", 1), leak("10.0.0.1:443", 3), leak("x.example:80", 1)}
		}, envd.Fail, "connections went to 2 undeclared destinations: 10.0.0.1:443 (tcp, 3 times), x.example:80 (tcp, once)"},
		{"undeclared cannot be seen", undeclared, func(r *record) {
			r.extra = []envd.Observation{{Time: at(0), Run: &envd.RunEvent{Name: envd.RunConnectionsUnseen}}}
		}, envd.Inconclusive, "cannot see"},
		{"undeclared when interrupted", undeclared, func(r *record) { r.stopAfter(16, envd.RunInterrupted) }, envd.Inconclusive, "did not exercise"},
		{"unknown kind", envd.Condition{Kind: "weather"}, nil, envd.Inconclusive, `conditions of kind "weather" are not known`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRecord(tt.c)
			if tt.bend != nil {
				tt.bend(r)
			}
			v := r.judge()
			c := v.Conditions[0]
			assert.Equal(t, tt.want, c.Outcome, c.Message)
			assert.Contains(t, c.Message, tt.text)
			assert.Equal(t, tt.want, v.Outcome, "%q", v.Reasons)
		})
	}
}
