package spec

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/envd-dev/envd/envd"
)

// Names follow https://prometheus.io/docs/concepts/data_model/. The additional characters that Prometheus 3 allows in quotes
// are not supported.
var (
	seriesName  = regexp.MustCompile(`^[a-zA-Z_:][a-zA-Z0-9_:]*$`)
	seriesLabel = regexp.MustCompile(`^\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*("(?:[^"\\]|\\.)*")\s*(,|\}$)`)
	plainNumber = regexp.MustCompile(`^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$`)
)

const seriesHelp = `write for example queue_length, or http_requests_total{code="500"}`

// serviceMetric reads a condition on a metric that a service exposes.
func (p *conditionParser) serviceMetric() {
	p.out.Kind = envd.ServiceMetric
	p.word("metric")
	p.out.Service = p.scraped(p.next())
	p.out.Series = p.series(p.next())
	const increased = "increased"
	if t := p.peek(); t.text == increased {
		p.next()
		p.out.Increased = true
	} else if nearest(t.text, []string{increased}) != "" {
		p.unexpected(t, increased, increased)
	}
	p.operator()
	p.out.Value = p.amount(p.next())
	p.place(func(lexeme) {})
}

// scraped expects the name of a service with metrics.
func (p *conditionParser) scraped(t lexeme) string {
	switch {
	case p.wrong != nil || slices.Contains(p.known.scraped, t.text):
	case t.text == "":
		p.unexpected(t, "the name of a service", "")
	case slices.Contains(p.known.services, t.text):
		p.fail(t, ruleBadCondition, fmt.Sprintf("service %s has no metrics to read", quote(t.text)), "add to the service: metrics: {port: 8080, path: /metrics}")
	default:
		p.fail(t, ruleUnknownService, fmt.Sprintf("there is no service %s", quote(t.text)), suggest(t.text, "service with metrics", p.known.scraped))
	}
	return t.text
}

// series reads the name of a series, and labels that it must have.
func (p *conditionParser) series(t lexeme) *envd.Series {
	name, rest, braces := strings.Cut(t.text, "{")
	switch {
	case p.wrong != nil:
		return nil
	case t.text == "" || slices.Contains(operators, t.text):
		p.unexpected(t, "the name of a metric", "")
		return nil
	case !seriesName.MatchString(name):
		p.fail(lexeme{name, t.offset}, ruleBadCondition, fmt.Sprintf("%s is not the name of a metric", quote(name)), seriesHelp)
		return nil
	}
	out := &envd.Series{Name: name}
	if !braces {
		return out
	}
	out.Labels = map[string]string{}
	for rest != "}" {
		at := lexeme{rest, t.offset + len(t.text) - len(rest)}
		if rest == "" {
			p.fail(at, ruleBadCondition, "the labels end without a closing brace", seriesHelp)
			return nil
		}
		m := seriesLabel.FindStringSubmatch(rest)
		if m == nil {
			p.fail(at, ruleBadCondition, fmt.Sprintf("%s does not begin with a label and its value in quotes", quote(rest)), seriesHelp)
			return nil
		}
		value, err := strconv.Unquote(m[2])
		if err != nil {
			p.fail(at, ruleBadCondition, fmt.Sprintf("%s is not in quotes as a label's value should be", quote(m[2])), seriesHelp)
			return nil
		}
		out.Labels[m[1]] = value
		if rest = strings.TrimSpace(rest[len(m[0]):]); m[3] == "}" {
			rest += "}"
		}
	}
	return out
}
