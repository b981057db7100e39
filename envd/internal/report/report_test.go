package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/envd-dev/envd/envd"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// load reads a recorded run: pass, fail, inconclusive or error.
func load(t *testing.T, name string) *Run {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	require.NoError(t, err)
	var r Run
	require.NoError(t, json.Unmarshal(b, &r))
	return &r
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, got, 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), string(got))
}

var all = []string{"pass", "fail", "inconclusive", "error"}

func TestGolden(t *testing.T) {
	text := func(o TextOptions) func(io.Writer, *Run) error {
		return func(w io.Writer, r *Run) error { return Text(w, r, o) }
	}
	renderers := map[string]func(io.Writer, *Run) error{
		"txt": text(TextOptions{}), "narrow.txt": text(TextOptions{Width: 60}), "color.txt": text(TextOptions{Color: true}),
		"junit.xml": JUnit, "html": HTML, "report.json": JSON,
	}
	for _, name := range all {
		for ext, render := range renderers {
			if name != "fail" && (ext == "color.txt" || ext == "report.json" || ext == "html" && name != "error") {
				continue
			}
			t.Run(name+"."+ext, func(t *testing.T) {
				var b bytes.Buffer
				require.NoError(t, render(&b, load(t, name)))
				golden(t, name+"."+ext, b.Bytes())
			})
		}
	}
}

func TestTextKeepsToItsWidth(t *testing.T) {
	for _, name := range all {
		var b bytes.Buffer
		require.NoError(t, Text(&b, load(t, name), TextOptions{Width: 100}))
		for line := range strings.Lines(b.String()) {
			assert.LessOrEqual(t, utf8.RuneCountInString(strings.TrimRight(line, "\n")), 100, line)
		}
	}
}

func TestTextLetsNoControlCharacterThrough(t *testing.T) {
	r := load(t, "fail")
	r.Spec.Name = "evil\x1b]0;owned\x07"
	r.Verdict.Reasons = append(r.Verdict.Reasons, "x\x1b[2J\u202ey")
	for _, s := range r.Verdict.Stages {
		if s.Functional != nil {
			s.Functional.Output = "\x1b[2Jgone"
		}
	}
	var b bytes.Buffer
	require.NoError(t, Text(&b, r, TextOptions{}))
	assert.NotContains(t, b.String(), "\x1b")
	assert.NotContains(t, b.String(), "\u202e")
}

// TestJUnitIsGreenOnlyForAPass: no reader may show a run green that did not pass.
func TestJUnitIsGreenOnlyForAPass(t *testing.T) {
	for _, name := range all {
		r := load(t, name)
		var b bytes.Buffer
		require.NoError(t, JUnit(&b, r))
		var doc junitSuites
		require.NoError(t, xml.Unmarshal(b.Bytes(), &doc))
		assert.Equal(t, name == "pass", doc.Failures+doc.Errors == 0, name)
		assert.Equal(t, len(r.Spec.Gate.Conditions), doc.Suites[0].Tests)
		var tests int
		for _, s := range doc.Suites {
			assert.Len(t, s.Cases, s.Tests)
			tests += s.Tests
		}
		assert.Equal(t, tests, doc.Tests)
	}
}

func TestJSONRoundTrip(t *testing.T) {
	r := load(t, "fail")
	var b bytes.Buffer
	require.NoError(t, JSON(&b, r))
	var d Document
	require.NoError(t, json.Unmarshal(b.Bytes(), &d))
	assert.Equal(t, envd.Fail, d.Outcome)
	assert.Equal(t, r.Verdict, d.Verdict)
}

// TestHTMLIsSelfContained: nothing is fetched, nothing runs, and text from outside stays text.
func TestHTMLIsSelfContained(t *testing.T) {
	r := load(t, "fail")
	r.Logs = append(r.Logs, Log{"evil", []string{`</pre><script>alert(1)</script><img src="http://x.example/">`}})
	r.Verdict.Reasons = append(r.Verdict.Reasons, `<script>alert(2)</script>`)
	var b bytes.Buffer
	require.NoError(t, HTML(&b, r))
	doc, err := html.Parse(&b)
	require.NoError(t, err)
	for n := range doc.Descendants() {
		assert.NotContains(t, []string{"script", "link", "img", "iframe", "object", "base", "form"}, n.Data)
		for _, a := range n.Attr {
			assert.NotContains(t, []string{"src", "href", "xlink:href"}, a.Key)
			assert.False(t, strings.HasPrefix(a.Key, "on"), a.Key)
		}
	}
	assert.NotContains(t, style, "url(")
	assert.NotContains(t, style, "@import")
}

func TestHTMLReferencesResolve(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, HTML(&b, load(t, "fail")))
	doc, err := html.Parse(&b)
	require.NoError(t, err)
	ids, wanted := map[string]int{}, []string{}
	for n := range doc.Descendants() {
		for _, a := range n.Attr {
			switch a.Key {
			case "id":
				ids[a.Val]++
			case "aria-labelledby":
				wanted = append(wanted, strings.Fields(a.Val)...)
			}
		}
	}
	for _, id := range wanted {
		assert.Equal(t, 1, ids[id], id)
	}
}

// TestTimelineStaysSmall: a day of load is drawn in a few hundred steps.
func TestTimelineStaysSmall(t *testing.T) {
	r := load(t, "pass")
	start := r.Observations[0].Time.Truncate(time.Second)
	r.Observations = nil
	for s := range 24 * 3600 {
		x := envd.Sample{Start: start.Add(time.Duration(s) * time.Second), Requests: 10, Latency: &envd.Histogram{}}
		x.Latency.Add(float64(1 + s%50))
		r.Observations = append(r.Observations, envd.Observation{Time: x.Start, Stage: "soak", Sample: &x})
	}
	p := newTimeline(r)
	assert.LessOrEqual(t, len(p.Hovers), mostBuckets)
	assert.LessOrEqual(t, len(p.Rows), mostTableRow)
	var b bytes.Buffer
	require.NoError(t, HTML(&b, r))
	assert.Less(t, b.Len(), 250_000)
}

func TestTimelineWithoutSamplesIsLeftOut(t *testing.T) {
	assert.Nil(t, newTimeline(load(t, "error")))
}

func TestTimelineBreaksWhereNothingWasMeasured(t *testing.T) {
	r := load(t, "pass")
	var kept []envd.Observation
	for _, o := range r.Observations {
		if o.Sample == nil || o.Sample.Start.Second() < 10 || o.Sample.Start.Second() > 12 {
			kept = append(kept, o)
		}
	}
	r.Observations = kept
	p := newTimeline(r)
	assert.Equal(t, 2, strings.Count(p.Requests, "Z"), "two areas with a gap between them")
	assert.Equal(t, 2, strings.Count(p.P95, "M"))
}

func TestOverlappingFaultsGetLanes(t *testing.T) {
	at := func(s int) time.Time { return time.Unix(int64(s), 0) }
	f := func(name string, from, to int) envd.FaultResult {
		return envd.FaultResult{Name: name, Window: &envd.Window{Start: at(from), End: at(to)}}
	}
	lanes, n := faultLanes([]envd.FaultResult{f("a", 0, 10), f("b", 5, 8), f("c", 8, 20), {Name: "never"}})
	assert.Equal(t, 2, n)
	assert.Equal(t, map[string]int{"a": 0, "b": 1, "c": 1}, lanes)
}

func TestNiceTicks(t *testing.T) {
	ticks, top := niceTicks(97, 4)
	assert.Equal(t, 100.0, top)
	assert.Equal(t, []float64{0, 50, 100}, ticks)
	_, top = niceTicks(0, 4)
	assert.Equal(t, 1.0, top)
}
