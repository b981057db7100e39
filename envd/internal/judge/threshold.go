package judge

import (
	"fmt"
	"slices"
	"strings"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/quantity"
)

// threshold compares a statistic in every stage that the condition is about; the worst answer counts.
func (j *judgement) threshold(c envd.Condition) answer {
	loaded := slices.DeleteFunc(j.unbroken(c.Stage), func(s *envd.Stage) bool { return s.Load == nil })
	stages, fault, none := j.speaksOf(&c, loaded, "no stage has load to measure")
	if none != "" {
		return unanswered("%s", none)
	}
	worst := j.thresholdIn(stages[0], c, fault)
	for _, s := range stages[1:] {
		if a := j.thresholdIn(s, c, fault); worse(a, worst, c.Op) {
			worst = a
		}
	}
	return worst
}

// speaksOf returns the fault that a condition names, and its stage; or else the stages that the condition is about. If there
// are none, the last result says why there is nothing to measure.
func (j *judgement) speaksOf(c *envd.Condition, about []*envd.Stage, otherwise string) (stages []*envd.Stage, fault *envd.Fault, none string) {
	if c.Fault != "" {
		s, fault := j.findFault(c.Fault)
		if fault == nil {
			return nil, nil, "the spec has no fault " + c.Fault
		}
		return []*envd.Stage{s}, fault, ""
	}
	if len(about) == 0 {
		return nil, nil, otherwise
	}
	return about, nil, ""
}

// unbroken returns the stage of that name or, with "", every stage whose load is not meant to break it.
func (j *judgement) unbroken(name string) []*envd.Stage {
	var out []*envd.Stage
	for i := range j.spec.Stages {
		if s := &j.spec.Stages[i]; name == "" && !s.Load.Breaks() || s.Name == name {
			out = append(out, s)
		}
	}
	return out
}

// worse reports whether the answer a is worse than b: by outcome, then by the value's distance to the limit, then by the
// number of samples.
func worse(a, b answer, op string) bool {
	rank := map[envd.Outcome]int{envd.Fail: 2, envd.Inconclusive: 1, envd.Pass: 0}
	if rank[a.outcome] != rank[b.outcome] {
		return rank[a.outcome] > rank[b.outcome]
	}
	if a.measured == b.measured {
		return a.samples > b.samples
	}
	if strings.HasPrefix(op, ">") {
		return a.measured < b.measured
	}
	return a.measured > b.measured
}

func (j *judgement) thresholdIn(s *envd.Stage, c envd.Condition, fault *envd.Fault) answer {
	seen, doubts := j.stages[s.Name], j.doubts(s)
	if seen.started.IsZero() {
		return answer{outcome: envd.Inconclusive, stage: s.Name, message: doubts[0].text, told: true}
	}
	t, closed := seen.whole(), !seen.ended.IsZero()
	if fault != nil {
		if a, ok := j.withoutFault(s, fault, c.Phase); !ok {
			return a
		}
		part := j.phase(s, fault, c.Phase)
		t, closed = seen.within(part.window), part.closed
		if t.length() <= 0 {
			a := unanswered("no whole second of load lies %s %s (%s%s, guard %s)", c.Phase, fault.Name,
				j.course(fault), part.cut, quantity.Span(j.spec.Gate.Guard.Std()))
			a.stage = s.Name
			return a
		}
	}
	measured, samples := measure(&c, t)
	a := answer{stage: s.Name, measured: measured, samples: samples, window: &t.window}
	if samples == 0 {
		a.outcome, a.told = envd.Inconclusive, fault == nil && c.Metric != envd.MetricChecks && len(doubts) > 0
		a.message = fmt.Sprintf("%s has no samples %s", metricName(&c), j.where(s, &c, fault, t))
		return a
	}
	return j.weigh(a, &c, doubts, closed, j.where(s, &c, fault, t))
}

// weigh decides between pass and fail, or inconclusive if a doubt about the stage stands in the way.
func (j *judgement) weigh(a answer, c *envd.Condition, doubts []doubt, closed bool, where string) answer {
	v, limit := quantity.Apart(quantity.ForMetric(c.Metric), a.measured, c.Value)
	a.message = fmt.Sprintf("%s was %s, %s, %s", metricName(c), v, wanted(c.Op, limit), where)
	a.outcome = passIf(holds(a.measured, c.Op, c.Value))
	if len(doubts) > 0 && (a.outcome == envd.Pass || excuses(doubts, c, closed)) {
		a.outcome, a.told = envd.Inconclusive, true
		a.message += "; inconclusive: " + doubts[0].text
	}
	return a
}

// withoutFault answers for a fault that does not have the window asked for. ok means that it has one.
func (j *judgement) withoutFault(s *envd.Stage, f *envd.Fault, p envd.Phase) (a answer, ok bool) {
	if why := j.faultDoubt(s, f); why != "" {
		return answer{outcome: envd.Inconclusive, stage: s.Name, message: why, told: true}, false
	}
	if x := j.faults[f.Name]; p == envd.After && x.reverted.IsZero() {
		a = unanswered("fault %s was never reverted: there is no time after it", f.Name)
		a.stage = s.Name
		return a, false
	}
	return answer{}, true
}

// course writes a fault's real window.
func (j *judgement) course(f *envd.Fault) string {
	x := j.faults[f.Name]
	if x.reverted.IsZero() {
		return "active from " + clock(x.active)
	}
	return fmt.Sprintf("active %s–%s", clock(x.active), clock(x.reverted))
}

// where describes what a figure rests on: "during payments-slow (12:00:08–12:00:14, 6 s, 1,812 requests; stub …)".
func (j *judgement) where(s *envd.Stage, c *envd.Condition, f *envd.Fault, t *tally) string {
	numbers := quantity.Plural(t.requests, "request")
	if t.length() > 0 {
		numbers = fmt.Sprintf("%s–%s, %s, %s", clock(t.window.Start), clock(t.window.End), quantity.Span(t.length()), numbers)
	}
	if f == nil {
		return fmt.Sprintf("in %s (%s)", s.Name, numbers)
	}
	if effect := j.effectText(f); effect != "" && c.Phase == envd.During {
		numbers += "; " + effect
	}
	return fmt.Sprintf("%s %s (%s)", c.Phase, f.Name, numbers)
}

// measure returns the condition's statistic in its own unit and the number of samples that it rests on.
func measure(c *envd.Condition, t *tally) (value float64, samples int64) {
	switch c.Metric {
	case envd.MetricQuantile:
		return t.latency.Quantile(c.Quantile), t.latency.Count
	case envd.MetricAvg:
		return t.latency.Mean(), t.latency.Count
	case envd.MetricMin:
		return t.latency.Min, t.latency.Count
	case envd.MetricMax:
		return t.latency.Max, t.latency.Count
	case envd.MetricErrorRate:
		return t.errorRate(), t.requests
	case envd.MetricChecks:
		n := t.checksOK + t.checksBad
		return ratio(t.checksOK, n), n
	case envd.MetricRate:
		return t.rate(), t.requests
	case envd.MetricRequests:
		return float64(t.requests), t.requests
	case envd.MetricIterations:
		return float64(t.iterations), t.iterations
	}
	return 0, 0
}

func metricName(c *envd.Condition) string {
	switch c.Metric {
	case envd.MetricQuantile:
		return fmt.Sprintf("p%.10g", c.Quantile*100)
	case envd.MetricErrorRate:
		return "error rate"
	case envd.MetricAvg:
		return "mean latency"
	case envd.MetricMin:
		return "lowest latency"
	case envd.MetricMax:
		return "highest latency"
	case envd.MetricChecks:
		return "rate of passed checks"
	case envd.MetricRequests, envd.MetricIterations:
		return "number of " + string(c.Metric)
	}
	return string(c.Metric)
}
