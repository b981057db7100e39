package judge

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/envd"
)

// told is a record with what service told at each second, from one before the stage to one before its end. Of what values
// returns, only what changed is written down; an error in its place tells that the reading failed.
func (r *record) told(service string, values func(s int) any) *record {
	known := map[string]float64{}
	failing := false
	for s := -2; s <= 30; s++ {
		x := &envd.Scrape{Service: service}
		r.extra = append(r.extra, envd.Observation{Time: at(float64(s) + 0.5), Scrape: x})
		switch v := values(s).(type) {
		case error:
			if failing {
				r.extra = r.extra[:len(r.extra)-1]
			}
			failing, x.Error = true, v.Error()
		case map[string]float64:
			failing, x.Values = false, map[string]float64{}
			for name, value := range v {
				if before, seen := known[name]; !seen || before != value {
					x.Values[name], known[name] = value, value
				}
			}
			for name := range known {
				if _, told := v[name]; !told {
					x.Gone = append(x.Gone, name)
					delete(known, name)
				}
			}
		}
	}
	return r
}

// shop is what a clean run's service tells: 10 in flight, 40 while payments are slow; ten errors in each second in which
// they are down, and a hundred requests in every one.
func shop(s int) map[string]float64 {
	told := map[string]float64{
		"in_flight": 10, "in_flight_admin": 99,
		`requests_total{code="200"}`: float64(100 * (s + 2)), `queue{name="mail"}`: 3, `queue{name="print"}`: 7,
	}
	if s >= 8 && s < 14 {
		told["in_flight"] = 40
	}
	if s >= 18 {
		told[`requests_total{code="500"}`] = float64(10 * (min(s, 22) - 17))
	}
	return told
}

func ofShop(name string, labels map[string]string, op string, v float64) envd.Condition {
	return envd.Condition{Source: "of shop", Kind: envd.ServiceMetric, Service: "shop", Series: &envd.Series{Name: name, Labels: labels}, Op: op, Value: v}
}

func grown(c envd.Condition) envd.Condition { c.Increased = true; return c }

func about(c envd.Condition, p envd.Phase, fault string) envd.Condition {
	c.Phase, c.Fault = p, fault
	return c
}

func TestServiceMetric(t *testing.T) {
	failed := map[string]string{"code": "500"}
	none := map[string]string{"code": "418"}
	quiet := func(s int) any { return shop(s) }
	tests := []struct {
		name     string
		c        envd.Condition
		values   func(s int) any
		bend     func(*record)
		want     envd.Outcome
		measured float64
		samples  int64
		message  string
	}{
		{"every reading of the stage", ofShop("in_flight", nil, "<", 50), quiet, nil, envd.Pass, 40, 32,
			"in_flight of shop was 40 at 12:00:08.5, limit 50, in peak (32 readings)"},
		{"one reading is enough to fail", ofShop("in_flight", nil, "<=", 39), quiet, nil, envd.Fail, 40, 32, ""},
		{"before", about(ofShop("in_flight", nil, "<", 39), envd.Before, "payments-slow"), quiet, nil, envd.Pass, 10, 7, ""},
		{"during", about(ofShop("in_flight", nil, ">", 39), envd.During, "payments-slow"), quiet, nil, envd.Pass, 40, 4,
			"in_flight of shop was 40 at 12:00:09.5, wanted more than 39, during payments-slow (4 readings)"},
		{"after", about(ofShop("in_flight", nil, "==", 10), envd.After, "payments-slow"), quiet, nil, envd.Pass, 10, 2, ""},
		{"the worst of several series", ofShop("queue", nil, "<", 5), quiet, nil, envd.Fail, 7, 32,
			`queue{name="print"} of shop was 7 at 11:59:59.5, limit 5, in peak (32 readings)`},
		{"the one with the label", ofShop("queue", map[string]string{"name": "mail"}, "<", 5), quiet, nil, envd.Pass, 3, 32, ""},
		{"equal is every one", ofShop("queue", nil, "==", 3), quiet, nil, envd.Fail, 7, 32, ""},
		{"a counter that is born grows from zero", grown(ofShop("requests_total", failed, "==", 50)), quiet, nil, envd.Pass, 50, 32, ""},
		{"growth during", about(grown(ofShop("requests_total", failed, "<", 20)), envd.During, "payments-down"), quiet, nil, envd.Fail, 30, 3,
			`requests_total{code="500"} of shop increased by 30, limit 20, during payments-down (3 readings)`},
		{"growth before", about(grown(ofShop("requests_total", failed, "==", 0)), envd.Before, "payments-down"), quiet, nil, envd.Pass, 0, 2, ""},
		{"growth of all series together", about(grown(ofShop("requests_total", nil, ">=", 330)), envd.During, "payments-down"), quiet, nil, envd.Pass, 330, 3, ""},
		{"labels that never were did not grow", grown(ofShop("requests_total", none, "==", 0)), quiet, nil, envd.Pass, 0, 32, ""},
		{"a service that starts again counts from zero", grown(ofShop("n", nil, "==", 55)), func(s int) any {
			if s >= 10 {
				return map[string]float64{"n": float64(s - 10)}
			}
			return map[string]float64{"n": float64(s + 2 + 100)}
		}, nil, envd.Fail, 31, 32, ""},
		{"so does one whose series are gone for a while", grown(ofShop("n", nil, "==", 30)), func(s int) any {
			if s == 10 {
				return map[string]float64{}
			}
			return map[string]float64{"n": float64(max(s+2, 0) % 12)}
		}, nil, envd.Pass, 30, 32, ""},

		{"no such series", ofShop("inflight", nil, "<", 50), quiet, nil, envd.Inconclusive, 0, 0, "shop told nothing of inflight in peak"},
		{"no such counter", grown(ofShop("errors_total", nil, "==", 0)), quiet, nil, envd.Inconclusive, 0, 0, "shop told nothing of errors_total in peak"},
		{"labels that never were are no reading", ofShop("queue", none, "<", 5), quiet, nil, envd.Inconclusive, 0, 0, `shop told nothing of queue{code="418"} in peak`},
		{"it never told", ofShop("in_flight", nil, "<", 50), func(int) any { return fmt.Errorf("refused") }, nil, envd.Inconclusive, 0, 0,
			"too few readings of the metrics of shop lie in peak: the metrics of shop could not be read from 11:59:58.5 on: refused"},
		{"it did not tell for a while", ofShop("in_flight", nil, "<", 50), func(s int) any {
			if s > 3 && s < 6 {
				return fmt.Errorf("refused")
			}
			return shop(s)
		}, nil, envd.Inconclusive, 40, 30,
			"in_flight of shop was 40 at 12:00:08.5, limit 50, in peak (30 readings); inconclusive: the metrics of shop could not be read from 12:00:04.5 on: refused"},
		{"what it told fails all the same", ofShop("in_flight", nil, "<", 40), func(s int) any {
			if s > 3 && s < 6 {
				return fmt.Errorf("refused")
			}
			return shop(s)
		}, nil, envd.Fail, 40, 30, ""},
		{"it did not tell outside of the window", about(ofShop("in_flight", nil, ">", 39), envd.During, "payments-slow"), func(s int) any {
			if s > 3 && s < 6 || s == 20 {
				return fmt.Errorf("refused")
			}
			return shop(s)
		}, nil, envd.Pass, 40, 4, ""},
		{"growth that may be from before the window", about(grown(ofShop("requests_total", failed, "<", 20)), envd.During, "payments-down"), func(s int) any {
			if s > 16 && s < 21 {
				return fmt.Errorf("refused")
			}
			return shop(s)
		}, nil, envd.Inconclusive, 40, 1, ""},
		{"one reading tells no growth", grown(ofShop("n", nil, "==", 0)), func(s int) any {
			if s == 5 {
				return map[string]float64{"n": 1}
			}
			return fmt.Errorf("refused")
		}, nil, envd.Inconclusive, 0, 0, ""},
		{"dropped iterations: a pass is not trusted", ofShop("in_flight", nil, "<", 50), quiet, func(r *record) { r.load.Dropped = 1 }, envd.Inconclusive, 40, 32, ""},
		{"dropped iterations: a failure stands", ofShop("in_flight", nil, "<", 40), quiet, func(r *record) { r.load.Dropped = 1 }, envd.Fail, 40, 32, ""},
		{"dropped iterations: too little says nothing", grown(ofShop("requests_total", nil, ">", 1e6)), quiet, func(r *record) { r.load.Dropped = 1 }, envd.Inconclusive, 3250, 32, ""},
		{"interrupted: nothing passes", ofShop("in_flight", nil, "<", 50), quiet, func(r *record) { r.stopAfter(16, envd.RunInterrupted) }, envd.Inconclusive, 0, 0, ""},
		{"fault never active", about(ofShop("in_flight", nil, "<", 50), envd.During, "payments-slow"), quiet,
			func(r *record) { r.drop = dropFault("payments-slow", envd.FaultActive) }, envd.Inconclusive, 0, 0, ""},
		{"unknown stage", func() envd.Condition { c := ofShop("in_flight", nil, "<", 50); c.Stage = "soak"; return c }(), quiet, nil, envd.Inconclusive, 0, 0, ""},
		{"unknown fault", about(ofShop("in_flight", nil, "<", 50), envd.During, "nothing"), quiet, nil, envd.Inconclusive, 0, 0, ""},
		{"unknown service", ofShop("in_flight", nil, "<", 50), quiet, func(r *record) { r.spec.Environment.Services = nil }, envd.Inconclusive, 0, 0, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRecord(tt.c)
			r.spec.Environment.Services = []envd.Service{{Name: "shop"}}
			if tt.bend != nil {
				tt.bend(r)
			}
			v := r.told("shop", tt.values).judge()
			got := v.Conditions[0]
			assert.Equal(t, tt.want, got.Outcome, got.Message)
			assert.Equal(t, tt.want, v.Outcome, "%v", v.Reasons)
			assert.InDelta(t, tt.measured, got.Measured, 1e-9, got.Message)
			assert.Equal(t, tt.samples, got.Samples, got.Message)
			if tt.message != "" {
				assert.Equal(t, tt.message, got.Message)
			}
		})
	}
}

// Each replica tells of itself: the worst of them stands, and what they counted adds up.
func TestServiceMetricOfReplicas(t *testing.T) {
	r := newRecord(ofShop("in_flight", nil, "<", 50), grown(ofShop("n", nil, "==", 64)))
	r.spec.Environment.Services = []envd.Service{{Name: "shop", Replicas: 2}}
	r.told("shop-1", func(s int) any { return map[string]float64{"in_flight": 5, "n": float64(s)} })
	r.told("shop-2", func(s int) any { return map[string]float64{"in_flight": 60, "n": float64(s)} })
	v := r.judge()
	assert.Equal(t, "in_flight of shop-2 was 60 at 11:59:59.5, limit 50, in peak (64 readings)", v.Conditions[0].Message)
	assert.Equal(t, envd.Pass, v.Conditions[1].Outcome, v.Conditions[1].Message)

	r.spec.Environment.Services[0].Replicas = 3
	assert.Equal(t, envd.Inconclusive, r.judge().Conditions[0].Outcome, "nothing is known of the third")
}

// What services tell decides nothing where no condition asks, and in whatever order it was written.
func TestServiceMetricIsPure(t *testing.T) {
	r := newRecord(ofShop("queue", nil, "<", 50), grown(ofShop("requests_total", nil, ">", 1)))
	r.spec.Environment.Services = []envd.Service{{Name: "shop"}, {Name: "other"}}
	want := r.told("shop", func(s int) any { return shop(s) }).judge()
	require.Equal(t, envd.Pass, want.Outcome, "%v", want.Reasons)
	r.told("other", func(int) any { return fmt.Errorf("refused") })
	observations := r.observations()
	random := rand.New(rand.NewPCG(3, 4))
	for range 20 {
		random.Shuffle(len(observations), func(i, k int) { observations[i], observations[k] = observations[k], observations[i] })
		require.Equal(t, want, Judge(r.spec, observations))
	}
}
