package spec

import (
	"iter"
	"time"

	"github.com/envd-dev/envd/envd"
)

// quietBefore is how long, by the plan, no fault acts up to f's injection, the guard cut off as the judge does: since
// the load's start or the end of the fault before, until f or a fault that still acts when f begins.
func quietBefore(s *envd.Stage, f *envd.Fault, guard time.Duration) time.Duration {
	start, end := time.Duration(0), f.At.Std()
	for begin, over := range otherFaults(s, f) {
		switch {
		case begin > f.At.Std():
		case over <= f.At.Std():
			start = max(start, over+guard)
		default:
			end = min(end, begin)
		}
	}
	return end - guard - start
}

// quietAfter is how long, by the plan, no fault acts after f: since its end or that of a fault that still acts then,
// until the next fault or the load's end.
func quietAfter(s *envd.Stage, f *envd.Fault, guard time.Duration) time.Duration {
	reverted := (f.At + f.For).Std()
	start, end := reverted, s.Load.Duration.Std()
	for begin, over := range otherFaults(s, f) {
		if begin >= reverted {
			end = min(end, begin-guard)
		} else {
			start = max(start, over)
		}
	}
	return end - guard - start
}

// nextFault is how long after f's end the next fault begins, the guard cut off as the judge does, or the load ends.
func nextFault(s *envd.Stage, f *envd.Fault, guard time.Duration) time.Duration {
	reverted := (f.At + f.For).Std()
	left := s.Load.Duration.Std() - reverted
	for begin := range otherFaults(s, f) {
		if begin >= reverted {
			left = min(left, begin-guard-reverted)
		}
	}
	return left
}

// otherFaults yields when the stage's other faults begin and end. One without a length is not known yet, or refused.
func otherFaults(s *envd.Stage, f *envd.Fault) iter.Seq2[time.Duration, time.Duration] {
	return func(yield func(begin, over time.Duration) bool) {
		for i := range s.Faults {
			if o := &s.Faults[i]; o.Name != f.Name && o.For > 0 && !yield(o.At.Std(), (o.At+o.For).Std()) {
				return
			}
		}
	}
}
