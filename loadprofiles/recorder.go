package loadprofiles

import (
	"io"
	"sync"
	"time"
)

// Recorder folds the samples and the log of one k6 run into a [Summary], in memory that does not grow with the run.
// Its methods may be called at the same time from several goroutines.
type Recorder struct {
	mu      sync.Mutex
	plan    Plan
	summary Summary

	sinks   []*sink            // in the order of plan.Thresholds
	watched map[string][]*sink // by metric
	matches map[seenTags][]*sink

	insufficientVUs bool
	pulse           time.Time     // of the last sample that k6 takes once a second
	stalled         time.Duration // the longest time between two of them
}

// seenTags is a metric with a set of tags, for which the matching thresholds are remembered.
type seenTags struct {
	metric string
	tags   *Tags
}

// NewRecorder returns a Recorder for a run of that plan, which [Command] made.
func NewRecorder(plan Plan) *Recorder {
	r := &Recorder{plan: plan, watched: map[string][]*sink{}, matches: map[seenTags][]*sink{}}
	r.summary.Planned, r.summary.VUsLimit = plan.Iterations, plan.MaxVUs
	for _, t := range plan.Thresholds {
		s := newSink(t)
		r.sinks = append(r.sinks, s)
		if t.Problem == "" {
			r.watched[t.Metric] = append(r.watched[t.Metric], s)
		}
	}
	return r
}

// ReadSamples folds k6's CSV output into the summary and passes every sample on to also, which may be nil. When the
// output cannot be read to its end, the summary says so too.
func (r *Recorder) ReadSamples(csv io.Reader, also func(Point)) error {
	err := NewReader(csv).Each(func(p Point) {
		r.Point(p)
		if also != nil {
			also(p)
		}
	})
	if err != nil {
		r.mu.Lock()
		r.summary.Incomplete = err.Error()
		r.mu.Unlock()
	}
	return err
}

// Point folds one sample into the summary.
func (r *Recorder) Point(p Point) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := &r.summary
	s.Samples++
	if s.Start.IsZero() || p.Time.Before(s.Start) {
		s.Start = p.Time
	}
	if p.Time.After(s.End) {
		s.End = p.Time
	}
	switch p.Metric {
	case "iterations":
		s.Iterations += int64(p.Value)
	case "dropped_iterations":
		s.Dropped += int64(p.Value)
	case "http_reqs":
		s.Requests += int64(p.Value)
	case "http_req_failed":
		if p.Value != 0 {
			s.RequestsFailed++
		}
	case "checks":
		s.check(p.Tags.Check, p.Value != 0)
	case "vus_max":
		s.VUs = max(s.VUs, int64(p.Value))
		if !r.pulse.IsZero() {
			r.stalled = max(r.stalled, p.Time.Sub(r.pulse))
		}
		r.pulse = p.Time
	}
	if sinks := r.watched[p.Metric]; sinks != nil {
		for _, sink := range r.matching(p, sinks) {
			sink.add(p.Value)
		}
	}
}

// matching returns those of a metric's sinks whose filter lets the sample through.
func (r *Recorder) matching(p Point, sinks []*sink) []*sink {
	key := seenTags{p.Metric, p.Tags}
	if known, ok := r.matches[key]; ok {
		return known
	}
	var matched []*sink
	for _, s := range sinks {
		if s.threshold.selects(p.Tags) {
			matched = append(matched, s)
		}
	}
	if len(r.matches) >= maxSeenTags {
		clear(r.matches)
	}
	r.matches[key] = matched
	return matched
}

func (t Threshold) selects(tags *Tags) bool {
	for _, f := range t.Filter {
		if tags.Get(f.Tag) != f.Value {
			return false
		}
	}
	return true
}

// Abort returns the first threshold that asks for the run to be aborted, after it has lasted that long. k6 looks
// every two seconds; stop it with SIGINT.
func (r *Recorder) Abort(elapsed time.Duration) (ThresholdResult, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.sinks {
		if s.threshold.AbortOnFail && elapsed > time.Duration(s.threshold.DelayAbort) {
			if result := r.evaluate(s); result.Status == Failed {
				return result, true
			}
		}
	}
	return ThresholdResult{}, false
}

// Exit is how the k6 process ended.
type Exit struct {
	Code int           // exit code; -1 when a signal ended it
	Wall time.Duration // from start to end
	CPU  time.Duration // user and system time; 0 when unknown
	CPUs float64       // cores it could use; 0 when unknown
}

// Summary returns what the run did. Call it after the samples and the log were read to their ends.
func (r *Recorder) Summary(exit Exit) Summary {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.summary.clone()
	s.ExitCode, s.ExitReason = exit.Code, exitReason(exit.Code)
	s.Thresholds = make([]ThresholdResult, 0, len(r.sinks))
	for _, sink := range r.sinks {
		s.Thresholds = append(s.Thresholds, r.evaluate(sink))
	}
	if s.Dropped > 0 && (r.insufficientVUs || s.VUsLimit > 0 && s.VUs >= s.VUsLimit) {
		s.saturated("all %d virtual users were busy and %d iterations could not start: raise latency or max_vus, "+
			"or find out why the application is that slow", s.VUs, s.Dropped)
	}
	if r.stalled > maxStall {
		s.saturated("k6 stood still for %s, so the machine is overloaded or was suspended", r.stalled.Round(100*time.Millisecond))
	}
	if available := exit.Wall.Seconds() * exit.CPUs; available > 0 {
		s.CPUShare = exit.CPU.Seconds() / available
		if s.CPUShare > maxCPUShare {
			s.saturated("k6 used %.0f %% of its %g CPUs, so its own delays are in the measured times: lower the rate "+
				"or give it more", 100*s.CPUShare, exit.CPUs)
		}
	}
	return s
}

// maxStall is how late k6 may be with what it does once a second before its schedule is no schedule.
const maxStall = 2 * time.Second

// maxCPUShare is what k6 may use of the CPUs before it measures itself. Its own documentation advises 80 %:
// https://grafana.com/docs/k6/latest/testing-guides/running-large-tests/.
const maxCPUShare = 0.85

// evaluate decides one threshold over the samples so far.
func (r *Recorder) evaluate(s *sink) ThresholdResult {
	t := s.threshold
	result := ThresholdResult{Threshold: t, Status: Unknown, Samples: s.count}
	switch {
	case t.Problem != "":
		result.Reason = t.Problem
		return result
	case s.count == 0 && !(r.summary.Iterations > 0 && t.zeroWhenSilent()):
		result.Reason = "no samples"
		return result
	}
	seconds := r.summary.End.Sub(r.summary.Start).Seconds()
	if t.Type == Counter && t.Method == "rate" && seconds <= 0 {
		result.Reason = "the run has no length"
		return result
	}
	result.Value, result.Exact = s.value(seconds)
	result.Status = Failed
	if t.holds(result.Value) {
		result.Status = Passed
	}
	return result
}

// zeroWhenSilent says whether no samples mean zero: for counters of what need not happen, which are the script's own
// ones and dropped_iterations. What k6 counts for every iteration or request is another matter.
func (t Threshold) zeroWhenSilent() bool {
	_, builtin := builtinTypes[t.Metric]
	return t.Type == Counter && (!builtin || t.Metric == "dropped_iterations")
}
