package judge

import (
	"fmt"
	"math"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/quantity"
)

// shortfall is how much of the planned iterations may be missing: arrival-rate schedules round at every change of
// rate, and what is in flight when the load ends may not count.
const shortfall = 0.01

// doubt is a flaw of a stage's load. No condition on the stage passes while there is one.
type doubt struct {
	text string
	kind flaw
}

// flaw is the kind of a doubt: it decides which failures the doubt explains away.
type flaw int

const (
	// lessLoad: less was asked of the application than planned. What failed under less would have failed under more,
	// except for a floor under the amount of load itself.
	lessLoad flaw = iota
	// bentMeasure: the generator was the bottleneck, so that no figure is the application's own.
	bentMeasure
	// cutOff: the stage did not end. Windows that were closed before still count.
	cutOff
)

// doubts lists what keeps the stage's load from being proof, in a fixed order.
func (j *judgement) doubts(s *envd.Stage) []doubt {
	f := j.stages[s.Name]
	var out []doubt
	add := func(kind flaw, format string, args ...any) {
		out = append(out, doubt{fmt.Sprintf(format, args...), kind})
	}
	switch {
	case f.started.IsZero():
		add(cutOff, "stage %s never ran", s.Name)
		return out
	case f.ended.IsZero():
		add(cutOff, "stage %s did not run to its end", s.Name)
	}
	if s.Load == nil {
		return out
	}
	whole := f.whole()
	if whole.requests == 0 {
		add(lessLoad, "the load of stage %s made no requests", s.Name)
	}
	if f.load == nil {
		if !f.ended.IsZero() {
			add(cutOff, "the load of stage %s left no result", s.Name)
		}
		return out
	}
	l := f.load
	if l.Problem != "" {
		add(cutOff, "the load of stage %s went wrong: %s", s.Name, l.Problem)
	}
	if l.Saturated != "" {
		add(bentMeasure, "the load generator was the bottleneck in stage %s: %s", s.Name, l.Saturated)
	}
	if l.Starved != "" && !s.Load.Breaks() {
		add(bentMeasure, "the load generator was the bottleneck in stage %s: %s", s.Name, l.Starved)
	}
	begun := l.Iterations
	if n := max(l.Dropped, whole.dropped); s.Load.Breaks() {
		begun += n
	} else if n > 0 {
		add(lessLoad, "the load of stage %s dropped %s", s.Name, quantity.Plural(n, "iteration"))
	}
	if l.Exceptions > 0 {
		add(lessLoad, "%s", exceptions(s.Name, l))
	}
	if least := math.Floor(float64(l.Planned) * (1 - shortfall)); float64(begun) < least {
		add(lessLoad, "the load of stage %s ended after %s of %s planned iterations",
			s.Name, quantity.Count(l.Iterations), quantity.Count(l.Planned))
	}
	if l.ExitCode != 0 && l.Problem == "" && !(l.ExitCode == thresholdsCrossed && failed(l.Thresholds)) {
		add(cutOff, "the load generator of stage %s ended with exit code %d", s.Name, l.ExitCode)
	}
	return out
}

// thresholdsCrossed is k6's exit code for a threshold that failed (errext/exitcodes/codes.go, ThresholdsHaveFailed).
const thresholdsCrossed = 99

func failed(thresholds []envd.ThresholdResult) bool {
	for _, t := range thresholds {
		if t.Outcome == envd.Fail {
			return true
		}
	}
	return false
}

func exceptions(stage string, l *envd.LoadResult) string {
	s := fmt.Sprintf("the load script of stage %s threw %s", stage, quantity.Plural(l.Exceptions, "exception"))
	if len(l.Examples) > 0 {
		s += ", for example: " + l.Examples[0]
	}
	return s
}

// excuses reports whether one of the doubts explains a failure of the condition on a window that was closed or not.
func excuses(doubts []doubt, c *envd.Condition, closed bool) bool {
	amount := c.Metric == envd.MetricRate || c.Metric == envd.MetricRequests || c.Metric == envd.MetricIterations
	floor := amount && (c.Op == ">" || c.Op == ">=" || c.Op == "==") || c.Kind == envd.ServiceMetric && (c.Op == ">" || c.Op == ">=")
	for _, d := range doubts {
		switch d.kind {
		case bentMeasure:
			return true
		case lessLoad:
			if floor {
				return true
			}
		case cutOff:
			if !closed {
				return true
			}
		}
	}
	return false
}

// stageResult judges everything about a stage except the gate's conditions.
func (j *judgement) stageResult(s *envd.Stage) envd.StageResult {
	f := j.stages[s.Name]
	r := &stageVerdict{j: j, result: envd.StageResult{Name: s.Name, Outcome: envd.Pass, Functional: f.functional}}
	if s.Load != nil {
		r.result.Load = f.whole().statistics()
	}
	if s.Load.Breaks() {
		r.result.Breakpoint = j.breakpoint(s).result()
	}
	if !j.up() && f.started.IsZero() {
		r.result.Outcome = envd.Inconclusive
		r.result.Reasons = []string{fmt.Sprintf("stage %s never ran", s.Name)}
		return r.result
	}
	r.functional(s, f)
	r.thresholds(s, f)
	for _, x := range j.exits {
		if x.stage == s.Name {
			r.add(envd.Fail, x.text())
		}
	}
	for _, d := range j.doubts(s) {
		r.add(envd.Inconclusive, d.text)
	}
	for i := range s.Faults {
		if why := j.faultDoubt(s, &s.Faults[i]); why != "" && !f.started.IsZero() {
			r.add(envd.Inconclusive, why)
		}
	}
	return r.result
}

// stageVerdict collects a stage's reasons, which are the run's reasons too.
type stageVerdict struct {
	j      *judgement
	result envd.StageResult
}

func (r *stageVerdict) add(o envd.Outcome, reason string) {
	if r.result.Outcome != envd.Fail {
		r.result.Outcome = o
	}
	r.result.Reasons = append(r.result.Reasons, reason)
	r.j.add(o, "%s", reason)
}

func (r *stageVerdict) functional(s *envd.Stage, f *stageFacts) {
	if s.Functional == nil {
		return
	}
	x := f.functional
	switch {
	case x == nil:
		if !f.ended.IsZero() {
			r.add(envd.Inconclusive, fmt.Sprintf("the functional test of stage %s left no result", s.Name))
		}
	case x.TimedOut:
		r.add(envd.Fail, fmt.Sprintf("the functional test of stage %s was stopped at its timeout of %s",
			s.Name, quantity.Span(s.Functional.Timeout.Std())))
	case x.Error != "":
		r.add(envd.Inconclusive, fmt.Sprintf("the functional test of stage %s could not run: %s", s.Name, x.Error))
	case x.ExitCode != 0:
		r.add(envd.Fail, fmt.Sprintf("the functional test of stage %s failed with exit code %d after %s",
			s.Name, x.ExitCode, quantity.Span(x.Duration.Std())))
	}
}

func (r *stageVerdict) thresholds(s *envd.Stage, f *stageFacts) {
	if f.load == nil {
		return
	}
	for _, t := range f.load.Thresholds {
		name := fmt.Sprintf("threshold %s of %s in the script of stage %s", t.Source, t.Metric, s.Name)
		switch {
		case t.Outcome == envd.Fail && f.load.Saturated == "":
			r.add(envd.Fail, withDetail(name+" failed", t.Message))
		case t.Outcome != envd.Pass || t.Samples == 0:
			r.add(envd.Inconclusive, withDetail(name+" is inconclusive", orNoSamples(t)))
		}
	}
}

func orNoSamples(t envd.ThresholdResult) string {
	if t.Message == "" && t.Samples == 0 {
		return "no samples"
	}
	return t.Message
}
