package spec

import (
	"maps"
	"slices"

	"github.com/envd-dev/envd/envd"
)

func (r *resolver) gate() envd.Gate {
	doc := &r.doc.Gate
	out := envd.Gate{Guard: envd.Duration(doc.Guard), Conditions: make([]envd.Condition, 0, len(doc.Conditions))}
	names := r.conditionNames()
	for i := range doc.Conditions {
		out.Conditions = append(out.Conditions, r.condition(&doc.Conditions[i], names))
	}
	return out
}

// conditionNames collects what conditions may refer to.
func (r *resolver) conditionNames() names {
	known := names{faults: map[string]string{}, stubs: slices.Sorted(maps.Keys(r.doc.Environment.Stubs))}
	for i := range r.doc.Stages {
		s := &r.doc.Stages[i]
		known.stages = append(known.stages, s.Name)
		if s.Load != nil {
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

// steadyState parses a condition that is tested second by second: a threshold on the whole stage.
func (r *resolver) steadyState(field *string) envd.Condition {
	c := r.condition(field, r.conditionNames())
	if c.Kind != "" && (c.Kind != envd.Threshold || c.Stage != "" || c.Phase != envd.Whole) {
		r.report(r.node(field), ruleBadCondition, "a steady state is tested in every second of its own stage", `write a plain threshold, for example "error_rate < 1%"`)
	}
	return c
}
