package spec

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/envd-dev/envd/envd"
)

func (r *resolver) gate(stages []envd.Stage) envd.Gate {
	doc := &r.doc.Gate
	out := envd.Gate{Guard: envd.Duration(doc.Guard), Conditions: make([]envd.Condition, 0, len(doc.Conditions))}
	names := r.conditionNames()
	for i := range doc.Conditions {
		c := r.condition(&doc.Conditions[i], names)
		r.checkWindow(&doc.Conditions[i], c, stages)
		out.Conditions = append(out.Conditions, c)
	}
	return out
}

// conditionNames collects what conditions may refer to.
func (r *resolver) conditionNames() names {
	known := names{faults: map[string]string{}, stubs: slices.Sorted(maps.Keys(r.doc.Environment.Stubs))}
	for name, s := range r.doc.Environment.Services {
		if s.Metrics != nil {
			known.scraped = append(known.scraped, name)
		} else {
			known.services = append(known.services, name)
		}
	}
	for i := range r.doc.Stages {
		s := &r.doc.Stages[i]
		known.stages = append(known.stages, s.Name)
		switch {
		case s.Load == nil:
		case s.Load.Profile == envd.Breakpoint:
			known.breaks = append(known.breaks, s.Name)
		default:
			known.loads = append(known.loads, s.Name)
		}
		for j := range s.Faults {
			known.faults[s.Faults[j].Name] = s.Name
		}
	}
	return known
}

func (r *resolver) condition(field *string, known names) envd.Condition {
	if !r.sound(field) {
		return envd.Condition{}
	}
	c, wrong := parseCondition(*field, known)
	if wrong != nil {
		r.reportInside(r.node(field), wrong.offset, wrong.width, wrong.rule, wrong.message, wrong.help)
	}
	return c
}

const (
	// lateness is how much later than planned a fault may be measured active, or be reverted, without a condition on its
	// windows failing for that.
	lateness = 200 * time.Millisecond
	// wholeSecond is the shortest stretch that contains a whole second of samples wherever it begins.
	wholeSecond = 2 * time.Second
	// steadyStretch is the shortest one that contains the three whole seconds that prove a recovery.
	steadyStretch = 4 * time.Second
)

// checkWindow reports a condition whose window is too short: its answer would always be inconclusive.
func (r *resolver) checkWindow(field *string, c envd.Condition, stages []envd.Stage) {
	stage, fault := faultOf(stages, c.Fault)
	if fault == nil || stage.Load == nil || stage.Load.Duration == 0 || fault.For == 0 || r.bad[&r.doc.Gate.Guard] {
		return
	}
	guard := time.Duration(r.doc.Gate.Guard)
	rest := (stage.Load.Duration - fault.At - fault.For).Std()
	before, after := quietBefore(stage, fault, guard), quietAfter(stage, fault, guard)
	next := nextFault(stage, fault, guard)
	var left, need time.Duration
	var what, help string
	switch {
	case c.Kind == envd.Recovery:
		left, need, what, help = rest, steadyStretch+lateness, "the load ends only %s after", "a recovery takes 3 steady seconds to prove: lengthen the load or inject the fault earlier"
		if next < rest {
			left, what, help = next, "the next fault and its guard leave only %s after", "a recovery takes 3 steady seconds to prove: inject the next fault later, or lower gate.guard"
		}
	case c.Phase == envd.Before:
		left, need, what, help = before, wholeSecond, "only %s of load are left before", "inject the fault later, or lower gate.guard"
		if before < fault.At.Std()-guard {
			need += lateness // the revert of that fault may be late too
			what, help = "only %s without another fault are left before", "leave more time after the fault before it, or lower gate.guard"
		}
	case c.Phase == envd.During:
		left, need, what, help = fault.For.Std()-2*guard, wholeSecond+lateness, "only %s are left of", "lengthen the fault, or lower gate.guard, which is cut from both its ends"
		if lag := r.lag(fault); lag > 0 {
			left -= lag
			help = fmt.Sprintf("its effect shows %s after its injection: %s", lag, help)
		}
	case c.Phase == envd.After:
		left, need, what, help = after, wholeSecond+lateness, "only %s of load are left after", "lengthen the load, or lower gate.guard"
		if after < rest-guard {
			what, help = "only %s without another fault are left after", "inject the next fault later, or lower gate.guard"
		}
	}
	if left < need && rest >= 0 {
		r.report(r.node(field), ruleEmptyWindow, fmt.Sprintf(what+" fault %q, and %s are needed", max(left, 0), c.Fault, need), help)
	}
}

// lag returns how long after its injection a fault can be measured.
func (r *resolver) lag(f *envd.Fault) time.Duration {
	if r.opts.FaultLag == nil {
		return 0
	}
	return r.opts.FaultLag(f.Kind, f.Params)
}

// faultOf finds a fault and its stage by the fault's name.
func faultOf(stages []envd.Stage, name string) (*envd.Stage, *envd.Fault) {
	for i := range stages {
		for j := range stages[i].Faults {
			if stages[i].Faults[j].Name == name {
				return &stages[i], &stages[i].Faults[j]
			}
		}
	}
	return nil, nil
}

// steadyState parses a condition that is tested second by second: a threshold on the whole stage.
func (r *resolver) steadyState(field *string) envd.Condition {
	names := r.conditionNames()
	names.loads = append(names.loads, names.breaks...)
	c := r.condition(field, names)
	if c.Kind != "" && (c.Kind != envd.Threshold || c.Stage != "" || c.Phase != envd.Whole) {
		r.report(r.node(field), ruleBadCondition, "a steady state is tested in every second of its own stage", `write a plain threshold, for example "error_rate < 1%"`)
	}
	return c
}
