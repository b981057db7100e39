package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/envd"
)

// BenchmarkLoad compares k6 through envd with k6 alone, on the same script and target: completed requests at saturation, and
// p95 at a fixed rate of 300/s. The ratios are medians over blocks of four runs: alone, through envd, through envd, alone. So
// what comes later in a block has no disadvantage on a machine that tires, and a noisy one is noisy for both. Both rates are
// what k6 counted over what its scenario lasts. Where other work disturbs them, the CPU time of all processes for each request
// is the better measure: at saturation, the rate is its inverse; that through envd includes the whole run around the load.
func BenchmarkLoad(b *testing.B) {
	r := newBench(b, "")
	r.target = freePort(b)
	for b.Loop() {
		var rate, cpu, p95 comparison
		for range 7 {
			alone, through := r.block(b, saturation)
			rate.add(alone.rate(), through.rate())
			cpu.add(alone.cpuMicros(), through.cpuMicros())
			b.Logf("saturated: alone %.6g/s at %.4g µs, through envd %.6g/s at %.4g µs, ratio %.3f (CPU %.3f)", alone.rate(),
				alone.cpuMicros(), through.rate(), through.cpuMicros(), through.rate()/alone.rate(), through.cpuMicros()/alone.cpuMicros())
		}
		for range 3 {
			alone, through := r.block(b, fixedRate)
			p95.add(alone.p95, through.p95)
			b.Logf("300/s: alone p95 %.4g ms, through envd %.4g ms, ratio %.3f", alone.p95, through.p95, through.p95/alone.p95)
		}
		rate.report(b, "rate", "/s")
		cpu.report(b, "cpu", "-µs/req")
		p95.report(b, "p95", "-ms")
	}
}

// comparison is one figure in block after block.
type comparison struct{ alone, through, ratios []float64 }

func (c *comparison) add(alone, through float64) {
	c.alone, c.through, c.ratios = append(c.alone, alone), append(c.through, through), append(c.ratios, through/alone)
}

func (c *comparison) report(b *testing.B, name, unit string) {
	b.ReportMetric(median(c.alone), "alone-"+name+unit)
	b.ReportMetric(median(c.through), "envd-"+name+unit)
	b.ReportMetric(median(c.ratios), name+"-ratio")
}

// scenario is one of k6's. The scripts have their own, so that both ways run exactly the same.
type scenario struct {
	options string // but its duration
	length  time.Duration
}

var (
	saturation = scenario{`executor: 'constant-vus', vus: 20`, 7 * time.Second}
	fixedRate  = scenario{`executor: 'constant-arrival-rate', rate: 300, timeUnit: '1s', preAllocatedVUs: 50`, 6 * time.Second}
)

func (s scenario) script(port int) []byte {
	return fmt.Appendf(nil, `import http from 'k6/http';
export const options = { scenarios: { s: { %s, duration: '%s' } } };
export default function () { http.get('http://127.0.0.1:%d/'); }
`, s.options, s.length, port)
}

// loadFigures are those of two runs.
type loadFigures struct {
	requests float64
	length   time.Duration // of the scenarios
	cpu      time.Duration
	p95      float64 // milliseconds; the mean of both
}

func (f loadFigures) rate() float64      { return f.requests / f.length.Seconds() }
func (f loadFigures) cpuMicros() float64 { return f.cpu.Seconds() * 1e6 / f.requests }

// block makes four runs of a scenario.
func (r bench) block(b *testing.B, s scenario) (alone, through loadFigures) {
	b.Helper()
	measure := func(into *loadFigures, run func(*testing.B, scenario) (requests, p95 float64)) {
		before := cpuOfChildren(b)
		requests, p95 := run(b, s)
		into.requests, into.length = into.requests+requests, into.length+s.length
		into.cpu += cpuOfChildren(b) - before
		into.p95 += p95 / 2
	}
	measure(&alone, r.k6Alone)
	measure(&through, r.k6ThroughEnvd)
	measure(&through, r.k6ThroughEnvd)
	measure(&alone, r.k6Alone)
	return alone, through
}

// cpuOfChildren is the user and system time of all processes that have been waited for, and theirs.
func cpuOfChildren(b *testing.B) time.Duration {
	b.Helper()
	used, err := cpuUsed(syscall.RUSAGE_CHILDREN)
	require.NoError(b, err)
	return used
}

// cpuUsed is the user and system time that getrusage(2) tells.
func cpuUsed(who int) (time.Duration, error) {
	var u syscall.Rusage
	err := syscall.Getrusage(who, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), err
}

// k6Alone runs k6 as people do, with its end-of-test summary, which is also asked for as JSON. The target is in a session of
// its own, as services are in an environment and wherever else they run: Linux shares the CPUs out by session.
func (r bench) k6Alone(b *testing.B, s scenario) (requests, p95 float64) {
	b.Helper()
	target := exec.Command(r.app, "serve", "-listen", fmt.Sprintf("127.0.0.1:%d", r.target))
	target.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	require.NoError(b, target.Start())
	defer func() { target.Process.Kill(); target.Wait() }()
	require.Eventually(b, func() bool {
		conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", r.target))
		if err == nil {
			conn.Close()
		}
		return err == nil
	}, 10*time.Second, time.Millisecond)
	script := filepath.Join(r.dir, "alone.js")
	require.NoError(b, os.WriteFile(script, s.script(r.target), 0o644))
	summary := filepath.Join(r.dir, "summary.json")
	cmd := exec.Command(repository("bin", "k6"), "run", "--quiet", "--no-usage-report", "--summary-export", summary, script)
	out, err := cmd.CombinedOutput()
	require.NoError(b, err, "%s", out)
	raw, err := os.ReadFile(summary)
	require.NoError(b, err)
	var told struct {
		Metrics map[string]map[string]float64
	}
	_ = json.Unmarshal(raw, &told) // thresholds are no numbers; what is needed is
	return told.Metrics["http_reqs"]["count"], told.Metrics["http_req_duration"]["p(95)"]
}

// k6ThroughEnvd runs the same script in a run whose service is the same target.
func (r bench) k6ThroughEnvd(b *testing.B, s scenario) (requests, p95 float64) {
	b.Helper()
	require.NoError(b, os.WriteFile(filepath.Join(r.dir, "load.js"), s.script(8080), 0o644))
	spec := fmt.Sprintf(`apiVersion: envd/v1
name: load
environment:
  services:
    api: {command: [%s, serve], ports: [8080], ready: {tcp: 8080}}
stages:
  - {name: s, load: {script: load.js}}
gate: {conditions: [requests > 1]}
`, r.app)
	require.NoError(b, os.WriteFile(r.spec, []byte(spec), 0o644))
	out := filepath.Join(r.dir, fmt.Sprintf("run-%d", time.Now().UnixNano()))
	ctx, cancel := context.WithTimeout(b.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, "run", r.spec, "--out", out)
	cmd.Env = r.env
	_ = cmd.Run() // a saturated generator is inconclusive, which is right
	raw, err := os.ReadFile(filepath.Join(out, "verdict.json"))
	require.NoError(b, err)
	var v envd.Verdict
	require.NoError(b, json.Unmarshal(raw, &v))
	require.NotNil(b, v.Stages[0].Load, "%s", raw)
	return float64(v.Stages[0].Load.Requests), v.Stages[0].Load.P95
}
