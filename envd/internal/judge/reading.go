package judge

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/envd-dev/envd/envd"
)

// readings sums up a service's readings of the condition's series in a window.
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

// teller follows the series of a condition through the readings of a service.
type teller struct {
	series *envd.Series
	now    map[string]float64 // their current values
	known  bool               // there was a series of that name, whatever its labels
}

// take applies a reading, which holds only what changed, and returns by how much the series grew. A new series grew from
// zero. So did one that fell: counters start from zero when their service is restarted.
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
