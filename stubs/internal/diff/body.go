package diff

import (
	"encoding/base64"
	"fmt"
	"hash/fnv"

	"github.com/envd-dev/envd/stubs/internal/event"
	"github.com/envd-dev/envd/stubs/internal/jsondoc"
	"github.com/envd-dev/envd/stubs/internal/mapping"
	"github.com/envd-dev/envd/stubs/internal/match"
	"github.com/envd-dev/envd/stubs/internal/requestmatch"
	"github.com/envd-dev/envd/stubs/internal/xmlmatch"
)

// pathPattern is a pattern that looks at what an expression selects: matchesJsonPath, matchesXPath.
type pathPattern interface {
	// Submatcher is the pattern on what the expression selects, nil when selecting anything is enough.
	Submatcher() match.Pattern
	// Findings are what the expression selects from a value.
	Findings(match.Value) []string
}

// bodies compares the patterns that the body does not fit; those that it fits are not shown. WireMock tries them on the
// body as it prints it, in a line of its own, so that a body that equals what is expected may be shown all the same.
func (c *comparison) bodies(ps []match.Pattern, body match.Value) []row {
	var rows []row
	for _, p := range ps {
		tried := match.Text("\n" + layout(p, body.Text))
		r := bodyRow(p, body)
		x, selects := p.(pathPattern)
		switch {
		case selects && x.Submatcher() != nil && len(x.Findings(body)) > 0:
			tried, p = match.Text(r.right), x.Submatcher()
		case p.Name() == "binaryEqualTo": // WireMock compares the bytes with the body as Base64 text
			tried = match.Text(base64.StdEncoding.EncodeToString([]byte(body.Text)))
		}
		if selects && body.Text == "" || !p.Exact(tried) { // expressions never fit an empty text
			rows = append(rows, r)
		}
		c.fail(match.Failure(p, tried))
	}
	return rows
}

// fail notes the first exception that WireMock would throw while it prints.
func (c *comparison) fail(err error) {
	if c.failure == nil {
		c.failure = err
	}
}

func bodyRow(p match.Pattern, body match.Value) row {
	const what = "Body"
	if path, ok := p.(pathPattern); ok {
		sub := path.Submatcher()
		if sub == nil {
			return selected(p.Expected(), body.Text)
		}
		left, right := p.Expected()+" ["+sub.Name()+"] "+expected(sub), body.Text
		if found := path.Findings(body); len(found) > 0 {
			right = found[0]
		}
		return selected(left, right)
	}
	if p.Name() == "binaryEqualTo" {
		return compare(p.Expected(), javaBytes(body.Text), what, false)
	}
	return compare("["+p.Name()+"]\n"+expected(p), "\n"+layout(p, body.Text), what, false)
}

// expected is what a pattern was given, laid out.
func expected(p match.Pattern) string {
	switch p.Name() {
	case "equalToXml": // which is laid out already
		return p.Expected()
	case "matchesJsonSchema":
		return prettyJSON(p.Expected())
	}
	return layout(p, p.Expected())
}

// selected is a row on what an expression selects, or on the whole body where that is nothing.
func selected(left, right string) row {
	if right == "" {
		return missing(left, "Body")
	}
	return compare(left, right, "Body", false)
}

// javaBytes is how Java prints an array of bytes, which is what WireMock shows of a binary body: its type and a hash.
func javaBytes(body string) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(body)) // never fails
	return fmt.Sprintf("[B@%x", h.Sum32())
}

// layout prints a JSON or XML document over several lines where the pattern compares documents.
func layout(p match.Pattern, s string) string {
	switch p.Name() {
	case "equalToJson":
		return prettyJSON(s)
	case "equalToXml":
		return xmlmatch.Layout(s)
	}
	return s
}

func prettyJSON(s string) string {
	v, err := jsondoc.DecodeString(s)
	if err != nil {
		return s
	}
	return jsondoc.Pretty(v)
}

// multipart compares every part of the body with every multipart pattern that no part fits.
func (c *comparison) multipart() {
	for i := range c.pattern.Multipart {
		p := &c.pattern.Multipart[i]
		c.fail(requestmatch.MultipartFailure(p, c.View))
		if requestmatch.Multipart(p, c.View) {
			continue
		}
		if len(c.Parts()) == 0 {
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
	defer c.add(row{left: "[/Multipart]", right: "[/" + part.Name + "]"}, blank)
	if requestmatch.Part(p, part) {
		return
	}
	var headers []row
	for _, h := range p.Headers {
		values := part.Header.Values(h.Name)
		c.fail(match.FailureOfAll(h.Pattern, values))
		headers = append(headers, valuesRow(headerLabel(h.Name, h.Pattern), h.Name, "Header", values, h.Pattern.ExactAll(values)))
	}
	c.section(headers)
	c.add(append(c.bodies(p.BodyPatterns, match.Body(part.Body)), blank)...)
}
