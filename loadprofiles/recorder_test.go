package loadprofiles_test

import (
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
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

// The recorder keeps no samples, and still decides as if it had them all.
func TestPercentileThresholdsAreExact(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for round := range 400 {
		samples := make([]float64, 1+random.IntN(300))
		for i := range samples {
			samples[i] = math.Round(math.Exp(random.NormFloat64()*2)*8) / 8 // many equal ones
			if round%5 == 0 {
				samples[i] -= 3
			}
		}
		sorted := slices.Sorted(slices.Values(samples))
		for _, p := range []float64{0, 5, 50, 95, 99.9, 100} {
			truth := k6Percentile(sorted, p)
			for _, limit := range []float64{truth, sorted[random.IntN(len(sorted))], truth + 0.125, truth - 0.125, truth * 1.001, 1e9, -1e9} {
				threshold := loadprofiles.ParseThreshold("http_req_duration", fmt.Sprintf("p(%v)<%v", p, limit))
				rec := loadprofiles.NewRecorder(loadprofiles.Plan{Thresholds: []loadprofiles.Threshold{threshold}})
				for _, v := range samples {
					rec.Point(loadprofiles.Point{Metric: "http_req_duration", Value: v, Tags: &loadprofiles.Tags{}})
				}
				got := rec.Summary(loadprofiles.Exit{}).Thresholds[0]
				want := loadprofiles.Failed
				if truth < limit {
					want = loadprofiles.Passed
				}
				require.Equal(t, want, got.Status, "p(%v) = %v of %v, limit %v, got %v", p, truth, sorted, limit, got.Value)
				switch {
				case got.Exact:
					require.Equal(t, truth, got.Value)
				case truth > 0.1 && len(sorted) > 50 && p == 50: // dense enough for the nearest sample to be near
					require.InEpsilon(t, truth, got.Value, 0.2)
				}
			}
		}
	}
}

// The value that is shown of a percentile far from its limit is within 1 % of a sample's.
func TestShownPercentile(t *testing.T) {
	threshold := loadprofiles.ParseThreshold("http_req_duration", "p(95)<100000")
	rec := loadprofiles.NewRecorder(loadprofiles.Plan{Thresholds: []loadprofiles.Threshold{threshold}})
	for i := range 100_000 {
		rec.Point(loadprofiles.Point{Metric: "http_req_duration", Value: 0.01 * float64(i%10_000), Tags: &loadprofiles.Tags{}})
	}
	got := rec.Summary(loadprofiles.Exit{}).Thresholds[0]
	assert.False(t, got.Exact)
	assert.InEpsilon(t, 95, got.Value, 0.011)
}

// A soak does not make the recorder grow, whatever names and errors it meets.
func TestRecorderMemoryIsBounded(t *testing.T) {
	plan := loadprofiles.Plan{Thresholds: []loadprofiles.Threshold{
		loadprofiles.ParseThreshold("http_req_duration{status:200}", "p(95)<500"),
	}}
	rec := loadprofiles.NewRecorder(plan)
	feed := func(from, n int) {
		in, out := io.Pipe()
		go func() {
			fmt.Fprint(out, header)
			for i := range n {
				fmt.Fprintf(out, "http_req_duration,%d,%f,,dial tcp: port %d,,GET,http://a/%d,load,200,,\n", 1795252542123456+i, float64(i%977), from+i, from+i)
				fmt.Fprintf(out, "checks,%d,1.000000,check %d,,,,,load,,,\n", 1795252542123456+i, from+i)
				rec.Log(fmt.Appendf(nil, `{"level":"error","msg":"Error: boom %d\n\tat f (file:///a.js:1:2(3))\n","scenario":"load","source":"stacktrace"}`, from+i))
				rec.Log(fmt.Appendf(nil, `{"level":"warning","msg":"warning %d"}`, from+i))
			}
			out.Close()
		}()
		require.NoError(t, rec.ReadSamples(in, nil))
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
	assert.EqualValues(t, 60_000, s.Thresholds[0].Samples)
}

func TestReadLog(t *testing.T) {
	long := strings.Repeat("x", 200_000)
	rec := loadprofiles.NewRecorder(loadprofiles.Plan{})
	require.NoError(t, rec.ReadLog(strings.NewReader(strings.Join([]string{
		`{"level":"info","msg":"fine"}`,
		`{"level":"warning","error":"dial: refused","msg":"Request Failed"}`,
		`{"level":"error","msg":"printed","source":"console"}`,
		`{"executor":"x","hint":"script exception","level":"error","msg":"` + long + `","source":"stacktrace"}`,
		`{"level":"error","error":"disk full","msg":"CSV: Error writing to file"}`,
		`panic: runtime error`,
		``,
		`{"level":"error","msg":"test aborted"}`,
	}, "\n"))))
	s := rec.Summary(loadprofiles.Exit{Code: 109})
	assert.EqualValues(t, 1, s.Exceptions.Count)
	assert.Less(t, len(s.Exceptions.First[0].Text), 3_000)
	assert.Equal(t, []string{"CSV: Error writing to file: disk full", "panic: runtime error", "test aborted"}, s.Notices)
	assert.Equal(t, "k6 ended with exit code 109: k6 crashed", s.Doubts()[0])
}

func TestSaturatedCPU(t *testing.T) {
	rec := loadprofiles.NewRecorder(loadprofiles.Plan{})
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
	for gap, stalled := range map[time.Duration]bool{time.Second: false, 1900 * time.Millisecond: false, 2600 * time.Millisecond: true} {
		rec := loadprofiles.NewRecorder(loadprofiles.Plan{})
		at := time.Unix(1_800_000_000, 0)
		for _, step := range []time.Duration{0, time.Second, gap, time.Second} {
			at = at.Add(step)
			rec.Point(loadprofiles.Point{Time: at, Metric: "vus_max", Value: 1, Tags: &loadprofiles.Tags{}})
		}
		s := rec.Summary(loadprofiles.Exit{})
		assert.Equal(t, stalled, s.Saturated, gap)
		if stalled {
			assert.Contains(t, s.Saturation[0], "k6 stood still for 2.6s")
		}
	}
}

func TestPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "samples.csv")
	pipe, err := loadprofiles.NewPipe(path)
	require.NoError(t, err)
	_, err = loadprofiles.NewPipe(path)
	require.ErrorIs(t, err, os.ErrExist)

	writer, err := os.Create(path) // as k6 opens it
	require.NoError(t, err)
	_, err = writer.WriteString("first")
	require.NoError(t, err)
	require.NoError(t, pipe.Finish())
	_, err = writer.WriteString(" second")
	require.NoError(t, err)
	require.NoError(t, writer.Close())
	all, err := io.ReadAll(pipe)
	require.NoError(t, err)
	assert.Equal(t, "first second", string(all))
	require.NoError(t, pipe.Close())
	assert.NoFileExists(t, path)

	never, err := loadprofiles.NewPipe(path)
	require.NoError(t, err)
	go func() { assert.NoError(t, never.Finish()) }()
	all, err = io.ReadAll(never)
	require.NoError(t, err)
	assert.Empty(t, all)
	require.NoError(t, never.Close())
}
