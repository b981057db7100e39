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

// judgedServices are those whose metrics conditions speak of.
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

// instances names what runs as a service.
func instances(e *envd.Environment, service string) []string {
	if e == nil {
		return nil
	}
	return e.Expand().Instances(service)
}

// serviceMetric judges what a service told of itself. Every reading of every series must hold in every stage that the
// condition speaks of; what they increased by is summed over series, instances and stages.
func (j *judgement) serviceMetric(c envd.Condition) answer {
	names := instances(j.spec.Environment, c.Service)
	if len(names) == 0 || c.Series == nil {
		return unanswered("the spec has no service %s", c.Service)
	}
	var fault *envd.Fault
	stages := j.unbroken(c.Stage)
	if c.Fault != "" {
		var s *envd.Stage
		if s, fault = j.findFault(c.Fault); fault == nil {
			return unanswered("the spec has no fault %s", c.Fault)
		}
		stages = []*envd.Stage{s}
	}
	if len(stages) == 0 {
		return unanswered("there is no stage to measure")
	}
	var found figure
	var doubts []doubt
	var places []string
	closed := true
	for _, s := range stages {
		seen := j.stages[s.Name]
		doubts = append(doubts, j.doubts(s)...)
		if seen.started.IsZero() {
			return answer{outcome: envd.Inconclusive, stage: s.Name, message: doubts[len(doubts)-1].text, told: true}
		}
		window, ended, where := envd.Window{Start: seen.started, End: seen.ended}, !seen.ended.IsZero(), "in "+s.Name
		if fault != nil {
			if a, ok := j.withoutFault(s, fault, c.Phase); !ok {
				return a
			}
			part := j.phase(s, fault, c.Phase)
			window, ended, where = part.window, part.closed, string(c.Phase)+" "+fault.Name
		}
		if window.End.IsZero() {
			window.End = window.Start // nothing was seen of its end; the doubts say so
		}
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

// unbroken returns the stage of that name, or every one whose load is not meant to break it.
func (j *judgement) unbroken(name string) []*envd.Stage {
	var out []*envd.Stage
	for i := range j.spec.Stages {
		if s := &j.spec.Stages[i]; name == "" && !s.Load.Breaks() || s.Name == name {
			out = append(out, s)
		}
	}
	return out
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
	case f.gap != "" && (a.outcome == envd.Pass || c.Increased): // the growth may be from before the window
		a.outcome = envd.Inconclusive
		a.message += "; inconclusive: " + f.gap
	}
	return a
}

// figure is what readings came to.
type figure struct {
	value    float64
	readings int64
	series   string // of the value, with service and time; not of an increase
	service  string
	at       time.Time
	gap      string // why some may be missing
	missing  string // why there are none
}

// add takes further readings in: the worse value stands, increases add up.
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

// furtherOff tells whether a says more against the condition than b.
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
