package loadprofiles

import (
	"fmt"
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

	begin           func() // called when the schedule begins; nil once it was
	measured        Window // from the first second to the end of the last
	insufficientVUs bool
	pulse           time.Time     // of the last sample that k6 takes once a second
	stalled         time.Duration // how long k6 took none, at least
}

// Window is a stretch of time.
type Window struct{ Start, End time.Time }

// NewRecorder returns a Recorder for a run of that plan, which [Command] made. begun, which may be nil, is called once,
// when k6 has its virtual users and setup() behind it and begins with its schedule.
func NewRecorder(plan Plan, begun func()) *Recorder {
	r := &Recorder{plan: plan, watched: map[string][]*sink{}, begin: begun}
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

// ReadMeasures folds what [Relay] writes into the summary and passes every measure on to also, which may be nil. When
// the stream cannot be read to its end, the summary says so too.
func (r *Recorder) ReadMeasures(stream io.Reader, also func(Measure)) error {
	err := ReadMeasures(stream, func(m Measure) {
		r.Measure(m)
		if also != nil {
			also(m)
		}
	})
	if err != nil {
		r.mu.Lock()
		r.summary.Incomplete = err.Error()
		r.mu.Unlock()
	}
	return err
}

// Measure folds one measure into the summary.
func (r *Recorder) Measure(m Measure) {
	r.hasBegun() // at the latest
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.measured.Start.IsZero() || m.Second.Before(r.measured.Start) {
		r.measured.Start = m.Second
	}
	if end := m.Second.Add(time.Second); end.After(r.measured.End) {
		r.measured.End = end
	}
	s := &r.summary
	switch m.Metric {
	case "iterations":
		s.Iterations += int64(m.Sum)
	case "dropped_iterations":
		s.Dropped += int64(m.Sum)
	case "http_reqs":
		s.Requests += int64(m.Sum)
	case "http_req_failed":
		s.RequestsFailed += m.NonZero
	case "checks":
		s.check(m.Tags.Check, m.NonZero, m.Count-m.NonZero)
	case "vus_max":
		s.VUs = max(s.VUs, int64(m.Max))
		if !r.pulse.IsZero() { // one sample may be at the end of its second and the next at the beginning
			r.stalled = max(r.stalled, m.Second.Sub(r.pulse)-time.Second)
		}
		r.pulse = m.Second
	}
	for _, sink := range r.watched[m.Metric] {
		if sink.threshold.selects(&m.Tags) {
			sink.add(&m)
		}
	}
}

// hasBegun says that the schedule has begun, the first time that it is called.
func (r *Recorder) hasBegun() {
	r.mu.Lock()
	begin := r.begin
	r.begin = nil
	r.mu.Unlock()
	if begin != nil {
		begin()
	}
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

// Summary returns what the run did. Call it after the measures and the log were read to their ends.
func (r *Recorder) Summary(exit Exit) Summary {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.summary.clone()
	if s.Start.IsZero() {
		s.Start = r.measured.Start
	}
	if s.End.IsZero() {
		s.End = r.measured.End
	}
	s.ExitCode, s.ExitReason = exit.Code, exitReason(exit.Code)
	s.Thresholds = make([]ThresholdResult, 0, len(r.sinks))
	for _, sink := range r.sinks {
		s.Thresholds = append(s.Thresholds, r.evaluate(sink))
	}
	if s.Dropped > 0 && (r.insufficientVUs || s.VUsLimit > 0 && s.VUs >= s.VUsLimit) {
		s.Starved = fmt.Sprintf("all %d virtual users were busy and %d iterations could not start: raise max_vus, "+
			"or find out why the application is that slow", s.VUs, s.Dropped)
	}
	if r.stalled >= maxStall {
		s.saturated("k6 stood still for %s or more, so the machine is overloaded or was suspended", r.stalled)
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
	seconds := r.seconds()
	if t.Type == Counter && t.Method == "rate" && seconds <= 0 {
		result.Reason = "the run has no length"
		return result
	}
	low, high := s.value(seconds)
	result.Value, result.Exact = (low+high)/2, low == high
	if result.Status = t.decide(low, high); result.Status == Unknown {
		result.Reason = fmt.Sprintf("the value lies between %.6g and %.6g, too near to the limit to tell", low, high)
	}
	return result
}

// seconds is how long the run took: until now, where it goes on.
func (r *Recorder) seconds() float64 {
	w := r.measured
	if !r.summary.Start.IsZero() {
		w.Start = r.summary.Start
	}
	if !r.summary.End.IsZero() {
		w.End = r.summary.End
	}
	return w.End.Sub(w.Start).Seconds()
}

// zeroWhenSilent says whether no samples mean zero: for counters of what need not happen, which are the script's own
// ones and dropped_iterations. What k6 counts for every iteration or request is another matter.
func (t Threshold) zeroWhenSilent() bool {
	_, builtin := builtinTypes[t.Metric]
	return t.Type == Counter && (!builtin || t.Metric == "dropped_iterations")
}
