package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/quantity"
)

// shortest is the shortest stretch between two samples from which to compute a rate. In a shorter one the granularity of the
// kernel's accounting would show.
const shortest = 500 * time.Millisecond

// Used is what a service consumed while the stages ran, according to samples.
type Used struct {
	Service string        `json:"service"`
	CPU     envd.Duration `json:"cpu"`          // user + system
	Average float64       `json:"cpu_average"`  // CPUs
	Peak    float64       `json:"cpu_peak"`     // CPUs, the highest between two samples
	Memory  int64         `json:"memory_peak"`  // bytes
	Bound   int64         `json:"memory_bound"` // bytes; 0: none
	Samples int           `json:"samples"`      // rates of CPU time need two at least
	lasted  time.Duration // from the first to the last
	last    *envd.Observation
}

// usage sums it up by service, in the order of names.
func (r *Run) usage() []*Used {
	byName := map[string]*Used{}
	var all []*Used
	for i := range r.Observations {
		o := &r.Observations[i]
		if o.Usage == nil {
			continue
		}
		u := byName[o.Usage.Service]
		if u == nil {
			u = &Used{Service: o.Usage.Service, Bound: r.memoryBound(o.Usage.Service)}
			byName[u.Service] = u
			all = append(all, u)
		}
		u.add(o)
	}
	slices.SortFunc(all, func(a, b *Used) int { return strings.Compare(a.Service, b.Service) })
	return all
}

// add adds the next sample. The counters of a service that was started again begin at zero.
func (u *Used) add(o *envd.Observation) {
	u.Samples++
	u.Memory = max(u.Memory, o.Usage.RSSBytes)
	before := u.last
	if before == nil {
		u.last = o
		return
	}
	took := o.Time.Sub(before.Time)
	if took < shortest {
		return
	}
	u.last = o
	used := o.Usage.CPU - before.Usage.CPU
	if used < 0 {
		used = o.Usage.CPU
	}
	u.CPU += used
	u.lasted += took
	u.Average = u.CPU.Std().Seconds() / u.lasted.Seconds()
	u.Peak = max(u.Peak, used.Std().Seconds()/took.Seconds())
}

// memoryBound returns the spec's bound on a service's memory; 0 if there is none.
func (r *Run) memoryBound(service string) int64 {
	if s := r.Spec.Environment.Expand().Service(service); s != nil {
		return s.Resources.MemoryBytes
	}
	return 0
}

// text sums up the consumption in a line.
func (u *Used) text() string {
	memory := "memory up to " + quantity.Bytes(u.Memory)
	if u.Bound > 0 {
		memory += " of " + quantity.Bytes(u.Bound)
	}
	if u.lasted == 0 {
		return memory
	}
	return fmt.Sprintf("%s of a CPU on average, %s at most; %s", cpus(u.Average), cpus(u.Peak), memory)
}

// cpus formats a number of CPUs; next to nothing has no digits worth reading.
func cpus(v float64) string {
	if v < 0.001 {
		return "<0.1%"
	}
	return quantity.PercentFormat(v, 2)
}

func (t *terminal) usage(r *Run) {
	all := r.usage()
	if len(all) == 0 {
		return
	}
	t.heading("Consumption")
	var rows [][]cell
	for _, u := range all {
		rows = append(rows, []cell{{text: " "}, plain(u.Service), plain(u.text())})
	}
	t.table(rows)
}
