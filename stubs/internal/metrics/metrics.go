// Package metrics counts durations in histograms and writes metrics in Prometheus' text exposition format 0.0.4.
package metrics

import (
	"bufio"
	"io"
	"math/bits"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// ContentType is what a scrape is answered with.
const ContentType = "text/plain; version=0.0.4; charset=utf-8"

// Buckets are powers of two from 64 µs to about 67 s, so that finding one is a single instruction.
const (
	firstBucket = 6 // log2 of the first upper bound in microseconds
	buckets     = 21
)

// Histogram counts durations. The zero value is empty; it is safe for concurrent use.
type Histogram struct {
	counts [buckets + 1]atomic.Uint64 // the last is beyond all bounds
	sum    atomic.Int64               // nanoseconds
}

// Observe counts a duration.
func (h *Histogram) Observe(d time.Duration) {
	h.counts[bucket(d)].Add(1)
	h.sum.Add(int64(d))
}

// bucket is the index of the first bucket whose upper bound is not below d.
func bucket(d time.Duration) int {
	if d <= time.Microsecond<<firstBucket {
		return 0
	}
	us := uint64((d - 1) / time.Microsecond) // so that a bound itself belongs to its bucket
	return min(bits.Len64(us)-firstBucket, buckets)
}

func bound(i int) time.Duration { return time.Microsecond << (firstBucket + i) }

// Label is a name and value by which series of one metric differ.
type Label struct{ Name, Value string }

// Counter is one series of a counter.
type Counter struct {
	Labels []Label
	Value  float64
}

// Series is one series of a histogram.
type Series struct {
	Labels    []Label
	Histogram *Histogram
}

// Writer writes metric families. The first error of the underlying writer is returned by Flush.
type Writer struct{ w *bufio.Writer }

// NewWriter makes a writer to w.
func NewWriter(w io.Writer) *Writer { return &Writer{bufio.NewWriter(w)} }

// Flush writes what is buffered.
func (w *Writer) Flush() error { return w.w.Flush() }

func (w *Writer) text(parts ...string) {
	for _, p := range parts {
		_, _ = w.w.WriteString(p) // bufio keeps the error for Flush
	}
}

// Counters writes a family of counters, or with kind "gauge" of gauges.
func (w *Writer) Counters(kind, name, help string, series []Counter) {
	w.head(kind, name, help)
	for _, s := range series {
		w.sample(name, s.Labels, strconv.FormatFloat(s.Value, 'g', -1, 64))
	}
}

// Histograms writes a family of histograms of seconds.
func (w *Writer) Histograms(name, help string, series []Series) {
	w.head("histogram", name, help)
	for _, s := range series {
		var total uint64
		for i := range buckets {
			total += s.Histogram.counts[i].Load()
			le := strconv.FormatFloat(bound(i).Seconds(), 'g', -1, 64)
			w.sample(name+"_bucket", append(s.Labels[:len(s.Labels):len(s.Labels)], Label{"le", le}), strconv.FormatUint(total, 10))
		}
		total += s.Histogram.counts[buckets].Load()
		count := strconv.FormatUint(total, 10)
		w.sample(name+"_bucket", append(s.Labels[:len(s.Labels):len(s.Labels)], Label{"le", "+Inf"}), count)
		w.sample(name+"_sum", s.Labels, strconv.FormatFloat(time.Duration(s.Histogram.sum.Load()).Seconds(), 'g', -1, 64))
		w.sample(name+"_count", s.Labels, count)
	}
}

func (w *Writer) head(kind, name, help string) {
	w.text("# HELP ", name, " ", help, "\n# TYPE ", name, " ", kind, "\n")
}

var escape = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)

func (w *Writer) sample(name string, labels []Label, value string) {
	w.text(name)
	for i, l := range labels {
		separator := ","
		if i == 0 {
			separator = "{"
		}
		w.text(separator, l.Name, `="`, escape.Replace(l.Value), `"`)
	}
	if len(labels) > 0 {
		w.text("}")
	}
	w.text(" ", value, "\n")
}
