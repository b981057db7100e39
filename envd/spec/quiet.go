package spec

import (
	"iter"
	"time"

	"github.com/envd-dev/envd/envd"
)

// quietBefore returns how long, according to plan, no fault acts before f, less the guard that the judge cuts off. It counts
// from the load's start or the end of the previous fault, to f or to a fault that is still active when f begins.
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

// quietAfter returns how long, according to plan, no fault acts after f. It counts from its end, or that of a fault that is
// still active then, to the next fault or the load's end.
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

// nextFault returns how long after f's end the next fault begins, less the guard that the judge cuts off, or the load ends.
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

// otherFaults yields when the stage's other faults begin and end. Those without a length were not read yet, or refused.
func otherFaults(s *envd.Stage, f *envd.Fault) iter.Seq2[time.Duration, time.Duration] {
	return func(yield func(begin, over time.Duration) bool) {
		for i := range s.Faults {
			if o := &s.Faults[i]; o.Name != f.Name && o.For > 0 && !yield(o.At.Std(), (o.At+o.For).Std()) {
				return
			}
		}
	}
}
