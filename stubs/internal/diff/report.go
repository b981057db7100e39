package diff

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/envd-dev/envd/stubs/internal/event"
	"github.com/envd-dev/envd/stubs/internal/javaset"
	"github.com/envd-dev/envd/stubs/internal/javauri"
	"github.com/envd-dev/envd/stubs/internal/mapping"
	"github.com/envd-dev/envd/stubs/internal/match"
	"github.com/envd-dev/envd/stubs/internal/requestmatch"
)

// Report compares the request with a stub, which is in a scenario whose state is state. The error is an exception that
// WireMock throws where it cannot compare.
func Report(stub *mapping.StubMapping, state string, v *requestmatch.View) (string, error) {
	c := compareAll(stub, state, v)
	return page(c.rows), c.failure
}

// Reasons are the differences that [Report] marks, in words: what does not match, what is wanted and what came.
func Reasons(stub *mapping.StubMapping, state string, v *requestmatch.View) []string {
	var out []string
	for _, r := range compareAll(stub, state, v).rows {
		if r.note == "" || r.left == r.right {
			continue
		}
		out = append(out, fmt.Sprintf("%s: wanted %q, got %q", r.note, short(r.left), short(r.right)))
	}
	return out
}

// longest is how much of a value a reason shows.
const longest = 200

func short(s string) string {
	if len(s) <= longest {
		return s
	}
	return strings.ToValidUTF8(s[:longest], "") + " …"
}

func compareAll(stub *mapping.StubMapping, state string, v *requestmatch.View) *comparison {
	c := &comparison{View: v, pattern: stub.Request}
	c.add(blank)
	if stub.HasName() {
		c.add(row{left: stub.Name}, blank)
	}
	c.head()
	c.add(blank)
	c.section(c.headers())
	if rows, compared := c.pathParameters(); compared {
		c.add(append(rows, blank)...)
	}
	if c.pattern.QueryParameters != nil {
		c.fail(javauri.Failure(v.Request.URL))
	}
	c.section(c.parameters("Query", "Query", c.pattern.QueryParameters, v.Query()))
	c.section(c.parameters("Form", "Form data", c.pattern.FormParameters, v.Form()))
	c.section(c.cookies())
	c.add(c.bodies(c.pattern.BodyPatterns, shown(v))...)
	c.multipart()
	if m := c.pattern.CustomMatcher; m != nil {
		label := "[custom matcher: " + cmp.Or(m.Name, "null") + "]"
		c.add(row{left: label, right: label})
	}
	if stub.RequiresState() && stub.InScenario() {
		// WireMock marks the state even when it is the required one.
		c.add(compare(scenario(stub, stub.RequiredScenarioState), scenario(stub, state), "Scenario", false))
	}
	c.add(blank)
	return c
}

// shown is the body as the page compares it: other than when serving, an empty one counts as present, and its text is
// UTF-8 whatever the content type says.
func shown(v *requestmatch.View) match.Value {
	switch {
	case len(v.Request.Body) == 0:
		return match.Text("")
	case v.Request.IsUTF8():
		return v.Body()
	}
	return match.Body(v.Request.Body)
}

func scenario(stub *mapping.StubMapping, state string) string {
	return "[Scenario '" + stub.ScenarioName + "' state: " + state + "]"
}

// comparison collects the rows of a page.
type comparison struct {
	*requestmatch.View
	pattern *mapping.RequestPattern
	rows    []row
	failure error
}

func (c *comparison) add(rows ...row) { c.rows = append(c.rows, rows...) }

// section adds rows with a blank one behind them.
func (c *comparison) section(rows []row) {
	if len(rows) > 0 {
		c.add(rows...)
		c.add(blank)
	}
}

// compare is a row on one part of the request; what names the part in the note.
func compare(left, right, what string, ok bool) row {
	r := row{left: left, right: right}
	if !ok {
		r.note = what + " does not match"
	}
	return r
}

// missing is a row on a part that the request does not have. WireMock marks it even where absence is what is wanted.
func missing(left, what string) row { return row{left: left, note: what + " is not present"} }

// head compares what stands in the request's head: host, port, client, scheme, method and URL.
func (c *comparison) head() {
	p, r := c.pattern, c.Request
	if p.Host != nil {
		c.add(compare(hostLabel(p.Host), r.Host, "Host", p.Host.Exact(match.Text(r.Host))))
	}
	if p.Port != nil {
		c.add(compare(strconv.Itoa(*p.Port), strconv.Itoa(r.Port), "Port", *p.Port == r.Port))
	}
	if p.ClientIP != nil {
		label := p.ClientIP.Name()
		if label != "anything" {
			label += " " + operand(p.ClientIP)
		}
		c.add(compare(label, r.ClientIP, "ClientIp", false)) // WireMock compares with the text on the left
	}
	if p.Scheme != "" {
		c.add(compare(p.Scheme, r.Scheme, "Scheme", p.Scheme == r.Scheme))
	}
	c.add(compare(p.Method, r.Method, "HTTP method", requestmatch.Method(p.Method, r.Method)))
	c.add(c.url())
}

func (c *comparison) url() row {
	u := &c.pattern.URL
	r := compare(urlLabel(u), c.Request.URL, "URL", requestmatch.URL(u, c.View))
	regex := u.Kind == mapping.URLRegex || u.Kind == mapping.PathRegex
	advice := ""
	if at := strings.IndexByte(u.Expected, '?'); regex && at >= 0 && (at < 2 || u.Expected[at-1] != '\\') {
		advice = `. When using a regex, "?" should be "\?"`
	}
	if u.Kind != mapping.AnyURL && !strings.HasPrefix(u.Expected, "/") {
		advice += ". URLs must start with a /"
	}
	if advice != "" && r.note == "" {
		r.note = "null" // as WireMock prints advice on a URL that does match
	}
	r.note += advice
	return r
}

func urlLabel(u *mapping.URLPattern) string {
	switch u.Kind {
	case mapping.AnyURL:
		return "(always)"
	case mapping.URLRegex:
		return "[regex] " + u.Expected
	case mapping.PathEqual:
		return "[path] " + u.Expected
	case mapping.PathRegex:
		return "[path regex] " + u.Expected
	case mapping.PathTemplate:
		return "[path template] " + u.Expected
	}
	return u.Expected
}

func (c *comparison) headers() []row {
	var rows []row
	for _, h := range c.pattern.Headers {
		values := c.Request.Values(h.Name)
		c.fail(match.FailureOfAll(h.Pattern, values))
		rows = append(rows, valuesRow(headerLabel(h.Name, h.Pattern), h.Name, "Header", values, h.Pattern.ExactAll(values)))
	}
	auth := c.pattern.BasicAuth
	if auth == nil {
		return rows
	}
	const name = "Authorization"
	values := c.Request.Values(name)
	c.fail(requestmatch.AuthFailure(auth, c.Request))
	credentials := valuesRow(name+" [prefix] : "+auth.Header(), name, "Header", values, requestmatch.Auth(auth, c.Request))
	return byHash(append(rows, credentials), append(c.headerNames(), name))
}

func (c *comparison) headerNames() []string {
	var names []string
	for _, h := range c.pattern.Headers {
		names = append(names, h.Name)
	}
	return names
}

// byHash orders rows as WireMock does once it has put credentials among the headers: in a hash table of Java's, by name.
func byHash(rows []row, names []string) []row {
	out := make([]row, len(rows))
	for i, name := range javaset.OrderOfCopy(names) {
		out[i] = rows[slices.Index(names, name)]
	}
	return out
}

// valuesRow compares a name with its values, one line each.
func valuesRow(label, name, what string, values []string, ok bool) row {
	if len(values) == 0 {
		return missing(label, what)
	}
	lines := make([]string, len(values))
	for i, v := range values {
		lines[i] = name + ": " + v
	}
	return compare(label, strings.Join(lines, "\n"), what, ok)
}

// pathParameters are rows on those that the template has, if there are patterns and the URL is one of the template's.
func (c *comparison) pathParameters() (rows []row, compared bool) {
	if len(c.pattern.PathParameters) == 0 || c.pattern.URL.Kind != mapping.PathTemplate || !requestmatch.URL(&c.pattern.URL, c.View) {
		return nil, false
	}
	values := c.pattern.URL.Template.Variables(c.Path())
	for _, p := range c.pattern.PathParameters {
		value, given := values[p.Name]
		if !given {
			continue // the template has no such variable
		}
		label := "Path parameter: " + p.Name + " [" + p.Pattern.Name() + "] " + operand(p.Pattern)
		if isEquality(p.Pattern) {
			label = "Path parameter: " + p.Name + " = " + operand(p.Pattern)
		}
		if value == "" {
			rows = append(rows, missing(label, "Path parameter"))
			continue
		}
		c.fail(match.Failure(p.Pattern, match.Text(value)))
		rows = append(rows, compare(label, value, "Path parameter", p.Pattern.Exact(match.Text(value))))
	}
	return rows, true
}

func (c *comparison) parameters(label, what string, ps []mapping.Named[match.MultiPattern], params event.Params) []row {
	var rows []row
	for _, p := range ps {
		values := params.Get(p.Name)
		c.fail(match.FailureOfAll(p.Pattern, values))
		left, ok := multiple(p.Name, p.Pattern)
		if !ok {
			left = assigned(p.Name, " = ", p.Pattern)
		}
		rows = append(rows, valuesRow(label+": "+left, p.Name, what, values, p.Pattern.ExactAll(values)))
	}
	return rows
}

func (c *comparison) cookies() []row {
	var rows []row
	for _, p := range c.pattern.Cookies {
		values := c.Cookies().Get(p.Name)
		label := "Cookie: " + p.Name + " [" + p.Pattern.Name() + "] " + operand(p.Pattern)
		if isEquality(p.Pattern) {
			label = "Cookie: " + p.Name + "=" + operand(p.Pattern)
		}
		if len(values) == 0 || values[0] == "" {
			c.fail(match.Failure(p.Pattern, match.Text("")))
			rows = append(rows, missing(label, "Cookie"))
			continue
		}
		c.fail(match.Failure(p.Pattern, match.Text(values[0])))
		rows = append(rows, compare(label, values[0], "Cookie", p.Pattern.Exact(match.Text(values[0]))))
	}
	return rows
}
