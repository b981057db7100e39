package diff

import (
	"encoding/base64"
	"strings"

	"github.com/envd-dev/envd/stubs/internal/event"
	"github.com/envd-dev/envd/stubs/internal/jackson"
	"github.com/envd-dev/envd/stubs/internal/mapping"
	"github.com/envd-dev/envd/stubs/internal/match"
	"github.com/envd-dev/envd/stubs/internal/requestmatch"
)

// pathPattern is a pattern that looks at what an expression selects: matchesJsonPath, matchesXPath.
type pathPattern interface {
	// Submatcher is the pattern on what the expression selects, nil when selecting anything is enough.
	Submatcher() match.Pattern
	// Findings are what the expression selects from a value.
	Findings(match.Value) []string
}

// prettier is a pattern that can lay out both sides alike: equalToXml.
type prettier interface{ Pretty(string) string }

// bodies compares the patterns that the body does not fit; those that it fits are not shown.
func (c *comparison) bodies(ps []match.Pattern, body match.Value) []row {
	var rows []row
	for _, p := range ps {
		if !p.Exact(body) {
			rows = append(rows, bodyRow(p, body))
		}
	}
	return rows
}

func bodyRow(p match.Pattern, body match.Value) row {
	const what = "Body"
	if path, ok := p.(pathPattern); ok {
		sub := path.Submatcher()
		if sub == nil {
			return compare(p.Expected(), body.Text, what, false)
		}
		left, right := p.Expected()+" ["+sub.Name()+"] "+layout(sub, sub.Expected()), body.Text
		if found := path.Findings(body); len(found) > 0 {
			right = layout(sub, strings.Join(found, "\n"))
		}
		return compare(left, right, what, false)
	}
	if p.Name() == "binaryEqualTo" {
		return compare(p.Expected(), base64.StdEncoding.EncodeToString([]byte(body.Text)), what, false)
	}
	expected := p.Expected()
	if p.Name() == "matchesJsonSchema" {
		expected = prettyJSON(expected)
	}
	return compare("["+p.Name()+"]\n"+layout(p, expected), "\n"+layout(p, body.Text), what, false)
}

// layout prints a JSON or XML document over several lines where the pattern compares documents.
func layout(p match.Pattern, s string) string {
	if x, ok := p.(prettier); ok {
		return x.Pretty(s)
	}
	if p.Name() == "equalToJson" {
		return prettyJSON(s)
	}
	return s
}

func prettyJSON(s string) string {
	v, err := jackson.Decode([]byte(s))
	if _, empty := v.(jackson.Missing); err != nil || empty {
		return s
	}
	return string(jackson.Pretty(v))
}

// multipart compares every part of the body with every multipart pattern that no part fits.
func (c *comparison) multipart() {
	for i := range c.pattern.Multipart {
		p := &c.pattern.Multipart[i]
		if requestmatch.Multipart(p, c.View) {
			continue
		}
		if !c.Request.IsMultipart() {
			const label = "[Multipart request body]"
			c.add(row{left: label, note: label + " is not present"})
			continue
		}
		for _, part := range c.Parts() {
			c.part(p, &part)
		}
	}
}

func (c *comparison) part(p *mapping.MultipartPattern, part *event.Part) {
	label := "[Multipart]"
	if p.Name != "" {
		label = "[Multipart: " + p.Name + "]"
	}
	c.add(blank, row{left: label, right: "[" + part.Name + "]"}, blank)
	var headers []row
	for _, h := range p.Headers {
		values := part.Header.Values(h.Name)
		headers = append(headers, valuesRow(headerLabel(h.Name, h.Pattern), h.Name, "Header", values, h.Pattern.ExactAll(values)))
	}
	c.section(headers)
	c.section(c.bodies(p.BodyPatterns, match.Body(part.Body)))
	c.add(row{left: "[/Multipart]", right: "[/" + part.Name + "]"}, blank)
}
