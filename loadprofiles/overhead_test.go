package loadprofiles_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/loadprofiles"
)

// achieved is what one run achieved.
type achieved struct {
	rate float64 // completed iterations per second
	p95  float64 // of http_req_duration, milliseconds
	cpu  float64 // of k6, the target and the reader together, microseconds for each iteration
}

// BenchmarkDriver compares k6 through this package with k6 alone, in turn, on the same script, load and target: the
// rate that both complete when the machine is saturated, and the 95th percentile of the latency at a fixed rate. The
// target is a handler in this process, so at saturation k6 has to share the CPUs with it, as it does in an environment.
// It is as light as a target can be, which makes the cost of the driver show most. Where other work disturbs the rate,
// the ratio of CPU time for each iteration is the better measure: at saturation, the rate is its inverse.
//
//	go test -run '^$' -bench Driver -benchtime 3x ./loadprofiles
func BenchmarkDriver(b *testing.B) {
	for name, load := range map[string]loadprofiles.Load{
		"saturated": {Rate: 40_000, Duration: 5 * time.Second, VUs: 50, MaxVUs: 50},
		"300per_s":  {Rate: 300, Duration: 10 * time.Second, VUs: 50, MaxVUs: 50},
	} {
		b.Run(name, func(b *testing.B) {
			k6, url := testK6(b), server(b)
			var alone, driven []achieved
			for b.Loop() {
				alone = append(alone, timed(b, func() achieved { return runAlone(b, k6, url, load) }, load))
				driven = append(driven, timed(b, func() achieved { return runDriven(b, k6, url, load) }, load))
			}
			rate := func(a achieved) float64 { return a.rate }
			p95 := func(a achieved) float64 { return a.p95 }
			cpu := func(a achieved) float64 { return a.cpu }
			b.ReportMetric(median(alone, rate), "alone/s")
			b.ReportMetric(median(driven, rate), "driven/s")
			b.ReportMetric(median(driven, rate)/median(alone, rate), "rate_ratio")
			b.ReportMetric(median(alone, cpu), "alone_cpu_us")
			b.ReportMetric(median(driven, cpu), "driven_cpu_us")
			b.ReportMetric(median(alone, cpu)/median(driven, cpu), "cpu_ratio")
			b.ReportMetric(median(alone, p95), "alone_p95_ms")
			b.ReportMetric(median(driven, p95), "driven_p95_ms")
			b.ReportMetric(median(driven, p95)/median(alone, p95), "p95_ratio")
		})
	}
}

// timed adds the CPU time that this process and its children took.
func timed(b *testing.B, run func() achieved, load loadprofiles.Load) achieved {
	spent := func() (total time.Duration) {
		for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
			var u syscall.Rusage
			require.NoError(b, syscall.Getrusage(who, &u))
			total += time.Duration(u.Utime.Nano() + u.Stime.Nano())
		}
		return total
	}
	before := spent()
	a := run()
	a.cpu = float64((spent() - before).Microseconds()) / (a.rate * load.Duration.Seconds())
	return a
}

const benchScript = `
import http from 'k6/http';
import { check } from 'k6';
export default function () { check(http.get(__ENV.URL), { 'status is 200': (r) => r.status === 200 }); }
`

// runAlone is plain k6, with its own summary, on a script with the same scenario.
func runAlone(b *testing.B, k6 loadprofiles.K6, url string, load loadprofiles.Load) achieved {
	profile, err := loadprofiles.LookupProfile("smoke")
	require.NoError(b, err)
	scenario, err := profile.Scenario(load)
	require.NoError(b, err)
	options, err := json.Marshal(map[string]any{"scenarios": map[string]any{"load": scenario}})
	require.NoError(b, err)
	path := script(b, fmt.Sprintf("%s\nexport const options = %s;", benchScript, options))
	export := filepath.Join(b.TempDir(), "summary.json")

	cmd := exec.Command(k6.Path, "run", "--quiet", "--no-usage-report", "--summary-export", export, "-e", "URL="+url, path)
	out, err := cmd.CombinedOutput()
	require.NoError(b, err, "%s", out)
	var printed struct {
		Metrics struct {
			Iterations struct{ Count float64 }
			Duration   map[string]any `json:"http_req_duration"`
		}
	}
	data, err := os.ReadFile(export)
	require.NoError(b, err)
	require.NoError(b, json.Unmarshal(data, &printed))
	return achieved{rate: printed.Metrics.Iterations.Count / load.Duration.Seconds(), p95: printed.Metrics.Duration["p(95)"].(float64)}
}

func runDriven(b *testing.B, k6 loadprofiles.K6, url string, load loadprofiles.Load) achieved {
	p95 := loadprofiles.ParseThreshold("http_req_duration", "p(95)<1e9")
	rec := loadprofiles.NewRecorder(loadprofiles.Plan{Thresholds: []loadprofiles.Threshold{p95}}, nil)
	summary, err := k6.Run(b.Context(), loadprofiles.Config{
		Profile: "smoke", Load: load, Script: script(b, benchScript), Env: map[string]string{"URL": url},
	}, loadprofiles.RunOptions{Measure: rec.Measure})
	require.NoError(b, err)
	return achieved{
		rate: float64(summary.Iterations) / load.Duration.Seconds(),
		p95:  rec.Summary(loadprofiles.Exit{}).Thresholds[0].Value,
	}
}

func median(runs []achieved, of func(achieved) float64) float64 {
	values := make([]float64, len(runs))
	for i, r := range runs {
		values[i] = of(r)
	}
	slices.Sort(values)
	return k6Percentile(values, 50)
}
