package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/quantity"
)

// TextOptions are the properties of the terminal.
type TextOptions struct {
	Color bool // ANSI colours; the caller knows of terminals and NO_COLOR
	Width int  // columns; 0: 100
}

// Text writes the summary of a run for a terminal. The verdict comes last, right above the next prompt.
func Text(w io.Writer, r *Run, o TextOptions) error {
	if o.Width <= 0 {
		o.Width = 100
	}
	t := &terminal{color: o.Color, width: max(o.Width, 40)}
	v := &r.Verdict
	t.line("%s  %s", t.paint(bold, r.Spec.Name), t.paint(dim, join("  ", "run "+r.ID, r.runtime(), r.took())))
	t.wrap("", "artifact "+r.artifact())
	for _, f := range r.images() {
		t.wrap("", "image "+imageText(f))
	}
	for _, f := range r.restarts() {
		t.wrap("", f.text())
	}
	if c := r.Capabilities; c != nil && !c.Isolated {
		t.wrap("", "isolation "+c.Guarantee)
	}
	t.stages(r)
	t.faults(v)
	t.gate(v)
	t.stubs(v)
	t.usage(r)
	t.scrapes(r)
	t.connections(v)
	t.leftovers(v)
	t.verdict(r)
	_, err := io.WriteString(w, t.out.String())
	return err
}

func (t *terminal) stages(r *Run) {
	if len(r.Verdict.Stages) == 0 {
		return
	}
	t.heading("Stages")
	thresholds := r.thresholds()
	var rows [][]cell
	for _, s := range r.Verdict.Stages {
		if s.Functional != nil {
			rows = append(rows, []cell{t.mark(functionalOutcome(s.Functional)), plain(s.Name), plain(functionalText(s.Functional))})
		}
		for i, line := range loadLines(&s, profile(r.Spec, s.Name)) {
			rows = append(rows, []cell{t.markOnce(i, s.Outcome), plainOnce(i, s.Name), plain(line)})
		}
		for _, x := range thresholds[s.Name] {
			rows = append(rows, []cell{t.mark(x.Outcome), plain(s.Name), plain("threshold " + x.Metric + " " + x.Source)})
		}
		if s.Functional == nil && s.Load == nil {
			rows = append(rows, []cell{t.mark(s.Outcome), plain(s.Name), plain(strings.Join(s.Reasons, "; "))})
		}
	}
	t.table(rows)
}

func profile(spec *envd.Spec, stage string) string {
	for _, s := range spec.Stages {
		if s.Name == stage && s.Load != nil {
			return s.Load.Profile
		}
	}
	return ""
}

func loadLines(s *envd.StageResult, profile string) []string {
	l := s.Load
	if l == nil {
		return nil
	}
	if profile != "" {
		profile += " profile"
	}
	first := []string{profile, quantity.Plural(l.Requests, "request")}
	if l.Requests > 0 { // of none there is no rate of errors
		first = append(first, quantity.Rate(l.Rate), quantity.PercentFormat(l.ErrorRate, 3)+" errors")
	}
	if l.Dropped > 0 {
		first = append(first, quantity.Plural(l.Dropped, "iteration")+" dropped")
	}
	lines := []string{join(", ", first...)}
	if b := s.Breakpoint; b != nil {
		lines = append(lines, breakpointText(b))
	}
	if l.Requests == 0 {
		return lines
	}
	return append(lines, fmt.Sprintf("p50 %s, p95 %s, p99 %s, max %s", ms(l.P50), ms(l.P95), ms(l.P99), ms(l.Max)))
}

// breakpointText says up to which rate the environment withstood a climbing load.
func breakpointText(b *envd.BreakpointResult) string {
	held := "held up to " + quantity.RateFormat(b.Held, 3)
	if b.Broke == nil {
		return held + ", to the end of the load"
	}
	return fmt.Sprintf("%s, broke at %s when %s", held, b.Broke.UTC().Format(time.TimeOnly), b.Why)
}

// ms formats a latency with three digits.
func ms(v float64) string { return quantity.MillisFormat(v, 3) }

func (t *terminal) faults(v *envd.Verdict) {
	if len(v.Faults) == 0 {
		return
	}
	t.heading("Faults")
	var rows [][]cell
	for _, f := range faultRows(v) {
		what := cell{text: f.What}
		if f.Outcome != envd.Pass {
			what.style = styles[f.Outcome]
		}
		rows = append(rows, []cell{t.mark(f.Outcome), plain(f.Name), what},
			[]cell{{}, {}, {text: join(", ", f.Kind+" on "+f.Target, f.Course), style: dim}})
		if line := phaseLine(f.Phases); line != "" {
			rows = append(rows, []cell{{}, {}, {text: line, style: dim}})
		}
	}
	t.table(rows)
}

// phaseLine describes a fault's effect on the load: "p95 21 ms before, 812 ms during, 22 ms after; errors 0% …".
func phaseLine(phases []phaseRow) string {
	var latency, errors []string
	for _, p := range phases {
		latency = append(latency, ms(p.P95)+" "+p.Name)
		errors = append(errors, quantity.PercentFormat(p.ErrorRate, 3)+" "+p.Name)
	}
	if len(phases) == 0 {
		return ""
	}
	return "p95 " + strings.Join(latency, ", ") + "; errors " + strings.Join(errors, ", ")
}

func (t *terminal) gate(v *envd.Verdict) {
	t.heading("Gate")
	var rows [][]cell
	for _, c := range conditionRows(v) {
		rows = append(rows, []cell{t.mark(c.Outcome), plain(c.Condition.Source),
			{text: c.Value, style: styles[c.Outcome], right: true}, {text: c.Limit, style: dim}, {text: c.Basis, style: dim}})
	}
	if len(rows) == 0 {
		rows = append(rows, []cell{t.mark(envd.Inconclusive), plain("no conditions")})
	}
	t.table(t.narrow(rows, 3))
}

func (t *terminal) stubs(v *envd.Verdict) {
	if len(v.Stubs) == 0 {
		return
	}
	t.heading("Stubs")
	var rows [][]cell
	for i := range v.Stubs {
		s := &v.Stubs[i]
		rows = append(rows, []cell{{text: " "}, plain(s.Host), plain(stubText(s))})
		for _, x := range s.Examples {
			rows = append(rows, []cell{{}, {}, {text: "unmatched: " + x, style: yellow}})
		}
	}
	t.table(rows)
}

func (t *terminal) connections(v *envd.Verdict) {
	if len(v.Undeclared) == 0 {
		return
	}
	t.heading("Undeclared connections")
	var rows [][]cell
	for _, c := range v.Undeclared {
		rows = append(rows, []cell{{text: "!", style: yellow}, plain(c.Destination), {text: c.Protocol + " × " + quantity.Count(c.Count), style: dim}})
	}
	t.table(rows)
}

func (t *terminal) leftovers(v *envd.Verdict) {
	if len(v.Leftovers) == 0 {
		return
	}
	t.heading("Left behind")
	var rows [][]cell
	for _, l := range v.Leftovers {
		rows = append(rows, []cell{{text: "!", style: red}, plain(l.Kind + " " + l.ID), {text: l.Detail, style: dim}})
	}
	t.table(rows)
}

func (t *terminal) verdict(r *Run) {
	v := &r.Verdict
	t.line("")
	for _, s := range v.Stages {
		if f := s.Functional; f != nil && functionalOutcome(f) != envd.Pass && f.Output != "" {
			t.tail("last lines of the functional test of "+s.Name, f.Output)
		}
	}
	t.line("%s  %s", t.paint(styles[v.Outcome]+bold, strings.ToUpper(string(v.Outcome))), t.paint(bold, r.headline()))
	for _, reason := range v.Reasons {
		t.wrap("  • ", reason)
	}
	if r.Dir != "" {
		t.line("%s", t.paint(dim, "evidence in "+r.Dir))
	}
}
