package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/envd-dev/envd/envd"
)

// The JUnit dialect is the one that Jenkins, GitLab and GitHub actions read (github.com/testmoapp/junitxml). An inconclusive
// outcome becomes an <error>, so that no reader shows it green.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Errors   int          `xml:"errors,attr"`
		Time     string       `xml:"time,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name       string          `xml:"name,attr"`
		Tests      int             `xml:"tests,attr"`
		Failures   int             `xml:"failures,attr"`
		Errors     int             `xml:"errors,attr"`
		Timestamp  string          `xml:"timestamp,attr,omitempty"`
		Properties []junitProperty `xml:"properties>property,omitempty"`
		Cases      []junitCase     `xml:"testcase"`
	}
	junitProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		Time    string        `xml:"time,attr,omitempty"`
		Failure *junitProblem `xml:"failure"`
		Error   *junitProblem `xml:"error"`
		Out     string        `xml:"system-out,omitempty"`
	}
	junitProblem struct {
		Type    string `xml:"type,attr"`
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// JUnit writes one test case for each condition of the gate, functional test and script threshold, one for each stage
// itself, and one for the verdict as a whole.
func JUnit(w io.Writer, r *Run) error {
	doc := junitSuites{Name: r.Spec.Name, Time: fmt.Sprintf("%.3f", r.Ended.Sub(r.Started).Seconds())}
	doc.add(r.gateSuite())
	thresholds := r.thresholds()
	for i := range r.Verdict.Stages {
		doc.add(r.stageSuite(&r.Verdict.Stages[i], thresholds))
	}
	verdict := junitCase{Class: r.Spec.Name, Name: "verdict"}
	verdict.judge(r.Verdict.Outcome, r.headline(), strings.Join(r.Verdict.Reasons, "\n"))
	doc.add(junitSuite{Name: "verdict", Cases: []junitCase{verdict}})

	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(doc); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func (r *Run) gateSuite() junitSuite {
	s := junitSuite{
		Name: "gate", Timestamp: r.Started.UTC().Format("2006-01-02T15:04:05"),
		Properties: []junitProperty{
			{"outcome", string(r.Verdict.Outcome)}, {"run", r.ID}, {"artifact", r.artifact()},
			{"runtime", r.runtime()}, {"envd", r.Version},
		},
	}
	for _, l := range r.Verdict.Leftovers {
		s.Properties = append(s.Properties, junitProperty{"leftover", join(" ", l.Kind, l.ID, l.Detail)})
	}
	for _, c := range r.Verdict.Conditions {
		x := junitCase{Class: r.Spec.Name + ".gate", Name: c.Condition.Source, Out: c.Message}
		x.judge(c.Outcome, c.Message, "")
		s.Cases = append(s.Cases, x)
	}
	return s
}

func (r *Run) stageSuite(st *envd.StageResult, thresholds map[string][]envd.ThresholdResult) junitSuite {
	s := junitSuite{Name: "stage " + st.Name}
	class := r.Spec.Name + "." + st.Name
	stage := junitCase{Class: class, Name: "stage"}
	stage.judge(st.Outcome, strings.Join(st.Reasons, "; "), "")
	s.Cases = append(s.Cases, stage)
	if f := st.Functional; f != nil {
		x := junitCase{Class: class, Name: "functional: " + strings.Join(f.Command, " "), Time: fmt.Sprintf("%.3f", f.Duration.Std().Seconds())}
		x.judge(functionalOutcome(f), functionalText(f), f.Output)
		s.Cases = append(s.Cases, x)
	}
	for _, t := range thresholds[st.Name] {
		x := junitCase{Class: class, Name: "threshold: " + t.Metric + " " + t.Source}
		x.judge(t.Outcome, t.Message, "")
		s.Cases = append(s.Cases, x)
	}
	return s
}

func (c *junitCase) judge(o envd.Outcome, message, text string) {
	p := &junitProblem{Type: string(o), Message: message, Text: text}
	switch o {
	case envd.Fail:
		c.Failure = p
	case envd.Inconclusive, envd.Errored:
		c.Error = p
	}
}

func (d *junitSuites) add(s junitSuite) {
	for _, c := range s.Cases {
		s.Tests++
		if c.Failure != nil {
			s.Failures++
		}
		if c.Error != nil {
			s.Errors++
		}
	}
	d.Tests, d.Failures, d.Errors = d.Tests+s.Tests, d.Failures+s.Failures, d.Errors+s.Errors
	d.Suites = append(d.Suites, s)
}
