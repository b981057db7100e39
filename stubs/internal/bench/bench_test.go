//go:build linux

// Package bench measures what a stub server costs, next to what it stands beside: a bare net/http server, itself with
// other stubs, and the real WireMock. Servers are processes of their own and what counts is the CPU time that each used
// per request, for it is the same on a busy machine, or nearly.
//
//	ENVD_BENCH=1 go test -run '^$' -bench . -benchtime 1x ./stubs/internal/bench
//
// It takes envd from the PATH or builds it, wrk from the PATH for load or makes do with Go, and the real WireMock's jar from
// $ENVD_WIREMOCK_JAR. $ENVD_BENCH_SECONDS is how long a measurement takes (1), $ENVD_BENCH_REQUESTS how many requests
// the engine's memory is watched for (1,000,000).
package bench

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	simpleStub   = `{"request":{"method":"GET","urlPath":"/thing"},"response":{"headers":{"Content-Type":"application/json"},"body":"{\"id\":1}"}}`
	jsonStub     = `{"request":{"method":"POST","urlPath":"/json","bodyPatterns":[{"equalToJson":{"a":1,"b":["x","y"],"c":{"d":true}}}]},"response":{"body":"ok"}}`
	jsonPathStub = `{"request":{"method":"POST","urlPath":"/path","bodyPatterns":[{"matchesJsonPath":"$.b[?(@ == 'y')]"}]},"response":{"body":"ok"}}`
	templateStub = `{"request":{"urlPath":"/template"},"response":{"body":"path {{request.path}} q {{request.query.a}} {{upper request.method}}","transformers":["response-template"]}}`
	delayedStub  = `{"request":{"urlPath":"/delayed"},"response":{"body":"late","fixedDelayMilliseconds":20}}`

	jsonBody = `{"c":{"d":true},"a":1,"b":["x","y"]}`
)

var (
	simple    = request{method: "GET", target: "/thing", status: 200}
	unmatched = request{method: "GET", target: "/nothing-of-the-kind", status: 404}
	jsonPost  = request{method: "POST", target: "/json", body: jsonBody, status: 200}
	pathPost  = request{method: "POST", target: "/path", body: jsonBody, status: 200}
	templated = request{method: "GET", target: "/template?a=b", status: 200}
	delayed   = request{method: "GET", target: "/delayed", status: 200}
)

// many makes n stubs of which the simple one is the oldest.
func many(n int) []string {
	out := []string{simpleStub}
	for i := range n - 1 {
		out = append(out, fmt.Sprintf(`{"request":{"method":"GET","urlPath":"/other/%d"},"response":{"body":"%d"}}`, i, i))
	}
	return out
}

// demand skips a benchmark that takes its time unless it is asked for.
func demand(b *testing.B) {
	if os.Getenv("ENVD_BENCH") == "" {
		b.Skip("set ENVD_BENCH=1 to measure")
	}
}

func setting(b *testing.B, name string, otherwise float64) float64 {
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	v, err := strconv.ParseFloat(text, 64)
	require.NoError(b, err, name)
	return v
}

// side is a server under a kind of request.
type side struct {
	name   string
	server *server
	request
}

const rounds = 5

// compare loads the sides in turns and reports the CPU time per request of each and how many times that of the first the
// others took; medians, so that a disturbed round does not count.
func compare(b *testing.B, sides ...side) {
	seconds := time.Duration(setting(b, "ENVD_BENCH_SECONDS", 1) * float64(time.Second))
	costs := make([][]float64, len(sides))
	for round := range rounds + 1 {
		for i, s := range sides {
			before := s.server.cpu(b)
			n := load(b, s.server.addr, s.request, seconds)
			if cost := float64(s.server.cpu(b)-before) / float64(time.Microsecond) / float64(n); round > 0 { // the first warms
				costs[i] = append(costs[i], cost)
			}
		}
	}
	peer := median(costs[0])
	for i, s := range sides {
		b.ReportMetric(median(costs[i]), "µs-cpu/req-"+s.name)
		if i > 0 {
			b.ReportMetric(median(costs[i])/peer, "x-"+s.name+"/"+sides[0].name)
		}
	}
	b.ReportMetric(0, "ns/op")
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

func percentile(sorted []time.Duration, p int) time.Duration { return sorted[(len(sorted)-1)*p/100] }

// BenchmarkSimpleStub compares a stub, journal on, with a net/http handler that answers the same.
func BenchmarkSimpleStub(b *testing.B) {
	demand(b)
	compare(b, side{"bare", startBare(b), simple}, side{"envd", startEnvd(b, simpleStub), simple})
}

// BenchmarkManyStubs compares servers of which the oldest stub answers.
func BenchmarkManyStubs(b *testing.B) {
	demand(b)
	compare(b,
		side{"1", startEnvd(b, many(1)...), simple},
		side{"1000", startEnvd(b, many(1_000)...), simple},
		side{"10000", startEnvd(b, many(10_000)...), simple})
}

// BenchmarkUnmatched compares requests that one of 1,000 stubs answers with those that none does.
func BenchmarkUnmatched(b *testing.B) {
	demand(b)
	s := startEnvd(b, many(1_000)...)
	compare(b, side{"matched", s, simple}, side{"unmatched", s, unmatched})
}

// BenchmarkWireMock compares with the real WireMock, both with their journals on, and with one that keeps no journal, which
// favours it.
func BenchmarkWireMock(b *testing.B) {
	demand(b)
	stubs := []string{simpleStub, jsonStub, jsonPathStub, templateStub}
	envd := startEnvd(b, stubs...)
	requests := []struct {
		name string
		request
	}{{"simple", simple}, {"equalToJson", jsonPost}, {"matchesJsonPath", pathPost}, {"template", templated}}
	for _, peer := range []struct {
		name  string
		flags []string
	}{{"wiremock", nil}, {"wiremock-no-journal", []string{"--no-request-journal"}}} {
		jar := startJar(b, peer.flags, stubs...)
		requested := make([]request, len(requests))
		for i, r := range requests {
			requested[i] = r.request
		}
		jar.warm(b, requested...)
		for _, r := range requests {
			b.Run(peer.name+"/"+r.name, func(b *testing.B) {
				jar.forget(b)
				compare(b, side{peer.name, jar, r.request}, side{"envd", envd, r.request})
			})
		}
		jar.stop()
	}
}

// BenchmarkWireMockManyStubs compares with the real WireMock where each has 1,000 stubs: the oldest answers, or none does.
func BenchmarkWireMockManyStubs(b *testing.B) {
	demand(b)
	stubs := many(1_000)
	envd, jar := startEnvd(b, stubs...), startJar(b, nil, stubs...)
	jar.warm(b, simple, unmatched)
	for name, r := range map[string]request{"oldest": simple, "unmatched": unmatched} {
		b.Run(name, func(b *testing.B) {
			jar.forget(b)
			compare(b, side{"wiremock", jar, r}, side{"envd", envd, r})
		})
	}
}

// BenchmarkMemory watches the resident memory of a server that answers a million requests (or $ENVD_BENCH_REQUESTS).
func BenchmarkMemory(b *testing.B) {
	demand(b)
	s := startEnvd(b, many(10)...)
	all := int(setting(b, "ENVD_BENCH_REQUESTS", 1e6))
	idle, early, done := s.resident(b), 0, 0
	for done < all {
		done += load(b, s.addr, simple, 2*time.Second)
		if early == 0 && done >= all/10 {
			early = s.resident(b)
		}
	}
	late := s.resident(b)
	b.ReportMetric(float64(done), "requests")
	b.ReportMetric(float64(idle)/(1<<20), "MiB-idle")
	b.ReportMetric(float64(early)/(1<<20), "MiB-after-a-tenth")
	b.ReportMetric(float64(late)/(1<<20), "MiB-at-the-end")
	b.ReportMetric(float64(late)/float64(early), "x-end/tenth")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkExec takes the time from starting a process to its first answer from one of ten stubs.
func BenchmarkExec(b *testing.B) {
	demand(b)
	const starts = 21
	took := startTimes(b, starts, envdCommand(b, rootDir(b, many(10))))
	b.ReportMetric(median(took), "ms-p50")
	b.ReportMetric(slices.Max(took), "ms-max")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkWireMockExec compares that time with the real WireMock's; each starts in turn with the other.
func BenchmarkWireMockExec(b *testing.B) {
	demand(b)
	const starts = 5
	dir := rootDir(b, many(10))
	java, envd := jarCommand(b, dir, nil), envdCommand(b, dir)
	var slow, quick []float64
	for range starts {
		slow = append(slow, startTimes(b, 1, java)...)
		quick = append(quick, startTimes(b, 1, envd)...)
	}
	b.ReportMetric(median(slow), "ms-wiremock")
	b.ReportMetric(median(quick), "ms-envd")
	b.ReportMetric(median(quick)/median(slow), "x-envd/wiremock")
	b.ReportMetric(0, "ns/op")
}

// startTimes starts a process n times and returns the milliseconds until its first answer.
func startTimes(b *testing.B, n int, command func(host, port string) *exec.Cmd) []float64 {
	took := make([]float64, n)
	for i := range took {
		s := start(b, command)
		took[i] = float64(s.ready.Microseconds()) / 1e3
		s.stop()
	}
	return took
}

// BenchmarkDelay tells how late responses come that were asked for 20 ms later, 500 a second, as a client sees it, and how
// late those are at the same rate for which no delay was asked.
func BenchmarkDelay(b *testing.B) {
	demand(b)
	s := startEnvd(b, simpleStub, delayedStub)
	for _, c := range []struct {
		request
		asked time.Duration
	}{{simple, 0}, {delayed, 20 * time.Millisecond}} {
		b.Run(strings.TrimPrefix(c.target, "/"), func(b *testing.B) {
			late := pace(b, s.addr, c.request, 500, 10*time.Second)
			slices.Sort(late)
			for _, p := range []int{50, 99} {
				b.ReportMetric(float64(percentile(late, p)-c.asked)/1e6, fmt.Sprintf("ms-late-p%d", p))
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}
