// Package metrics turns what k6 measured of a load run into the per-second samples that are recorded, and reads what
// services expose about themselves.
package metrics

import (
	"time"

	"github.com/envd-dev/envd/envd"
)

// lag is how many seconds a sample stays open for requests that started in it and have not ended yet. Later ones still
// count: they go into another sample of the same second, and readers add up all samples of a second.
const lag = 2

// Aggregator groups requests by the wall-clock second in which they started. Memory is bounded by the seconds that
// are open. It is not safe for concurrent use.
type Aggregator struct {
	emit   func(envd.Sample)
	open   map[int64]*envd.Sample
	newest int64
}

// Requests is a group of requests that ended within the same second and took about as long.
type Requests struct {
	Second    time.Time // in which they ended
	Count     int64
	Low, High float64 // bounds of their latencies, milliseconds
	Sum       float64 // of their latencies
	Failed    bool
}

// NewAggregator returns an aggregator that hands each closed second to emit.
func NewAggregator(emit func(envd.Sample)) *Aggregator {
	return &Aggregator{emit: emit, open: map[int64]*envd.Sample{}}
}

// Requests counts requests to the second in which they started. Only the second of their end is known: they are assumed to
// have ended in its middle, so the assumed start is off by half a second at most.
func (a *Aggregator) Requests(r Requests) {
	took := time.Duration((r.Low + r.High) / 2 * float64(time.Millisecond))
	s := a.second(r.Second.Add(time.Second/2 - took))
	s.Requests += r.Count
	s.Latency.AddBucket(r.Count, r.Low, r.High, r.Sum)
	if r.Failed {
		s.Failed += r.Count
	}
}

// Iterations counts n iterations that ended in the second of t.
func (a *Aggregator) Iterations(t time.Time, n int64) { a.second(t).Iterations += n }

// Dropped counts n iterations that could not start in the second of t for want of a free VU.
func (a *Aggregator) Dropped(t time.Time, n int64) { a.second(t).Dropped += n }

// Checks counts checks of the script in the second of t.
func (a *Aggregator) Checks(t time.Time, held, broken int64) {
	s := a.second(t)
	s.ChecksOK += held
	s.ChecksBad += broken
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
