package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The figures that envd claims, each next to its peer in the same run: `make bench`.

const benchSpec = `apiVersion: envd/v1
name: bench
environment:
  services:
    api:
      command: [%s, serve]
      ports: [8080]
      ready: {http: {port: 8080, path: /ready}}
  stubs:
    payments.example.com: {inline: [{request: {url: /a}, response: {}}]}
    mail.example.com: {inline: [{request: {url: /b}, response: {}}]}
    search.example.com: {inline: [{request: {url: /c}, response: {}}]}
`

// bench is a directory with the app and a spec, and the environment variables of commands in it.
type bench struct {
	dir, app, spec string
	env            []string
	target         int // port of the app that is loaded without envd
}

func newBench(b *testing.B, spec string) bench {
	b.Helper()
	dir := b.TempDir()
	self, err := os.Executable()
	require.NoError(b, err)
	r := bench{dir: dir, app: filepath.Join(dir, "app"), spec: filepath.Join(dir, "envd.yaml")}
	require.NoError(b, os.Symlink(self, r.app))
	require.NoError(b, os.WriteFile(r.spec, []byte(strings.ReplaceAll(spec, "%s", r.app)), 0o644))
	r.env = append(os.Environ(), "ENVD_STATE_DIR="+filepath.Join(dir, "state"), "PATH="+repository("bin")+":"+os.Getenv("PATH"))
	return r
}

// envd runs the binary and returns what it printed.
func (r bench) envd(b *testing.B, args ...string) []byte {
	b.Helper()
	cmd := exec.Command(binary, args...)
	cmd.Env = r.env
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	require.NoError(b, cmd.Run(), "%v\n%s%s", args, out.String(), errs.String())
	return out.Bytes()
}

// alone starts the app without envd and returns how long it took until it answered.
func (r bench) alone(b *testing.B) time.Duration {
	b.Helper()
	address := fmt.Sprintf("127.0.0.1:%d", freePort(b))
	begin := time.Now()
	cmd := exec.Command(r.app, "serve", "-listen", address)
	require.NoError(b, cmd.Start())
	defer func() { cmd.Process.Kill(); cmd.Wait() }()
	for {
		if resp, err := http.Get("http://" + address + "/ready"); err == nil {
			resp.Body.Close()
			return time.Since(begin)
		}
		time.Sleep(time.Millisecond)
	}
}

func median[T int64 | float64 | time.Duration](values []T) T {
	slices.Sort(values)
	return values[len(values)/2]
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// BenchmarkUpDown measures, over 50 environments of one service and three stubs: how much longer than the service alone it
// takes until one is ready, and how long `down` takes until it is gone. Both include the command's own start.
func BenchmarkUpDown(b *testing.B) {
	r := newBench(b, benchSpec)
	for b.Loop() {
		var alone, up, down []time.Duration
		for i := range 50 {
			id := fmt.Sprintf("bench-%d", i)
			alone = append(alone, r.alone(b))
			begin := time.Now()
			r.envd(b, "up", r.spec, "--id", id)
			up = append(up, time.Since(begin))
			begin = time.Now()
			r.envd(b, "down", id)
			down = append(down, time.Since(begin))
		}
		b.ReportMetric(milliseconds(median(alone)), "alone-p50-ms")
		b.ReportMetric(milliseconds(median(up)), "up-p50-ms")
		b.ReportMetric(milliseconds(median(up)-median(alone)), "up-minus-alone-p50-ms")
		b.ReportMetric(milliseconds(median(down)), "down-p50-ms")
	}
}

// BenchmarkTwentyAtOnce brings 20 environments up that all use the same ports, and asks each.
func BenchmarkTwentyAtOnce(b *testing.B) {
	r := newBench(b, benchSpec)
	for b.Loop() {
		begin := time.Now()
		done := make(chan struct{})
		for i := range 20 {
			go func() {
				defer func() { done <- struct{}{} }()
				r.envd(b, "up", r.spec, "--id", fmt.Sprintf("many-%d", i))
			}()
		}
		for range 20 {
			<-done
		}
		b.ReportMetric(milliseconds(time.Since(begin))/20, "up-ms/env")
		var alive []any
		require.NoError(b, json.Unmarshal(r.envd(b, "ls", "-o", "json"), &alive))
		require.Len(b, alive, 20)
		for i := range 20 {
			out := r.envd(b, "exec", fmt.Sprintf("many-%d", i), "--", r.app, "get", "http://api:8080/")
			require.Contains(b, string(out), "hello")
		}
		r.envd(b, "down", "--all")
	}
}

// BenchmarkIdleMemory sums up what runner, PID 1 and gateway of one idle environment hold in memory.
func BenchmarkIdleMemory(b *testing.B) {
	r := newBench(b, benchSpec)
	for b.Loop() {
		r.envd(b, "up", r.spec, "--id", "idle")
		time.Sleep(2 * time.Second) // idle is what is measured
		total := 0.0
		for _, p := range allProcesses(b) {
			if filepath.Base(p.args[0]) != "envd" || !strings.Contains(strings.Join(p.args, " "), "idle") && p.env["ENVD_ENVIRONMENT"] != "idle" {
				continue
			}
			rss, pss := memory(b, p.pid)
			total += rss
			b.ReportMetric(rss, map[string]string{"up": "runner", "init": "init", "gateway": "gateway"}[p.args[1]]+"-rss-MB")
			b.ReportMetric(pss, map[string]string{"up": "runner", "init": "init", "gateway": "gateway"}[p.args[1]]+"-pss-MB")
		}
		b.ReportMetric(total, "total-rss-MB")
		r.envd(b, "down", "idle")
	}
}

// memory returns the resident and the proportional set size in megabytes.
func memory(b *testing.B, pid int) (rss, pss float64) {
	b.Helper()
	rollup, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	require.NoError(b, err)
	for line := range strings.Lines(string(rollup)) {
		if fields := strings.Fields(line); len(fields) == 3 {
			kb, _ := strconv.ParseFloat(fields[1], 64) // 0 for the lines that are no sizes
			switch fields[0] {
			case "Rss:":
				rss = kb / 1024
			case "Pss:":
				pss = kb / 1024
			}
		}
	}
	return rss, pss
}
