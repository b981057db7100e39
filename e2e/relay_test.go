package e2e

import (
	wire "encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
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

// relayFigures compare a connection through a gateway link with a direct one.
type relayFigures struct {
	Direct, Linked         time.Duration // of a request and its answer, median
	DirectRate, LinkedRate float64       // bytes per second, median
}

// BenchmarkLink measures, inside an environment of each runtime, what the way through the gateway costs a request on a
// connection that is kept, and how much of the throughput is left, both next to the direct way.
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
	for b.Loop() {
		var f relayFigures
		out := r.envd(b, "exec", id, "--service", "sink", "--", r.app, "compare", direct+":9000", "source:9000")
		require.NoError(b, json.Unmarshal(out, &f), "%s", out)
		microseconds := func(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
		b.ReportMetric(microseconds(f.Direct), "direct-p50-µs")
		b.ReportMetric(microseconds(f.Linked), "linked-p50-µs")
		b.ReportMetric(microseconds(f.Linked-f.Direct), "added-p50-µs")
		b.ReportMetric(f.DirectRate/1e6, "direct-MB/s")
		b.ReportMetric(f.LinkedRate/1e6, "linked-MB/s")
		b.ReportMetric(f.LinkedRate/f.DirectRate, "throughput-ratio")
	}
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

// appCompare measures two ways to a source in turn and prints the figures.
func appCompare(direct, linked string) {
	const (
		requests  = 4000
		transfers = 5
		amount    = 256 << 20
	)
	ways := [2]net.Conn{connect(direct), connect(linked)}
	var took [2][]time.Duration
	var rates [2][]float64
	for range requests {
		for i, c := range ways {
			took[i] = append(took[i], ask(c, 1))
		}
	}
	for range transfers {
		for i, c := range ways {
			rates[i] = append(rates[i], amount/ask(c, amount).Seconds())
		}
	}
	json.NewEncoder(os.Stdout).Encode(relayFigures{median(took[0]), median(took[1]), median(rates[0]), median(rates[1])})
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
