package judge

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
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

// readings folds what a service told of the condition's series in a window.
func (j *judgement) readings(c *envd.Condition, service string, w envd.Window) figure {
	f, t := figure{service: service}, teller{series: c.Series, now: map[string]float64{}}
	var failing *scrape
	based, inside := false, false // there was a reading to grow from; in the window there was any
	for i := range j.scrapes[service] {
		x := &j.scrapes[service][i]
		if x.at.After(w.End) {
			break
		}
		if x.Error != "" {
			failing = x
			continue
		}
		if failing != nil && x.at.After(w.Start) {
			f.gap = unread(failing)
		}
		failing = nil
		grown := t.take(x.Scrape)
		if x.at.Before(w.Start) || c.Increased && !based {
			based = true
			continue
		}
		inside = true
		if c.Increased {
			f.value += grown
			f.readings++
		} else if len(t.now) > 0 {
			f.reading(c, x.at, t.now)
		}
	}
	if failing != nil {
		f.gap = unread(failing)
	}
	switch {
	case c.Increased && f.readings == 0 || !inside:
		f.missing = fmt.Sprintf("too few readings of the metrics of %s lie", service)
	case f.readings == 0 || !t.known:
		f.missing = fmt.Sprintf("%s told nothing of %s", service, c.Series)
	}
	return f
}

func unread(x *scrape) string {
	return fmt.Sprintf("the metrics of %s could not be read from %s on: %s", x.Service, clock(x.at), x.Error)
}

// reading takes one reading of the selected series in.
func (f *figure) reading(c *envd.Condition, at time.Time, values map[string]float64) {
	for i, name := range slices.Sorted(maps.Keys(values)) {
		if v := values[name]; f.readings == 0 && i == 0 || furtherOff(c, v, f.value) {
			f.value, f.series, f.at = v, name, at
		}
	}
	f.readings++
}

// teller follows the series that a condition is about through a service's readings.
type teller struct {
	series *envd.Series
	now    map[string]float64 // what those are at
	known  bool               // there was one of the name, with whatever labels
}

// take takes a reading in, of which only what changed is told, and returns by how much the series grew. One that was not
// there grew from zero, and one that fell was begun anew, as counters are when their service starts again.
func (t *teller) take(x *envd.Scrape) (grown float64) {
	var changed []string
	for name := range x.Values {
		if t.series.Names(name) {
			t.known = true
			if t.series.Selects(name) {
				changed = append(changed, name)
			}
		}
	}
	slices.Sort(changed) // sums of floating-point numbers depend on their order
	for _, name := range changed {
		v := x.Values[name]
		if d := v - t.now[name]; d >= 0 {
			grown += d
		} else {
			grown += v
		}
		t.now[name] = v
	}
	for _, name := range x.Gone {
		delete(t.now, name)
	}
	return grown
}
