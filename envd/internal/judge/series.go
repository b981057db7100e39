package judge

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/quantity"
)

// scrape is one reading of a service's metrics, or the first of those that failed in a row.
type scrape struct {
	at time.Time
	*envd.Scrape
}

// judgedServices returns the services whose metrics conditions are about.
func judgedServices(spec *envd.Spec) map[string]bool {
	judged := map[string]bool{}
	for i := range spec.Gate.Conditions {
		if c := &spec.Gate.Conditions[i]; c.Kind == envd.ServiceMetric {
			for _, name := range instances(spec.Environment, c.Service) {
				judged[name] = true
			}
		}
	}
	return judged
}

// instances returns the names under which a service runs.
func instances(e *envd.Environment, service string) []string {
	if e == nil {
		return nil
	}
	return e.Expand().Instances(service)
}

// serviceMetric judges the metrics that a service exposes. Every reading of every series must hold in every stage that the
// condition is about; increases are summed over series, instances and stages.
func (j *judgement) serviceMetric(c envd.Condition) answer {
	names := instances(j.spec.Environment, c.Service)
	if len(names) == 0 || c.Series == nil {
		return unanswered("the spec has no service %s", c.Service)
	}
	stages, fault, none := j.speaksOf(&c, j.unbroken(c.Stage), "there is no stage to measure")
	if none != "" {
		return unanswered("%s", none)
	}
	var found figure
	var doubts []doubt
	var places []string
	closed := true
	for _, s := range stages {
		doubts = append(doubts, j.doubts(s)...)
		if j.stages[s.Name].started.IsZero() {
			return answer{outcome: envd.Inconclusive, stage: s.Name, message: doubts[len(doubts)-1].text, told: true}
		}
		if fault != nil {
			if a, ok := j.withoutFault(s, fault, c.Phase); !ok {
				return a
			}
		}
		window, ended, where := j.stretch(s, fault, c.Phase)
		for _, name := range names {
			part := j.readings(&c, name, window)
			if part.missing != "" {
				a := unanswered("%s", withDetail(part.missing+" "+where, part.gap))
				a.stage = s.Name
				return a
			}
			found.add(&c, part)
		}
		closed = closed && ended
		places = append(places, where)
	}
	return j.weighMetric(&c, found, doubts, closed, strings.Join(places, ", "))
}

// stretch is the time that a condition speaks of, whether its end was seen, and its name: the whole stage, or a phase of a
// fault.
func (j *judgement) stretch(s *envd.Stage, fault *envd.Fault, phase envd.Phase) (window envd.Window, ended bool, where string) {
	if fault == nil {
		seen := j.stages[s.Name]
		window, ended, where = envd.Window{Start: seen.started, End: seen.ended}, !seen.ended.IsZero(), "in "+s.Name
	} else {
		part := j.phase(s, fault, phase)
		window, ended, where = part.window, part.closed, string(phase)+" "+fault.Name
	}
	if window.End.IsZero() {
		window.End = window.Start // its end was not observed, as the doubts say
	}
	return window, ended, where
}

func (j *judgement) weighMetric(c *envd.Condition, f figure, doubts []doubt, closed bool, where string) answer {
	v, limit := quantity.Apart(quantity.CountFormat, f.value, c.Value)
	a := answer{measured: f.value, samples: f.readings, outcome: passIf(holds(f.value, c.Op, c.Value))}
	if c.Increased {
		a.message = fmt.Sprintf("%s of %s increased by %s, %s, %s (%s)", c.Series, c.Service, v, wanted(c.Op, limit), where,
			quantity.Plural(f.readings, "reading"))
	} else {
		a.message = fmt.Sprintf("%s of %s was %s at %s, %s, %s (%s)", f.series, f.service, v, clock(f.at), wanted(c.Op, limit), where,
			quantity.Plural(f.readings, "reading"))
	}
	switch {
	case len(doubts) > 0 && (a.outcome == envd.Pass || excuses(doubts, c, closed)):
		a.outcome, a.told = envd.Inconclusive, true
		a.message += "; inconclusive: " + doubts[0].text
	case f.gap != "" && (a.outcome == envd.Pass || c.Increased): // growth may be from before the window
		a.outcome = envd.Inconclusive
		a.message += "; inconclusive: " + f.gap
	}
	return a
}

// figure is the summary of readings.
type figure struct {
	value    float64
	readings int64
	series   string // of the value, with service and time; not of an increase
	service  string
	at       time.Time
	gap      string // why some may be missing
	missing  string // why there are none
}

// add merges another figure: the worse value stays, increases add up.
func (f *figure) add(c *envd.Condition, g figure) {
	f.gap = cmp.Or(f.gap, g.gap)
	switch {
	case c.Increased:
		f.value += g.value
	case f.readings == 0 || furtherOff(c, g.value, f.value):
		f.value, f.series, f.service, f.at = g.value, g.series, g.service, g.at
	}
	f.readings += g.readings
}

// furtherOff reports whether the value a is further on the wrong side of the condition than b.
func furtherOff(c *envd.Condition, a, b float64) bool {
	if x, y := holds(a, c.Op, c.Value), holds(b, c.Op, c.Value); x != y {
		return y
	}
	switch {
	case strings.HasPrefix(c.Op, "<"):
		return a > b
	case strings.HasPrefix(c.Op, ">"):
		return a < b
	}
	return false
}
