package e2e

import (
	"bytes"
	wire "encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/envd"
)

const relaySpec = `apiVersion: envd/v1
name: relay
environment:
  services:
    source: {command: [%s, source, ":9000"], ports: [9000], ready: {tcp: 9000}}
    sink: {command: [%s, serve]}
  links: [sink -> source]
`

// relayFigures compare requests through a gateway link with direct ones.
type relayFigures struct {
	Direct, Linked time.Duration // of a request and its answer, median
}

// transferFigures are those of one transfer.
type transferFigures struct {
	Took time.Duration
	CPU  time.Duration // of the receiving process, what goes before included
}

// BenchmarkLink measures, inside an environment of each runtime, what the way through the gateway costs a request on a
// connection that is kept, and how much of the throughput is left, both next to the direct way. What the way costs in CPU, which
// other work on the machine disturbs less, is that of all processes of the environment.
func BenchmarkLink(b *testing.B) {
	for _, runtime := range []string{"process", "docker"} {
		b.Run(runtime, func(b *testing.B) {
			if runtime == "docker" {
				needs(b, "docker")
			}
			benchLink(b, runtime)
		})
	}
}

func benchLink(b *testing.B, runtime string) {
	r := newBench(b, relaySpec)
	id := fmt.Sprintf("bench-link-%s-%d", runtime, os.Getpid())
	r.envd(b, "up", r.spec, "--runtime", runtime, "--id", id)
	defer r.envd(b, "down", id)
	var seen struct {
		Services map[string]envd.ServiceState `json:"services"`
	}
	require.NoError(b, json.Unmarshal(r.envd(b, "inspect", id, "-o", "json"), &seen))
	direct := "127.0.0.1" // as processes, services share an address
	if runtime == "docker" {
		direct = seen.Services["source"].Address
	}
	ways := []string{direct + ":9000", "source:9000"}
	app := func(into any, args ...string) {
		out := r.envd(b, append([]string{"exec", id, "--service", "sink", "--", r.app}, args...)...)
		require.NoError(b, json.Unmarshal(out, into), "%s", out)
	}
	for b.Loop() {
		var f relayFigures
		app(&f, append([]string{"compare"}, ways...)...)
		microseconds := func(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
		b.ReportMetric(microseconds(f.Direct), "direct-p50-µs")
		b.ReportMetric(microseconds(f.Linked), "linked-p50-µs")
		b.ReportMetric(microseconds(f.Linked-f.Direct), "added-p50-µs")

		var rates [2][]float64 // bytes per second
		var ratios []float64   // of each block
		var cpu [2]time.Duration
		for range transfers {
			for i, way := range ways {
				var t transferFigures
				before := cpuOf(b, id)
				app(&t, "transfer", way)
				cpu[i] += cpuOf(b, id) - before + t.CPU
				rates[i] = append(rates[i], amount/t.Took.Seconds())
			}
			ratios = append(ratios, rates[1][len(ratios)]/rates[0][len(ratios)])
		}
		b.Logf("linked to direct throughput, block by block: %.2f", ratios)
		b.ReportMetric(median(rates[0])/1e6, "direct-MB/s")
		b.ReportMetric(median(rates[1])/1e6, "linked-MB/s")
		b.ReportMetric(median(ratios), "throughput-ratio")
		b.ReportMetric(cpu[0].Seconds()/cpu[1].Seconds(), "cpu-ratio")
	}
}

// How much is transferred on each way, after how much that lets windows grow, and how often.
const (
	amount    = 1 << 30
	first     = 64 << 20
	transfers = 9
)

// cpuOf is what the processes of an environment that run now have used (proc_pid_stat(5), utime and stime).
func cpuOf(b *testing.B, id string) (sum time.Duration) {
	b.Helper()
	const tick = 10 * time.Millisecond // USER_HZ
	for _, p := range allProcesses(b) {
		if p.env["ENVD_ENVIRONMENT"] != id {
			continue
		}
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.pid))
		if err != nil {
			continue // it has just ended
		}
		fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
		for _, f := range fields[11:13] {
			n, err := strconv.Atoi(f)
			require.NoError(b, err)
			sum += time.Duration(n) * tick
		}
	}
	return sum
}

// appSource answers every eight bytes, a number, with that many bytes.
func appSource(address string) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		fatal(err)
	}
	block := make([]byte, 64<<10)
	for {
		c, err := l.Accept()
		if err != nil {
			fatal(err)
		}
		go func() {
			defer c.Close()
			var n uint64
			for wire.Read(c, wire.BigEndian, &n) == nil {
				for ; n > 0; n -= min(n, uint64(len(block))) {
					if _, err := c.Write(block[:min(n, uint64(len(block)))]); err != nil {
						return
					}
				}
			}
		}()
	}
}

// appCompare measures requests on two ways to a source in turn and prints the figures.
func appCompare(direct, linked string) {
	const requests = 4000
	ways := [2]net.Conn{connect(direct), connect(linked)}
	var took [2][]time.Duration
	for range requests {
		for i, c := range ways {
			took[i] = append(took[i], ask(c, 1))
		}
	}
	json.NewEncoder(os.Stdout).Encode(relayFigures{median(took[0]), median(took[1])})
}

// appTransfer measures a transfer from a source and prints the figures.
func appTransfer(address string) {
	begin, err := cpuUsed(syscall.RUSAGE_SELF)
	if err != nil {
		fatal(err)
	}
	source := connect(address)
	ask(source, first)
	took := ask(source, amount)
	end, err := cpuUsed(syscall.RUSAGE_SELF)
	if err != nil {
		fatal(err)
	}
	json.NewEncoder(os.Stdout).Encode(transferFigures{took, end - begin})
}

func connect(address string) net.Conn {
	c, err := net.Dial("tcp", address)
	if err != nil {
		fatal(err)
	}
	return c
}

// ask gets n bytes and tells how long it took.
func ask(c net.Conn, n int64) time.Duration {
	begin := time.Now()
	if err := wire.Write(c, wire.BigEndian, uint64(n)); err != nil {
		fatal(err)
	}
	if _, err := io.CopyN(io.Discard, c, n); err != nil {
		fatal(fmt.Errorf("after %s: %w", time.Since(begin), err))
	}
	return time.Since(begin)
}
