// Package metrics turns the single requests of a load run into the per-second samples that are recorded.
package metrics

import (
	"time"

	"github.com/envd-dev/envd/envd"
)

// lag is how many seconds a sample stays open for requests that started in it and have not ended. What comes later
// still counts: it goes into a further sample of the same second, and readers add samples of one second up.
const lag = 2

// Aggregator groups requests by the wall-clock second in which they started. Memory is bounded by the seconds that
// are open. It is not safe for concurrent use.
type Aggregator struct {
	emit   func(envd.Sample)
	open   map[int64]*envd.Sample
	newest int64
}

// NewAggregator returns an aggregator that hands each closed second to emit.
func NewAggregator(emit func(envd.Sample)) *Aggregator {
	return &Aggregator{emit: emit, open: map[int64]*envd.Sample{}}
}

// Request counts a request by its start and its latency in milliseconds.
func (a *Aggregator) Request(start time.Time, ms float64) {
	s := a.second(start)
	s.Requests++
	s.Latency.Add(ms)
}

// Failed counts a request that was counted before as failed.
func (a *Aggregator) Failed(start time.Time) { a.second(start).Failed++ }

// Iterations counts n iterations that ended at t.
func (a *Aggregator) Iterations(t time.Time, n int64) { a.second(t).Iterations += n }

// Dropped counts n iterations that could not start at t for want of a free VU.
func (a *Aggregator) Dropped(t time.Time, n int64) { a.second(t).Dropped += n }

// Check counts one check of the script.
func (a *Aggregator) Check(t time.Time, ok bool) {
	if s := a.second(t); ok {
		s.ChecksOK++
	} else {
		s.ChecksBad++
	}
}

// Flush emits every open second, oldest first.
func (a *Aggregator) Flush() { a.closeUntil(a.newest) }

func (a *Aggregator) second(t time.Time) *envd.Sample {
	sec := t.Unix()
	s := a.open[sec]
	if s == nil {
		s = &envd.Sample{Start: time.Unix(sec, 0).UTC(), Latency: &envd.Histogram{}}
		a.open[sec] = s
		if sec > a.newest {
			a.newest = sec
			a.closeUntil(sec - lag - 1)
		}
	}
	return s
}

// closeUntil emits the open seconds up to and including last, in order.
func (a *Aggregator) closeUntil(last int64) {
	for len(a.open) > 0 {
		oldest := a.newest + 1
		for sec := range a.open {
			oldest = min(oldest, sec)
		}
		if oldest > last {
			return
		}
		a.emit(*a.open[oldest])
		delete(a.open, oldest)
	}
}
