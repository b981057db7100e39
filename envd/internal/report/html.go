package report

import (
	_ "embed"
	"html/template"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/quantity"
)

var (
	//go:embed report.html.tmpl
	page string
	//go:embed report.css
	style string
)

// pageTemplate is parsed when it is first needed; most processes never need it.
var pageTemplate = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("report").Funcs(template.FuncMap{
		"mark":    func(o envd.Outcome) string { return marks[o] },
		"ms":      ms,
		"percent": func(v float64) string { return quantity.PercentFormat(v, 3) },
		"rate":    func(v float64) string { return quantity.RateFormat(v, 3) },
		"count":   quantity.Count,
		"breaks":  breakpointText,
		"number":  func(v float64) string { return quantity.CountFormat(v, 6) },
		"told":    (*scraped).text,
		"bytes":   quantity.Bytes,
		"cpu":     cpus,
		"upper":   func(o envd.Outcome) string { return strings.ToUpper(string(o)) },
		"clean":   CleanLine,
		"lines":   func(l []string) string { return quantity.Plural(int64(len(l)), "line") },
	}).Parse(page))
})

// HTML writes one self-contained file: no script, no resource from elsewhere.
func HTML(w io.Writer, r *Run) error {
	type stage struct {
		envd.StageResult
		Profile    string
		Thresholds []envd.ThresholdResult
		// Tests and TestText are the functional test's own answer.
		Tests    envd.Outcome
		TestText string
	}
	var stages []stage
	thresholds := r.thresholds()
	for _, s := range r.Verdict.Stages {
		x := stage{StageResult: s, Profile: profile(r.Spec, s.Name), Thresholds: thresholds[s.Name]}
		if s.Functional != nil {
			x.Tests, x.TestText = functionalOutcome(s.Functional), functionalText(s.Functional)
		}
		stages = append(stages, x)
	}
	var images []string
	for _, f := range r.images() {
		images = append(images, imageText(f))
	}
	var restarts []string
	for _, f := range r.restarts() {
		restarts = append(restarts, f.text())
	}
	return pageTemplate().Execute(w, map[string]any{
		"Style":     template.CSS(style), //nolint:gosec // our own file, embedded
		"Run":       r,
		"Verdict":   &r.Verdict,
		"Headline":  r.headline(),
		"Artifact":  r.artifact(),
		"Guarantee": r.guarantee(),
		"Images":    images,
		"Restarts":  restarts,
		"Runtime":   r.runtime(),
		"Took":      r.took(),
		"Started":   r.Started.UTC().Format("2006-01-02 15:04:05 UTC"),
		"Timeline":  newTimeline(r),
		"Rows":      conditionRows(&r.Verdict),
		"Stages":    stages,
		"Faults":    faultRows(&r.Verdict),
		"Used":      r.usage(),
		"Scrapes":   r.scrapes(),
		"Logs":      slices.DeleteFunc(slices.Clone(r.Logs), func(l Log) bool { return len(l.Lines) == 0 }),
	})
}
