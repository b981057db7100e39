package loadprofiles_test

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/loadprofiles"
)

// k6Percentile is k6's own way: the linear interpolation of the sorted samples.
func k6Percentile(sorted []float64, p float64) float64 {
	rank := p / 100 * float64(len(sorted)-1)
	low, high := sorted[int(math.Floor(rank))], sorted[int(math.Ceil(rank))]
	return low + (high-low)*(rank-math.Floor(rank))
}

// bucket is the one that k6 puts a value into: https://github.com/grafana/k6/tree/v2.2.0/internal/ds/histogram.
func bucket(value float64) loadprofiles.Bucket {
	const resolution = 0.001
	if value < 0 {
		return loadprofiles.Bucket{Low: math.Inf(-1), High: -math.SmallestNonzeroFloat64}
	}
	units := uint64(math.Ceil(value / resolution))
	if units == 0 {
		return loadprofiles.Bucket{}
	}
	width := uint64(1)
	for units/width >= 256 {
		width *= 2
	}
	first := units / width * width
	return loadprofiles.Bucket{Low: float64(first-1) * resolution, High: float64(first+width-1) * resolution}
}

// trend is the measure of samples of one second.
func trend(second time.Time, metric string, samples ...float64) loadprofiles.Measure {
	m := loadprofiles.Measure{Second: second, Metric: metric, Type: loadprofiles.Trend, Count: int64(len(samples)),
		Min: slices.Min(samples), Max: slices.Max(samples)}
	counts := map[loadprofiles.Bucket]int64{}
	for _, v := range samples {
		counts[bucket(v)]++
		m.Sum += v
	}
	for b, n := range counts {
		b.Count = n
		m.Buckets = append(m.Buckets, b)
	}
	slices.SortFunc(m.Buckets, func(a, b loadprofiles.Bucket) int { return cmp.Compare(a.High, b.High) })
	return m
}

// The recorder keeps no samples. What it decides is right all the same, and where it does not, the limit is near.
func TestPercentileThresholdsAreRight(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	decided, undecided := 0, 0
	for round := range 200 {
		samples := make([]float64, 1+random.IntN(300))
		for i := range samples {
			samples[i] = math.Round(math.Exp(random.NormFloat64()*2)*8) / 8 // many equal ones
			if round%5 == 0 {
				samples[i] -= 3
			}
		}
		half := len(samples) / 2
		seconds := [][]float64{samples[:half], samples[half:]}
		sorted := slices.Sorted(slices.Values(samples))
		for _, p := range []float64{0, 5, 50, 95, 99.9, 100} {
			truth := k6Percentile(sorted, p)
			for _, limit := range []float64{truth, sorted[random.IntN(len(sorted))], truth * 1.02, truth * 0.98, truth * 1.001, 1e9, -1e9} {
				threshold := loadprofiles.ParseThreshold("http_req_duration", fmt.Sprintf("p(%v)<%v", p, limit))
				rec := loadprofiles.NewRecorder(loadprofiles.Plan{Thresholds: []loadprofiles.Threshold{threshold}}, nil)
				for i, of := range seconds {
					if len(of) > 0 {
						rec.Measure(trend(time.Unix(int64(i), 0), "http_req_duration", of...))
					}
				}
				got := rec.Summary(loadprofiles.Exit{}).Thresholds[0]
				if got.Status == loadprofiles.Unknown {
					undecided++
					require.Contains(t, got.Reason, "too near to the limit")
					if truth > 0.25 && sorted[0] >= 0 {
						require.InEpsilon(t, truth, limit, 0.009, "p(%v)", p)
					}
					continue
				}
				decided++
				want := loadprofiles.Failed
				if truth < limit {
					want = loadprofiles.Passed
				}
				require.Equal(t, want, got.Status, "p(%v) = %v of %v, limit %v, got %v", p, truth, sorted, limit, got.Value)
				switch {
				case got.Exact:
					require.InDelta(t, truth, got.Value, 1e-9)
				case truth > 0.25 && sorted[0] >= 0:
					require.InEpsilon(t, truth, got.Value, 0.0045)
				}
			}
		}
	}
	assert.Greater(t, decided, 3*undecided)
}

// A soak does not make the recorder grow, whatever names and errors it meets.
func TestRecorderMemoryIsBounded(t *testing.T) {
	plan := loadprofiles.Plan{Thresholds: []loadprofiles.Threshold{
		loadprofiles.ParseThreshold("http_req_duration{status:200}", "p(95)<500"),
	}}
	rec := loadprofiles.NewRecorder(plan, nil)
	feed := func(from, n int) {
		for i := from; i < from+n; i++ {
			second := time.Unix(int64(1_795_252_542+i), 0)
			m := trend(second, "http_req_duration", float64(i%977), float64(i%3))
			m.Tags = loadprofiles.Tags{Status: 200, Name: fmt.Sprintf("http://a/%d", i), Error: fmt.Sprintf("dial tcp: port %d", i)}
			rec.Measure(m)
			rec.Measure(loadprofiles.Measure{Second: second, Metric: "checks", Type: loadprofiles.Rate, Count: 1, NonZero: 1,
				Tags: loadprofiles.Tags{Check: fmt.Sprintf("check %d", i)}})
			rec.Log(fmt.Appendf(nil, `{"level":"error","msg":"Error: boom %d\n\tat f (file:///a.js:1:2(3))\n","scenario":"load","source":"stacktrace"}`, i))
			rec.Log(fmt.Appendf(nil, `{"level":"warning","msg":"warning %d"}`, i))
		}
	}
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	feed(0, 10_000)
	before := heap()
	feed(10_000, 50_000)
	assert.Less(t, heap(), before+1<<20)

	s := rec.Summary(loadprofiles.Exit{})
	assert.EqualValues(t, 60_000, s.Exceptions.Count)
	assert.Len(t, s.Exceptions.First, 5)
	assert.Equal(t, loadprofiles.Exception{Text: "Error: boom 0", Location: "/a.js:1:2", Count: 1}, s.Exceptions.First[0])
	assert.Len(t, s.Notices, 20)
	assert.Len(t, s.Checks, 100)
	assert.EqualValues(t, 60_000, s.ChecksPassed)
	assert.EqualValues(t, 120_000, s.Thresholds[0].Samples)
}

func TestReadLog(t *testing.T) {
	long := strings.Repeat("x", 200_000)
	begun := 0
	rec := loadprofiles.NewRecorder(loadprofiles.Plan{}, func() { begun++ })
	lines := []string{
		`{"level":"info","msg":"fine"}`,
		`{"level":"debug","msg":"Start all executors...","source":"console"}`,
		`{"level":"warning","error":"dial: refused","msg":"Request Failed"}`,
		`{"level":"error","msg":"printed","source":"console"}`,
		`{"executor":"x","hint":"script exception","level":"error","msg":"` + long + `","source":"stacktrace"}`,
		`{"level":"error","error":"disk full","msg":"CSV: Error writing to file"}`,
		`panic: runtime error`,
		``,
		`{"level":"error","msg":"test aborted"}`,
	}
	var kept strings.Builder
	require.NoError(t, rec.ReadLog(strings.NewReader(strings.Join(lines, "\n")), &kept))
	assert.Equal(t, strings.Join(slices.Delete(slices.Clone(lines), 1, 2), "\n"), kept.String())
	assert.Zero(t, begun, "a script may print what k6 does")
	s := rec.Summary(loadprofiles.Exit{Code: 109})
	assert.EqualValues(t, 1, s.Exceptions.Count)
	assert.Less(t, len(s.Exceptions.First[0].Text), 3_000)
	assert.Equal(t, []string{"CSV: Error writing to file: disk full", "panic: runtime error", "test aborted"}, s.Notices)
	assert.Equal(t, "k6 ended with exit code 109: k6 crashed", s.Doubts()[0])
}

// The load is over when k6's schedule is, not when k6 has handed its last measures over; nor when a script says so.
func TestEndOfTheLoad(t *testing.T) {
	const waiting = `{"level":"debug","msg":"Waiting for metrics and traces processing to finish..."}`
	second := time.Now().Add(time.Hour).Truncate(time.Second)
	for name, end := range map[string]string{
		"cleanly":          `{"level":"debug","msg":"Test finished cleanly"}`,
		"with an error":    `{"level":"debug","error":"aborted","msg":"Test finished with an error"}`,
		"marked as failed": waiting,
	} {
		t.Run(name, func(t *testing.T) {
			rec := loadprofiles.NewRecorder(loadprofiles.Plan{}, nil)
			rec.Measure(trend(second, "http_req_duration", 1))
			rec.Log([]byte(`{"level":"debug","msg":"Test finished cleanly","source":"console"}`))
			assert.Equal(t, second.Add(time.Second), rec.Summary(loadprofiles.Exit{}).End, "as far as there are measures")
			before := time.Now()
			rec.Log([]byte(end))
			after := time.Now()
			rec.Log([]byte(waiting))
			assert.WithinRange(t, rec.Summary(loadprofiles.Exit{}).End, before, after)
		})
	}
}

func TestLostMeasures(t *testing.T) {
	rec := loadprofiles.NewRecorder(loadprofiles.Plan{}, nil)
	rec.Log([]byte(`{"level":"error","error":"no space","msg":"Failed to push metrics to the cloud","output":"cloudv2"}`))
	assert.Contains(t, rec.Summary(loadprofiles.Exit{}).Doubts(), "k6 could not hand its measures over: no space")
}

func TestSaturatedCPU(t *testing.T) {
	rec := loadprofiles.NewRecorder(loadprofiles.Plan{}, nil)
	idle := rec.Summary(loadprofiles.Exit{Wall: 10 * time.Second, CPU: 10 * time.Second, CPUs: 2})
	assert.False(t, idle.Saturated)
	assert.InDelta(t, 0.5, idle.CPUShare, 1e-9)
	busy := rec.Summary(loadprofiles.Exit{Wall: 10 * time.Second, CPU: 19 * time.Second, CPUs: 2})
	assert.True(t, busy.Saturated)
	assert.Contains(t, busy.Doubts(), busy.Saturation[0])
	assert.Contains(t, busy.Saturation[0], "k6 used 95 % of its 2 CPUs")
	unknown := rec.Summary(loadprofiles.Exit{CPU: 19 * time.Second})
	assert.False(t, unknown.Saturated)
}

func TestStalledGenerator(t *testing.T) {
	for gap, stalled := range map[time.Duration]bool{time.Second: false, 2 * time.Second: false, 3 * time.Second: true} {
		rec := loadprofiles.NewRecorder(loadprofiles.Plan{}, nil)
		at := time.Unix(1_800_000_000, 0)
		for _, step := range []time.Duration{0, time.Second, gap, time.Second} {
			at = at.Add(step)
			rec.Measure(loadprofiles.Measure{Second: at, Metric: "vus_max", Type: loadprofiles.Gauge, Max: 1})
		}
		s := rec.Summary(loadprofiles.Exit{})
		assert.Equal(t, stalled, s.Saturated, gap)
		if stalled {
			assert.Contains(t, s.Saturation[0], "k6 stood still for 2s or more")
		}
	}
}
