package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/quantity"
)

// scraped sums up a service's metrics over the run.
type scraped struct {
	Service string
	Times   int // how often they were read
	Left    int // how many series were dropped
	Errors  []string
	Series  []series // first those that changed, then the others
}

// series is one time series over the run.
type series struct {
	Name                         string
	First, Last, Lowest, Highest float64
}

// changed reports whether the value changed during the run.
func (s *series) changed() bool { return s.Lowest != s.Highest }

// scrapes groups them by service, in the order in which the services were first read.
func (r *Run) scrapes() []*scraped {
	var all []*scraped
	known := map[string]map[string]*series{}
	for _, o := range r.Observations {
		if o.Scrape == nil {
			continue
		}
		i := slices.IndexFunc(all, func(s *scraped) bool { return s.Service == o.Scrape.Service })
		if i < 0 {
			i = len(all)
			all = append(all, &scraped{Service: o.Scrape.Service})
			known[o.Scrape.Service] = map[string]*series{}
		}
		all[i].add(o.Scrape, known[o.Scrape.Service])
	}
	for _, s := range all {
		for _, x := range known[s.Service] {
			s.Series = append(s.Series, *x)
		}
		slices.SortFunc(s.Series, func(a, b series) int {
			if a.changed() != b.changed() {
				if a.changed() {
					return -1
				}
				return 1
			}
			return cmp.Compare(a.Name, b.Name)
		})
	}
	return all
}

func (s *scraped) add(o *envd.Scrape, known map[string]*series) {
	if o.Error != "" {
		s.Errors = append(s.Errors, o.Error)
		return
	}
	s.Times++
	s.Left = max(s.Left, o.Left)
	for _, name := range slices.Sorted(maps.Keys(o.Values)) {
		v := o.Values[name]
		x := known[name]
		if x == nil {
			x = &series{Name: name, First: v, Lowest: v, Highest: v}
			known[name] = x
		}
		x.Last, x.Lowest, x.Highest = v, min(x.Lowest, v), max(x.Highest, v)
	}
}

// text sums up a service's metrics in a line.
func (s *scraped) text() string {
	if s.Times == 0 {
		return strings.Join(s.Errors, "; ")
	}
	moved := 0
	for i := range s.Series {
		if s.Series[i].changed() {
			moved++
		}
	}
	parts := []string{fmt.Sprintf("%s read %s, %s changed", quantity.Plural(int64(len(s.Series)), "figure"),
		times(s.Times), quantity.Count(int64(moved)))}
	if s.Left > 0 {
		parts = append(parts, quantity.Count(int64(s.Left))+" more not kept")
	}
	return strings.Join(append(parts, s.Errors...), "; ")
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return quantity.Count(int64(n)) + " times"
}

func (t *terminal) scrapes(r *Run) {
	all := r.scrapes()
	if len(all) == 0 {
		return
	}
	t.heading("Metrics of services")
	var rows [][]cell
	for _, s := range all {
		mark := cell{text: " "}
		if len(s.Errors) > 0 {
			mark = cell{text: "!", style: yellow}
		}
		rows = append(rows, []cell{mark, plain(s.Service), plain(s.text())})
	}
	t.table(rows)
}
