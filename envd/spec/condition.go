package spec

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/envd-dev/envd/envd"
)

// The grammar of conditions:
//
//	condition = metric op value [ "in" STAGE ] [ ( "before" | "during" | "after" ) FAULT ]
//	          | "recovers" "within" DURATION "after" FAULT
//	          | "withstands" N/s [ "in" STAGE ]
//	          | "metric" SERVICE series [ "increased" ] op NUMBER [ "in" STAGE ] [ ( "before" | "during" | "after" ) FAULT ]
//	          | "stub" HOST "called" op N [ "times" ]
//	          | "no" "unmatched" "requests" [ "on" HOST ]
//	          | "no" "undeclared" "connections"
//	metric    = pNN[.N] | avg | min | max        (value: a duration)
//	          | error_rate | checks              (value: N%)
//	          | rate                             (value: N/s)
//	          | requests | iterations            (value: N)
//	series    = NAME [ "{" LABEL "=" QUOTED { "," LABEL "=" QUOTED } "}" ]
//	op        = "<" | "<=" | ">" | ">=" | "==" | "!="

// names lists what a condition may refer to.
type names struct {
	stages []string
	loads  []string          // the stages with a load to measure
	breaks []string          // the stages with a load that is meant to break them
	faults map[string]string // fault → its stage
	stubs  []string

	scraped  []string // the services with metrics
	services []string // the services without metrics
}

// conditionError is a mistake at a part of a condition; offset in bytes, width in characters.
type conditionError struct {
	offset, width       int
	rule, message, help string
}

// lexeme is a word or an operator of a condition.
type lexeme struct {
	text   string
	offset int
}

var (
	// A word and the braces behind it are one token: a series with its labels.
	tokenForm    = regexp.MustCompile(`[<>=!]+|(?:[^\s<>=!{]|\{(?:[^"}]|"(?:[^"\\]|\\.)*"?)*\}?)+`)
	quantileForm = regexp.MustCompile(`^p(\d{1,2}(?:\.\d+)?)$`)
	operators    = []string{"<", "<=", ">", ">=", "==", "!="}
	metricNames  = []string{"p50", "p90", "p95", "p99", "avg", "min", "max", "error_rate", "checks", "rate", "requests", "iterations"}
)

// conditionParser walks over the tokens of a condition. It stops at the first mistake: what follows one rarely means
// what it says.
type conditionParser struct {
	source string
	tokens []lexeme
	known  names
	out    envd.Condition
	wrong  *conditionError
}

func parseCondition(source string, known names) (envd.Condition, *conditionError) {
	p := &conditionParser{source: source, known: known}
	for _, at := range tokenForm.FindAllStringIndex(source, -1) {
		p.tokens = append(p.tokens, lexeme{source[at[0]:at[1]], at[0]})
	}
	switch p.peek().text {
	case "recovers":
		p.recovery()
	case "withstands":
		p.withstands()
	case "metric":
		p.serviceMetric()
	case "stub":
		p.stubCalled()
	case "no":
		p.absence()
	default:
		p.threshold()
	}
	if len(p.tokens) > 0 {
		p.fail(p.tokens[0], ruleBadCondition, fmt.Sprintf("%s does not belong here", quote(p.tokens[0].text)), p.shape())
	}
	if p.wrong != nil {
		return envd.Condition{}, p.wrong
	}
	p.out.Source = strings.TrimSpace(source)
	return p.out, nil
}

// shape describes the form of the condition that is being parsed.
func (p *conditionParser) shape() string {
	switch p.out.Kind {
	case envd.Recovery:
		return "write: recovers within 5s after FAULT"
	case envd.Withstands:
		return "write: withstands 300/s, then optionally: in STAGE"
	case envd.ServiceMetric:
		return "write: metric SERVICE SERIES < NUMBER, or: metric SERVICE SERIES increased < NUMBER, then optionally: in STAGE, and: before, during or after FAULT"
	case envd.StubCalled:
		return "write: stub HOST called >= 1 times"
	case envd.NoUnmatched:
		return "write: no unmatched requests, or: no unmatched requests on HOST"
	case envd.NoUndeclared:
		return "write: no undeclared connections"
	}
	return "write: METRIC < VALUE, then optionally: in STAGE, and: before, during or after FAULT"
}

// peek returns the next token; at the end, an empty one behind the last character.
func (p *conditionParser) peek() lexeme {
	if len(p.tokens) == 0 {
		return lexeme{"", len(strings.TrimRight(p.source, " \t"))}
	}
	return p.tokens[0]
}

func (p *conditionParser) next() lexeme {
	t := p.peek()
	if len(p.tokens) > 0 {
		p.tokens = p.tokens[1:]
	}
	return t
}

// fail records the first mistake and ends the parsing.
func (p *conditionParser) fail(t lexeme, rule, message, help string) {
	if p.wrong == nil {
		p.wrong = &conditionError{t.offset, utf8.RuneCountInString(t.text), rule, message, help}
	}
	p.tokens = nil
}

// word expects one of the words next and returns it.
func (p *conditionParser) word(words ...string) string {
	t := p.next()
	if !slices.Contains(words, t.text) {
		p.unexpected(t, strings.Join(words, " or "), nearest(t.text, words))
	}
	return t.text
}

func (p *conditionParser) unexpected(t lexeme, wanted, near string) {
	help := p.shape()
	if near != "" {
		help = fmt.Sprintf("did you mean %q? %s", near, help)
	}
	if t.text == "" {
		p.fail(t, ruleBadCondition, "the condition ends where "+wanted+" should follow", help)
		return
	}
	p.fail(t, ruleBadCondition, fmt.Sprintf("%s stands where %s should", quote(t.text), wanted), help)
}

// name expects one of the known names next.
func (p *conditionParser) name(noun, rule string, known []string) string {
	t := p.next()
	switch {
	case p.wrong != nil:
	case t.text == "":
		p.unexpected(t, "the name of a "+noun, "")
	case !slices.Contains(known, t.text):
		p.fail(t, rule, fmt.Sprintf("there is no %s %s", noun, quote(t.text)), suggest(t.text, noun, known))
	}
	return t.text
}

func (p *conditionParser) fault() string {
	return p.name("fault", ruleUnknownFault, slices.Collect(maps.Keys(p.known.faults)))
}

func (p *conditionParser) recovery() {
	p.out.Kind = envd.Recovery
	p.word("recovers")
	p.word("within")
	t := p.next()
	p.out.Within = envd.Duration(p.duration(t))
	p.word("after")
	p.out.Phase, p.out.Fault = envd.After, p.fault()
}

func (p *conditionParser) withstands() {
	p.out.Kind = envd.Withstands
	t := p.next()
	if len(p.known.breaks) == 0 {
		p.fail(t, ruleBadCondition, "no stage has a load that climbs until it breaks", "add a stage with load: {profile: breakpoint, …} and a steady_state")
	}
	if v := p.next(); p.wrong == nil {
		p.out.Value = p.perSecond(v)
	}
	if p.peek().text == "in" {
		p.next()
		at := p.peek()
		p.out.Stage = p.name("stage", ruleUnknownStage, p.known.stages)
		if !slices.Contains(p.known.breaks, p.out.Stage) {
			p.fail(at, ruleBadCondition, fmt.Sprintf("stage %s does not climb until it breaks", quote(p.out.Stage)), suggest("", "stage with the profile breakpoint", p.known.breaks))
		}
	}
}

func (p *conditionParser) stubCalled() {
	p.out.Kind = envd.StubCalled
	p.word("stub")
	p.out.Stub = p.name("stub", ruleUnknownStub, p.known.stubs)
	p.word("called")
	p.operator()
	p.out.Value = p.count(p.next())
	if p.peek().text == "times" {
		p.next()
	}
}

func (p *conditionParser) absence() {
	p.word("no")
	switch p.word("unmatched", "undeclared") {
	case "unmatched":
		p.out.Kind = envd.NoUnmatched
		p.word("requests")
		if p.peek().text == "on" {
			p.next()
			p.out.Stub = p.name("stub", ruleUnknownStub, p.known.stubs)
		}
	case "undeclared":
		p.out.Kind = envd.NoUndeclared
		p.word("connections")
	}
}

func (p *conditionParser) threshold() {
	p.out.Kind = envd.Threshold
	t := p.next()
	read := p.metric(t)
	p.operator()
	if v := p.next(); p.wrong == nil {
		p.out.Value = read(v)
	}
	if len(p.known.loads) == 0 && p.wrong == nil {
		p.fail(t, ruleBadCondition, "no stage has a load to measure", "add a stage with load: {profile: smoke, script: load.js}")
	}
	p.place(func(at lexeme) {
		if !slices.Contains(p.known.loads, p.out.Stage) {
			p.fail(at, ruleBadCondition, fmt.Sprintf("stage %s has no load to measure", quote(p.out.Stage)), suggest("", "stage with a load", p.known.loads))
		}
	})
}

// place reads where a condition must hold: a stage, which check may refuse, and a phase of a fault.
func (p *conditionParser) place(check func(at lexeme)) {
	if p.peek().text == "in" {
		p.next()
		at := p.peek()
		p.out.Stage = p.name("stage", ruleUnknownStage, p.known.stages)
		if slices.Contains(p.known.breaks, p.out.Stage) {
			p.fail(at, ruleBadCondition, fmt.Sprintf("the load of stage %s climbs until it breaks, so no figure over all of it means anything", quote(p.out.Stage)),
				"write: withstands 300/s in "+p.out.Stage)
		}
		check(at)
	}
	switch phase := p.peek().text; phase {
	case "before", "during", "after":
		p.next()
		at := p.peek()
		p.out.Phase, p.out.Fault = envd.Phase(phase), p.fault()
		if own := p.known.faults[p.out.Fault]; p.out.Stage != "" && own != p.out.Stage {
			p.fail(at, ruleBadCondition, fmt.Sprintf("fault %s acts in stage %q, not in %q", quote(p.out.Fault), own, p.out.Stage), "write: in "+own)
		}
	case "in":
		p.fail(p.peek(), ruleBadCondition, `"in" stands twice`, p.shape())
	}
}

// metric reads the metric and returns the reader of its values.
func (p *conditionParser) metric(t lexeme) func(lexeme) float64 {
	switch m := envd.Metric(t.text); m {
	case envd.MetricAvg, envd.MetricMin, envd.MetricMax:
		p.out.Metric = m
		return p.millis
	case envd.MetricErrorRate, envd.MetricChecks:
		p.out.Metric = m
		return p.percent
	case envd.MetricRate:
		p.out.Metric = m
		return p.perSecond
	case envd.MetricRequests, envd.MetricIterations:
		p.out.Metric = m
		return p.count
	}
	if m := quantileForm.FindStringSubmatch(t.text); m != nil {
		if q, err := strconv.ParseFloat(m[1]+"e-2", 64); err == nil && q > 0 {
			p.out.Metric, p.out.Quantile = envd.MetricQuantile, q
			return p.millis
		}
	}
	if t.text == "" {
		p.fail(t, ruleBadCondition, "the condition is empty", p.shape())
	} else {
		p.fail(t, ruleUnknownMetric, fmt.Sprintf("there is no metric %s", quote(t.text)), suggest(t.text, "metric", metricNames))
	}
	return nil
}
