package judge

import (
	"iter"
	"time"

	"github.com/envd-dev/envd/envd"
)

// stretch is a phase's part of a stage's load, the guard cut off.
type stretch struct {
	window envd.Window
	closed bool   // its end was observed; otherwise it goes to the end of the load
	cut    string // the neighbouring faults that bound it, each after a comma; empty if the load does
}

// phase returns the stretch of a stage's load relative to one of its faults. What lies before and after a fault is
// quiet: no other fault of the stage acts in it.
func (j *judgement) phase(s *envd.Stage, f *envd.Fault, p envd.Phase) stretch {
	seen, x, guard := j.stages[s.Name], j.faults[f.Name], j.spec.Gate.Guard.Std()
	switch p {
	case envd.Before:
		return j.quietBefore(s, f)
	case envd.After:
		return j.quietAfter(s, f)
	}
	if x.reverted.IsZero() {
		return stretch{window: envd.Window{Start: x.active.Add(guard), End: seen.span().End}}
	}
	return stretch{window: envd.Window{Start: x.active.Add(guard), End: x.reverted.Add(-guard)}, closed: true}
}

// quietBefore starts at the load's start or, if later, at the last revert before f was injected. It ends at that injection
// or, if earlier, at the injection of the first fault that was still active then.
func (j *judgement) quietBefore(s *envd.Stage, f *envd.Fault) stretch {
	x, guard := j.faults[f.Name], j.spec.Gate.Guard.Std()
	start, end := j.stages[s.Name].span().Start, x.injected
	var from, until string
	for name, o := range j.neighbours(s, f) {
		switch begin := o.begin(); {
		case begin.After(x.injected):
		case o.revertedBy(x.injected):
			if r := o.reverted.Add(guard); r.After(start) {
				start, from = r, ", "+name+" reverted "+clock(o.reverted)
			}
		case begin.Before(end):
			end, until = begin, ", "+name+" injected "+clock(begin)
		}
	}
	return stretch{envd.Window{Start: start, End: end.Add(-guard)}, !x.injected.IsZero(), from + until}
}

// quietAfter starts at f's revert or, if later, at the revert of the last fault that was still active then. It ends at the
// next injection or the load's end.
func (j *judgement) quietAfter(s *envd.Stage, f *envd.Fault) stretch {
	x, seen, guard := j.faults[f.Name], j.stages[s.Name], j.spec.Gate.Guard.Std()
	load := seen.span().End
	start, end, closed := x.reverted, load, !seen.loadEnded.IsZero()
	var from, until string
	for name, o := range j.neighbours(s, f) {
		switch begin := o.begin(); {
		case !begin.Before(x.reverted):
			if e := begin.Add(-guard); e.Before(end) {
				end, closed, until = e, true, ", "+name+" injected "+clock(begin)
			}
		case o.reverted.IsZero():
			start, from = load, ", "+name+" never reverted"
		case o.reverted.After(start):
			start, from = o.reverted, ", "+name+" reverted "+clock(o.reverted)
		}
	}
	return stretch{envd.Window{Start: start.Add(guard), End: end}, closed, from + until}
}

// neighbours yields the stage's other faults that acted, by name.
func (j *judgement) neighbours(s *envd.Stage, f *envd.Fault) iter.Seq2[string, *faultFacts] {
	return func(yield func(string, *faultFacts) bool) {
		for i := range s.Faults {
			name := s.Faults[i].Name
			if x := j.faults[name]; name != f.Name && !x.begin().IsZero() && !yield(name, x) {
				return
			}
		}
	}
}

// begin is when the fault began to act, as far as that was observed.
func (x *faultFacts) begin() time.Time {
	return first(x.injected, x.active)
}

func (x *faultFacts) revertedBy(at time.Time) bool {
	return !x.reverted.IsZero() && !x.reverted.After(at)
}
