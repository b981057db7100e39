package judge

import (
	"fmt"
	"strings"
	"time"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/quantity"
)

// steadySeconds is how many seconds in a row at the end must be steady before a stage has recovered.
const steadySeconds = 3

// If a stage names no steady state, it is derived from the seconds before the first fault, with this much tolerance.
const (
	errorRoom    = 0.01 // one percentage point
	latencyScale = 1.5
	latencyRoom  = 50.0 // milliseconds
)

// recovery measures the way back to steady state: from the fault's revert to the first second from which on every
// second is steady, up to the load's end or the next fault's injection. Seconds without requests are unknown: where
// they decide, the answer is inconclusive. Measured is in milliseconds.
func (j *judgement) recovery(c envd.Condition) answer {
	s, f := j.findFault(c.Fault)
	if f == nil {
		return unanswered("the spec has no fault %s", c.Fault)
	}
	if a, ok := j.withoutFault(s, f, envd.After); !ok {
		return a
	}
	steady, a, ok := j.steadyState(s)
	if !ok {
		return a
	}
	b := wayBack{stage: s, fault: f, steady: steady}
	b.window, b.until = j.afterwards(s, f)
	b.loose, b.strict = j.walk(&b, true), j.walk(&b, false)
	if b.loose.seconds == 0 {
		a = unanswered("no second of load lies between the revert of %s at %s and %s", f.Name, clock(b.window.Start), b.until)
		a.stage = s.Name
		return a
	}
	return j.weighRecovery(&c, &b)
}

// wayBack is the stretch after a fault, walked with seconds without requests left out (loose) and with such seconds
// taken as unsteady (strict).
type wayBack struct {
	stage         *envd.Stage
	fault         *envd.Fault
	steady        steadiness
	window        envd.Window
	until         string
	loose, strict path
}

func (b *wayBack) seen() string {
	return fmt.Sprintf("reverted %s, %s of load until %s; steady means %s",
		clock(b.window.Start), quantity.Plural(int64(b.loose.seconds), "second"), b.until, b.steady.text)
}

func (j *judgement) weighRecovery(c *envd.Condition, b *wayBack) answer {
	limit, name := c.Within.Std(), b.fault.Name
	a := answer{
		outcome: envd.Inconclusive, stage: b.stage.Name, samples: int64(b.loose.seconds),
		measured: millis(b.strict.took), window: &b.window,
	}
	doubts := j.doubts(b.stage)
	doubted := len(doubts) > 0
	switch {
	case b.loose.took > limit:
		a.outcome = envd.Fail
		a.message = fmt.Sprintf("not recovered within %s after %s: %s (%s)", quantity.Span(limit), name, b.loose.last(b.window), b.seen())
		doubted = excuses(doubts, c, true)
		if other := j.overlapping(b); other != "" {
			a.outcome = envd.Inconclusive
			a.message += "; inconclusive: fault " + other + " was active then"
		}
	case b.strict.took > limit:
		a.message = fmt.Sprintf("recovery after %s cannot be told: %s (%s)", name, b.strict.last(b.window), b.seen())
	case b.strict.steady < steadySeconds:
		a.message = fmt.Sprintf("recovery after %s cannot be told: only %s steady at the end, %d needed (%s)",
			name, were(b.strict.steady), steadySeconds, b.seen())
	default:
		a.outcome = envd.Pass
		a.message = fmt.Sprintf("recovered %s after %s, limit %s (%s)", after(b.strict.took), name, quantity.Span(limit), b.seen())
	}
	if doubted && a.outcome != envd.Inconclusive {
		a.outcome, a.told = envd.Inconclusive, true
		a.message += "; inconclusive: " + doubts[0].text
	}
	return a
}

func after(took time.Duration) string {
	if took == 0 {
		return "at once"
	}
	return quantity.Span(took)
}

func were(seconds int) string {
	if seconds == 1 {
		return "1 second was"
	}
	return fmt.Sprintf("%d seconds were", seconds)
}

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// afterwards returns the stretch in which a recovery shows, and a word for its end. The guard is cut off before the next
// fault, because that hurts requests under way, which count to the second in which they started.
func (j *judgement) afterwards(s *envd.Stage, f *envd.Fault) (envd.Window, string) {
	reverted := j.faults[f.Name].reverted
	w := envd.Window{Start: reverted.UTC(), End: j.stages[s.Name].span().End}
	until := "the end of the load at " + clock(w.End)
	for name, other := range j.neighbours(s, f) {
		if at := other.begin(); !at.Before(reverted) && at.Before(w.End) {
			w.End = at.Add(-j.spec.Gate.Guard.Std()).UTC()
			if w.End.Before(w.Start) {
				w.End = w.Start
			}
			until = fmt.Sprintf("%s, the guard before %s", clock(w.End), name)
		}
	}
	return w, until
}

// overlapping returns the name of another fault of the stage that was still active after the revert.
func (j *judgement) overlapping(b *wayBack) string {
	reverted := b.window.Start
	for _, other := range b.stage.Faults {
		x := j.faults[other.Name]
		if other.Name != b.fault.Name && !x.injected.IsZero() && !x.injected.After(reverted) &&
			(x.reverted.IsZero() || x.reverted.After(reverted)) {
			return other.Name
		}
	}
	return ""
}

// path sums up the seconds after a revert.
type path struct {
	seconds      int           // with requests
	took         time.Duration // from the revert to the end of the last unsteady second
	steady       int           // seconds with requests after that
	lastUnsteady time.Time     // its beginning
	why          string
}

// last describes the last unsteady second.
func (p *path) last(w envd.Window) string {
	return fmt.Sprintf("%s later, at %s, %s", quantity.Span(p.lastUnsteady.Sub(w.Start)), clock(p.lastUnsteady), p.why)
}

// walk goes through the whole seconds of b's window. Seconds without requests are left out or, if strict, count as unsteady.
func (j *judgement) walk(b *wayBack, skipEmpty bool) path {
	var p path
	seen := j.stages[b.stage.Name]
	grid, i := seen.align(b.window), 0
	for at := grid.Start; at.Before(grid.End); at = at.Add(time.Second) {
		for seen.seconds[i].Start.Before(at) {
			i++
		}
		sec, why := &seen.seconds[i], ""
		switch empty := sec.Start.After(at) || sec.Requests == 0; {
		case empty && skipEmpty:
			continue
		case empty:
			why = "there were no requests"
		default:
			p.seconds++
			why = b.steady.broken(sec)
		}
		p.steady++
		if why != "" {
			p.took, p.steady, p.lastUnsteady, p.why = at.Add(time.Second).Sub(b.window.Start), 0, at.UTC(), why
		}
	}
	return p
}

// steadiness is a steady state: conditions that every single second must keep.
type steadiness struct {
	conditions []envd.Condition
	text       string
}

// broken says which condition the second violates; empty if none. A condition without samples is not violated.
func (st steadiness) broken(sec *envd.Sample) string {
	t := &tally{window: envd.Window{Start: sec.Start, End: sec.Start.Add(time.Second)}}
	t.add(sec)
	for i := range st.conditions {
		c := &st.conditions[i]
		if v, n := measure(c, t); n > 0 && !holds(v, c.Op, c.Value) {
			value, limit := quantity.Apart(quantity.ForMetric(c.Metric), v, c.Value)
			return fmt.Sprintf("%s was %s, %s", metricName(c), value, wanted(c.Op, limit))
		}
	}
	return ""
}

// steadyState returns what the stage's spec calls steady, or derives it from the seconds before its first fault.
func (j *judgement) steadyState(s *envd.Stage) (st steadiness, a answer, ok bool) {
	if len(s.SteadyState) > 0 {
		return describe(s.SteadyState), a, true
	}
	var earliest *envd.Fault
	for i := range s.Faults {
		f := &s.Faults[i]
		at := j.faults[f.Name].injected
		if !at.IsZero() && (earliest == nil || at.Before(j.faults[earliest.Name].injected)) {
			earliest = f
		}
	}
	seen := j.stages[s.Name]
	t := &tally{}
	if earliest != nil {
		t = seen.within(j.phase(s, earliest, envd.Before).window)
	}
	if t.latency.Count == 0 {
		a = unanswered("steady state is unknown: stage %s has no second of load before its first fault, and names no steady_state", s.Name)
		a.stage = s.Name
		return st, a, false
	}
	p95 := t.latency.Quantile(0.95)
	return describe([]envd.Condition{
		{Kind: envd.Threshold, Metric: envd.MetricErrorRate, Op: "<=", Value: t.errorRate() + errorRoom},
		{Kind: envd.Threshold, Metric: envd.MetricQuantile, Quantile: 0.95, Op: "<=", Value: max(latencyScale*p95, p95+latencyRoom)},
	}), a, true
}

func describe(conditions []envd.Condition) steadiness {
	var parts []string
	for i := range conditions {
		c := &conditions[i]
		parts = append(parts, fmt.Sprintf("%s %s %s", metricName(c), c.Op, quantity.ForMetric(c.Metric)(c.Value, 3)))
	}
	return steadiness{conditions, strings.Join(parts, " and ")}
}
