package judge

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/envd-dev/envd/envd"
)

// course replaces the clean run's faults: each acts from its first second to its second, or to the end where that is 0.
func course(r *record, slow, down [2]float64) {
	// those of the clean run name their target
	r.drop = func(o envd.Observation) bool { return o.Fault != nil && o.Fault.Target != "" }
	add := func(fault, event string, s float64) {
		e := &envd.Effect{Affected: 1, Total: 1}
		r.extra = append(r.extra, envd.Observation{Time: at(s), Stage: "peak", Fault: &envd.FaultEvent{Fault: fault, Name: event, Effect: e}})
	}
	for name, w := range map[string][2]float64{"payments-slow": slow, "payments-down": down} {
		add(name, envd.FaultInjected, w[0])
		add(name, envd.FaultActive, w[0])
		if w[1] > 0 {
			add(name, envd.FaultReverted, w[1])
		}
	}
}

// TestQuietPhases: what lies before and after a fault holds no second in which another one acts.
func TestQuietPhases(t *testing.T) {
	tests := []struct {
		name       string
		slow, down [2]float64
		phase      envd.Phase
		fault      string
		from, to   float64 // the window; equal where there is none
		text       string
	}{
		{"in sequence, before the first", [2]float64{8, 14}, [2]float64{18, 23}, envd.Before, "payments-slow", 0, 7, ""},
		{"in sequence, after the first", [2]float64{8, 14}, [2]float64{18, 23}, envd.After, "payments-slow", 15, 17, ""},
		{"in sequence, before the second", [2]float64{8, 14}, [2]float64{18, 23}, envd.Before, "payments-down", 15, 17, ""},
		{"in sequence, after the second", [2]float64{8, 14}, [2]float64{18, 23}, envd.After, "payments-down", 24, 30, ""},
		{"overlap, before the second", [2]float64{8, 16}, [2]float64{12, 20}, envd.Before, "payments-down", 0, 7, ""},
		{"overlap, after the first", [2]float64{8, 16}, [2]float64{12, 20}, envd.After, "payments-slow", 21, 30, ""},
		{"overlap, after the second", [2]float64{8, 16}, [2]float64{12, 20}, envd.After, "payments-down", 21, 30, ""},
		{"one inside the other, before the inner", [2]float64{8, 20}, [2]float64{10, 14}, envd.Before, "payments-down", 0, 7, ""},
		{"one inside the other, after the inner", [2]float64{8, 20}, [2]float64{10, 14}, envd.After, "payments-down", 21, 30, ""},
		{"adjacent, after the first", [2]float64{8, 14}, [2]float64{14, 20}, envd.After, "payments-slow", 0, 0,
			"no whole second of load lies after payments-slow (active 12:00:08–12:00:14, payments-down injected 12:00:14, guard 1 s)"},
		{"adjacent, before the second", [2]float64{8, 14}, [2]float64{14, 20}, envd.Before, "payments-down", 0, 0,
			"no whole second of load lies before payments-down (active 12:00:14–12:00:20, payments-slow reverted 12:00:14, guard 1 s)"},
		{"never reverted, before the second", [2]float64{8, 0}, [2]float64{18, 23}, envd.Before, "payments-down", 0, 7, ""},
		{"never reverted, after the second", [2]float64{8, 0}, [2]float64{18, 23}, envd.After, "payments-down", 0, 0,
			"no whole second of load lies after payments-down (active 12:00:18–12:00:23, payments-slow never reverted, guard 1 s)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRecord(p95(300, tt.phase, tt.fault))
			course(r, tt.slow, tt.down)
			v := r.judge()
			c := v.Conditions[0]
			if tt.from == tt.to {
				assert.Equal(t, envd.Inconclusive, c.Outcome)
				assert.Equal(t, tt.text, c.Message)
				return
			}
			assert.Equal(t, envd.Pass, c.Outcome, c.Message)
			assert.Equal(t, &envd.Window{Start: at(tt.from), End: at(tt.to)}, c.Window, c.Message)
			for _, f := range v.Faults {
				if got := map[envd.Phase]*envd.LoadStatistics{envd.Before: f.Before, envd.After: f.After}[tt.phase]; f.Name == tt.fault {
					assert.EqualValues(t, 100*(tt.to-tt.from), got.Requests, "the fault's own row shows the same seconds")
				}
			}
		})
	}
}

// TestRecoveryIsCutByTheNextFault: the next fault's seconds neither prove nor disprove a recovery.
func TestRecoveryIsCutByTheNextFault(t *testing.T) {
	tests := []struct {
		name string
		down [2]float64
		want envd.Outcome
		text string
	}{
		{"enough seconds", [2]float64{18, 23}, envd.Pass, "3 seconds of load until 12:00:17, the guard before payments-down"},
		{"too few", [2]float64{16, 23}, envd.Inconclusive, "only 1 second was steady at the end, 3 needed"},
		{"adjacent", [2]float64{14, 20}, envd.Inconclusive,
			"no second of load lies between the revert of payments-slow at 12:00:14 and 12:00:14, the guard before payments-down"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRecord(recovers(time.Second, "payments-slow"))
			r.second = func(s int) envd.Sample {
				if s >= int(tt.down[0]) && s < int(tt.down[1]) {
					return steady(100, 100, 5)
				}
				return steady(100, 0, 20)
			}
			course(r, [2]float64{8, 14}, tt.down)
			c := r.judge().Conditions[0]
			assert.Equal(t, tt.want, c.Outcome, c.Message)
			assert.Contains(t, c.Message, tt.text)
		})
	}
}
