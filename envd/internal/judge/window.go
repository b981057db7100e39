package judge

import (
	"time"

	"github.com/envd-dev/envd/envd"
)

// tally is the sum of the seconds in a window.
type tally struct {
	window   envd.Window
	requests int64
	failed   int64
	// the rest as in envd.Sample
	iterations, dropped, checksOK, checksBad int64
	latency                                  envd.Histogram
}

func (t *tally) add(s *envd.Sample) {
	t.requests += s.Requests
	t.failed += s.Failed
	t.iterations += s.Iterations
	t.dropped += s.Dropped
	t.checksOK += s.ChecksOK
	t.checksBad += s.ChecksBad
	t.latency.Merge(s.Latency)
}

// length of the window, never negative.
func (t *tally) length() time.Duration { return max(0, t.window.End.Sub(t.window.Start)) }

func (t *tally) errorRate() float64 { return ratio(t.failed, t.requests) }

// rate is requests per second over the window's whole length, empty seconds included.
func (t *tally) rate() float64 {
	if t.length() <= 0 {
		return 0
	}
	return float64(t.requests) / t.length().Seconds()
}

func (t *tally) statistics() *envd.LoadStatistics {
	if t.requests == 0 && t.iterations == 0 && t.dropped == 0 {
		return nil
	}
	return &envd.LoadStatistics{
		Requests: t.requests, Iterations: t.iterations, Dropped: t.dropped,
		ErrorRate: t.errorRate(), Rate: t.rate(),
		P50: t.latency.Quantile(0.50), P95: t.latency.Quantile(0.95), P99: t.latency.Quantile(0.99),
		Avg: t.latency.Mean(), Max: t.latency.Max,
	}
}

func ratio(part, whole int64) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

// span is the stretch of the stage's load: from its first second to the end of its last, narrowed to the start and end of
// the load if those were observed.
func (s *stageFacts) span() envd.Window {
	if len(s.seconds) == 0 {
		return envd.Window{Start: s.loadStarted.UTC(), End: s.loadEnded.UTC()}
	}
	w := envd.Window{Start: s.seconds[0].Start, End: s.seconds[len(s.seconds)-1].Start.Add(time.Second)}
	if s.loadStarted.After(w.Start) && s.loadStarted.Before(w.End) {
		w.Start = s.loadStarted
	}
	if s.loadEnded.After(w.Start) && s.loadEnded.Before(w.End) {
		w.End = s.loadEnded
	}
	return envd.Window{Start: w.Start.UTC(), End: w.End.UTC()}
}

// whole sums up the stage's whole load.
func (s *stageFacts) whole() *tally {
	t := &tally{window: s.span()}
	for i := range s.seconds {
		t.add(&s.seconds[i])
	}
	return t
}

// within sums up the seconds that lie wholly inside w. The tally's window is the stretch of those seconds.
func (s *stageFacts) within(w envd.Window) *tally {
	t := &tally{window: s.align(w)}
	for i := range s.seconds {
		if start := s.seconds[i].Start; !start.Before(t.window.Start) && start.Before(t.window.End) {
			t.add(&s.seconds[i])
		}
	}
	return t
}

// align shrinks w to the whole seconds of load inside it; if there are none, it is empty.
func (s *stageFacts) align(w envd.Window) envd.Window {
	none := envd.Window{Start: w.Start.UTC(), End: w.Start.UTC()}
	if len(s.seconds) == 0 {
		return none
	}
	base, last := s.seconds[0].Start, s.seconds[len(s.seconds)-1].Start.Add(time.Second)
	start, end := w.Start, w.End
	if start.Before(base) {
		start = base
	}
	if end.After(last) {
		end = last
	}
	from := (start.Sub(base) + time.Second - 1) / time.Second
	to := end.Sub(base) / time.Second
	if end.Before(base) || to <= from {
		return none
	}
	return envd.Window{Start: base.Add(from * time.Second).UTC(), End: base.Add(to * time.Second).UTC()}
}
