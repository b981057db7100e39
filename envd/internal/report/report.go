// Package report renders the result of a run: for a terminal, as JSON, as JUnit XML, and as one HTML file. It judges
// nothing; every figure comes from the verdict and the observations.
package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/quantity"
)

// Run is what a report is about.
type Run struct {
	ID           string
	Version      string // of envd
	Dir          string // the run directory
	Spec         *envd.Spec
	Verdict      envd.Verdict
	Observations []envd.Observation // the HTML time line is drawn from them
	Started      time.Time
	Ended        time.Time
	Logs         []Log // for the HTML
	Capabilities *envd.Capabilities
}

// Log is the tail of a service's output.
type Log struct {
	Service string
	Lines   []string
}

// runtime returns the name of the runtime in which the environment lived.
func (r *Run) runtime() string {
	if r.Spec.Environment == nil {
		return ""
	}
	return r.Spec.Environment.Runtime
}

// guarantee says how far the environment was isolated; "" if that is not known.
func (r *Run) guarantee() string {
	if r.Capabilities == nil {
		return ""
	}
	return r.Capabilities.Guarantee
}

func (r *Run) took() string {
	return quantity.Span(r.Ended.Sub(r.Started).Round(100 * time.Millisecond))
}

// artifact names the thing that was judged, with a shortened digest.
func (r *Run) artifact() string {
	a := r.Spec.Artifact
	switch {
	case a.Image != "":
		return a.Image
	case a.File != "" && a.SHA256 != "":
		return fmt.Sprintf("%s (sha256:%.12s…)", relative(a.File, r.Spec.Dir), a.SHA256)
	case a.File != "":
		return relative(a.File, r.Spec.Dir)
	case a.Commit != "":
		return fmt.Sprintf("commit %.12s", a.Commit)
	}
	return "not named"
}

func relative(path, dir string) string {
	if rest, ok := strings.CutPrefix(path, strings.TrimSuffix(dir, "/")+"/"); ok && dir != "" {
		return rest
	}
	return path
}

// headline sums up in one sentence what the verdict rests on.
func (r *Run) headline() string {
	v := &r.Verdict
	count := map[envd.Outcome]int{}
	for _, c := range v.Conditions {
		count[c.Outcome]++
	}
	all := len(v.Conditions)
	switch v.Outcome {
	case envd.Pass:
		return fmt.Sprintf("%s of %s held%s", quantity.Count(int64(count[envd.Pass])), quantity.Plural(int64(all), "condition"), under(v))
	case envd.Errored:
		return "nothing was proven: the run did not get that far"
	case envd.Inconclusive:
		return fmt.Sprintf("the evidence does not carry an answer: %d of %s could be told", all-count[envd.Inconclusive], quantity.Plural(int64(all), "condition"))
	}
	if count[envd.Fail] == 0 {
		return "no condition failed, but the run itself did"
	}
	return fmt.Sprintf("%d of %s did not hold", count[envd.Fail], quantity.Plural(int64(all), "condition"))
}

func under(v *envd.Verdict) string {
	var requests int64
	for _, s := range v.Stages {
		if s.Load != nil {
			requests += s.Load.Requests
		}
	}
	var parts []string
	if requests > 0 {
		parts = append(parts, quantity.Plural(requests, "request"))
	}
	if n := len(v.Faults); n > 0 {
		parts = append(parts, quantity.Plural(int64(n), "fault"))
	}
	if len(parts) == 0 {
		return ""
	}
	return " under " + strings.Join(parts, " and ")
}

// conditionRow is a condition as every renderer shows it.
type conditionRow struct {
	envd.ConditionResult
	Value string // measured, with its unit; "–" without samples
	Limit string // with its operator
	Basis string // what it rests on
}

func conditionRows(v *envd.Verdict) []conditionRow {
	rows := make([]conditionRow, 0, len(v.Conditions))
	for _, r := range v.Conditions {
		rows = append(rows, newConditionRow(r))
	}
	return rows
}

func newConditionRow(r envd.ConditionResult) conditionRow {
	c := &r.Condition
	row := conditionRow{ConditionResult: r, Value: "–"}
	switch c.Kind {
	case envd.Threshold:
		value, limit := quantity.Apart(quantity.ForMetric(c.Metric), r.Measured, c.Value)
		row.Limit = c.Op + " " + limit
		if r.Samples > 0 {
			row.Value, row.Basis = value, quantity.Plural(r.Samples, sampleNoun(c.Metric))
		}
	case envd.Recovery:
		row.Limit = "<= " + quantity.Span(c.Within.Std())
		if r.Samples > 0 {
			row.Value, row.Basis = recoveryText(r.Measured), quantity.Plural(r.Samples, "second")
		}
	case envd.Withstands:
		value, limit := quantity.Apart(quantity.RateFormat, r.Measured, c.Value)
		row.Limit = ">= " + limit
		if r.Samples > 0 {
			row.Value, row.Basis = value, quantity.Plural(r.Samples, "second")
		}
	case envd.ServiceMetric:
		value, limit := quantity.Apart(quantity.CountFormat, r.Measured, c.Value)
		row.Limit = c.Op + " " + limit
		if r.Samples > 0 {
			row.Value, row.Basis = value, quantity.Plural(r.Samples, "reading")
		}
	case envd.StubCalled:
		row.Limit = c.Op + " " + quantity.CountFormat(c.Value, 6)
	default:
		row.Limit = "== 0"
	}
	counted := c.Kind == envd.StubCalled || c.Kind == envd.NoUnmatched || c.Kind == envd.NoUndeclared
	if counted && (r.Samples > 0 || r.Outcome != envd.Inconclusive) {
		row.Value = quantity.CountFormat(r.Measured, 6)
	}
	if c.Kind == envd.NoUnmatched && r.Samples > 0 {
		row.Basis = quantity.Plural(r.Samples, "request")
	}
	return row
}

func recoveryText(ms float64) string {
	if ms == 0 {
		return "at once"
	}
	return quantity.Span(time.Duration(ms * float64(time.Millisecond)))
}

func sampleNoun(m envd.Metric) string {
	switch m {
	case envd.MetricChecks:
		return "check"
	case envd.MetricIterations:
		return "iteration"
	}
	return "request"
}

// faultRow is a fault as every renderer shows it.
type faultRow struct {
	envd.FaultResult
	Outcome envd.Outcome
	Course  string // 12:00:08–12:00:14, 6 s
	What    string // the effect, or why there was none
	Phases  []phaseRow
}

type phaseRow struct {
	Name string
	*envd.LoadStatistics
}

func faultRows(v *envd.Verdict) []faultRow {
	rows := make([]faultRow, 0, len(v.Faults))
	for _, f := range v.Faults {
		row := faultRow{FaultResult: f, Outcome: envd.Pass, What: f.Effect}
		if w := f.Window; w != nil {
			row.Course = fmt.Sprintf("%s–%s, %s", clock(w.Start), clock(w.End), quantity.Span(w.End.Sub(w.Start)))
		}
		switch {
		case f.Error != "":
			row.Outcome, row.What = envd.Inconclusive, f.Error
		case !f.Active:
			row.Outcome, row.What = envd.Inconclusive, "never measured active"
		case !f.Reverted:
			row.Outcome, row.What = envd.Inconclusive, join("; ", f.Effect, "not reverted")
		case f.Effect == "":
			row.What = "active"
		}
		for _, p := range []phaseRow{{"before", f.Before}, {"during", f.During}, {"after", f.After}} {
			if p.LoadStatistics != nil {
				row.Phases = append(row.Phases, p)
			}
		}
		rows = append(rows, row)
	}
	return rows
}

// functionalText says how a test command ended.
func functionalText(f *envd.FunctionalResult) string {
	took := quantity.Span(f.Duration.Std().Round(time.Millisecond))
	switch {
	case f.TimedOut:
		return "timed out after " + took
	case f.Error != "":
		return "could not run: " + f.Error
	case f.ExitCode != 0:
		return fmt.Sprintf("exit code %d after %s", f.ExitCode, took)
	}
	return "passed in " + took
}

// functionalOutcome is the answer of a test command alone.
func functionalOutcome(f *envd.FunctionalResult) envd.Outcome {
	switch {
	case f.TimedOut:
		return envd.Fail
	case f.Error != "":
		return envd.Inconclusive
	case f.ExitCode != 0:
		return envd.Fail
	}
	return envd.Pass
}

// thresholds returns the thresholds of the user's own script, by stage.
func (r *Run) thresholds() map[string][]envd.ThresholdResult {
	out := map[string][]envd.ThresholdResult{}
	for _, o := range r.Observations {
		if o.Load != nil {
			out[o.Stage] = o.Load.Thresholds
		}
	}
	return out
}

func stubText(s *envd.StubResult) string {
	parts := []string{quantity.Plural(s.Requests, "request"), quantity.Count(s.Matched) + " matched"}
	if s.Unmatched > 0 {
		parts = append(parts, quantity.Count(s.Unmatched)+" unmatched")
	}
	if s.Faulted > 0 {
		parts = append(parts, quantity.Count(s.Faulted)+" faulted")
	}
	if n := len(s.Unused); n > 0 {
		parts = append(parts, quantity.Plural(int64(n), "mapping")+" unused")
	}
	return strings.Join(parts, ", ")
}

func clock(t time.Time) string {
	return t.UTC().Round(100 * time.Millisecond).Format("15:04:05.9")
}

// join joins the parts that are not empty.
func join(sep string, parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), sep)
}
