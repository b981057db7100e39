package judge

import (
	"fmt"
	"strings"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/quantity"
)

// findFault returns the fault of that name and its stage, or nil.
func (j *judgement) findFault(name string) (*envd.Stage, *envd.Fault) {
	for i := range j.spec.Stages {
		s := &j.spec.Stages[i]
		for k := range s.Faults {
			if s.Faults[k].Name == name {
				return s, &s.Faults[k]
			}
		}
	}
	return nil, nil
}

// faultDoubt says why a fault did not do what it was planned to do; empty where it did.
func (j *judgement) faultDoubt(s *envd.Stage, f *envd.Fault) string {
	x := j.faults[f.Name]
	id := fmt.Sprintf("fault %s (%s on %s, stage %s)", f.Name, f.Kind, f.Target, s.Name)
	switch {
	case x.failed != "":
		return id + " failed: " + x.failed
	case x.injected.IsZero() && x.active.IsZero():
		return id + " was never injected"
	case x.active.IsZero():
		return fmt.Sprintf("%s was injected at %s but never measured active", id, clock(x.injected))
	}
	return ""
}

func (j *judgement) faultResult(s *envd.Stage, f *envd.Fault) envd.FaultResult {
	x, seen := j.faults[f.Name], j.stages[s.Name]
	r := envd.FaultResult{
		Name: f.Name, Kind: f.Kind, Target: f.Target, Stage: s.Name,
		Active: !x.active.IsZero(), Reverted: !x.reverted.IsZero(), Error: x.failed,
	}
	if x.effect != nil {
		r.Effect = x.effect.Summary
	}
	if !r.Active {
		return r
	}
	end := x.reverted
	if !r.Reverted {
		end = seen.span().End
	}
	r.Window = &envd.Window{Start: x.active.UTC(), End: end.UTC()}
	statistics := func(p envd.Phase) *envd.LoadStatistics {
		return seen.within(j.phase(s, f, p).window).statistics()
	}
	r.Before, r.During = statistics(envd.Before), statistics(envd.During)
	if r.Reverted {
		r.After = statistics(envd.After)
	}
	return r
}

// effectText describes the measured effect of a fault; empty if nothing was measured.
func (j *judgement) effectText(f *envd.Fault) string {
	e := j.faults[f.Name].effect
	if e == nil {
		return ""
	}
	target := f.Target
	sort, _, _ := strings.Cut(f.Kind, ".")
	switch sort {
	case "stub", "link", "service":
		target = sort + " " + target
	}
	switch {
	case sort == "stub" && e.DelayMS > 0 && e.Total > 0: // only stubs count requests
		return fmt.Sprintf("%s delayed %s of %s by %s", target,
			quantity.Count(e.Affected), quantity.Plural(e.Total, "request"), quantity.Millis(e.DelayMS))
	case e.Summary != "":
		return target + ": " + e.Summary
	case e.Total > 0:
		return fmt.Sprintf("%s: %s of %s affected", target, quantity.Count(e.Affected), quantity.Plural(e.Total, "request"))
	}
	return ""
}
