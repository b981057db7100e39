//go:build linux

package bench

import (
	"bytes"
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/stubs"
)

// idleServers is the variable that makes the test binary hold idle servers and print what one weighs.
const idleServers = "ENVD_BENCH_IDLE"

// sources are ten mappings that share no memory with those of another server.
func sources(server int) []stubs.Source {
	out := make([]stubs.Source, 10)
	for i, doc := range many(10) {
		out[i] = stubs.Source{Name: fmt.Sprintf("%d-%d.json", server, i), Document: []byte(doc)}
	}
	return out
}

// firstAnswer makes a server and asks it once.
func firstAnswer(server []stubs.Source) (*stubs.Server, error) {
	s, err := stubs.New(stubs.Options{Mappings: server})
	if err != nil {
		return nil, err
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest(simple.method, simple.target, nil))
	if w.Code != simple.status {
		return nil, fmt.Errorf("%s is answered %d", simple.target, w.Code)
	}
	return s, nil
}

// BenchmarkNewServer takes the time from nothing to the first answer of an isolated server with ten mappings.
func BenchmarkNewServer(b *testing.B) {
	demand(b)
	took := make([]float64, 500)
	for i := range took {
		source := sources(i)
		began := time.Now()
		s, err := firstAnswer(source)
		took[i] = float64(time.Since(began)) / 1e6
		require.NoError(b, err)
		require.NoError(b, s.Close())
	}
	b.ReportMetric(took[0], "ms-first")
	b.ReportMetric(median(took), "ms-p50")
	b.ReportMetric(took[len(took)*99/100], "ms-p99") // median has sorted them
	b.ReportMetric(0, "ns/op")
}

// BenchmarkIdleServers weighs idle servers with ten mappings each, all of which have answered once.
func BenchmarkIdleServers(b *testing.B) {
	demand(b)
	var heap, resident float64
	_, err := fmt.Sscan(output(b.Context(), b, idleServers), &heap, &resident)
	require.NoError(b, err)
	b.ReportMetric(heap/1024, "KiB-heap/server")
	b.ReportMetric(resident/1024, "KiB-resident/server")
	b.ReportMetric(0, "ns/op")
}

const idle = 1_000

// holdIdle prints the bytes of heap and of resident memory that one of a thousand servers takes.
func holdIdle(w io.Writer) error {
	warm, err := firstAnswer(sources(-1)) // what is made once for all
	if err != nil {
		return err
	}
	heap, resident, err := weigh()
	if err != nil {
		return err
	}
	servers := make([]*stubs.Server, idle)
	for i := range servers {
		if servers[i], err = firstAnswer(sources(i)); err != nil {
			return err
		}
	}
	heapAll, residentAll, err := weigh()
	if err != nil {
		return err
	}
	runtime.KeepAlive(servers)
	runtime.KeepAlive(warm)
	_, err = fmt.Fprintln(w, (heapAll-heap)/idle, (residentAll-resident)/idle)
	return err
}

func weigh() (heap, resident int, err error) {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, 0, err
	}
	fields := bytes.Fields(statm)
	if len(fields) < 2 {
		return 0, 0, fmt.Errorf("/proc/self/statm: %q", statm)
	}
	pages, err := strconv.Atoi(string(fields[1]))
	return int(m.HeapAlloc), pages * os.Getpagesize(), err
}
