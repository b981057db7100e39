package difftest

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"net/url"
	"regexp"
	"strings"
)

// Generator makes cases; the same seed makes the same ones.
type Generator struct {
	*rand.Rand
	count int
}

// NewGenerator is a generator for a seed.
func NewGenerator(seed uint64) *Generator {
	return &Generator{Rand: rand.New(rand.NewPCG(seed, seed))}
}

// pattern is a matcher, with values of which some match it and others nearly do.
type pattern struct {
	json   map[string]any
	values []string
}

func pick[T any](g *Generator, list ...T) T { return list[g.IntN(len(list))] }

// sometimes is true once in n times.
func (g *Generator) sometimes(n int) bool { return g.IntN(n) == 0 }

// Case makes the next case.
func (g *Generator) Case() Case {
	g.count++
	b := &caseBuilder{Generator: g, request: map[string]any{}, target: fmt.Sprintf("/c%d", g.count%7)}
	b.requests = make([]Request, 2+g.IntN(3))
	b.url()
	for i := range b.requests {
		b.requests[i].Method = "POST"
	}
	b.method()
	for range 1 + g.IntN(5)/3 {
		pick(g, b.body, b.body, b.body, b.body, b.header, b.query, b.cookie, b.form)()
	}
	for i := range b.requests {
		if b.requests[i].Target == "" {
			b.requests[i].Target = b.target
		}
	}
	b.finish()
	return Case{
		Mapping: map[string]any{
			"id":       fmt.Sprintf("00000000-0000-4000-8000-%012d", g.count),
			"name":     "case",
			"request":  b.request,
			"response": map[string]any{"status": 299},
		},
		Requests: b.requests,
	}
}

type caseBuilder struct {
	*Generator
	request  map[string]any
	requests []Request
	target   string
	formed   bool
}

func (b *caseBuilder) method() {
	b.request["method"] = pick(b.Generator, "POST", "POST", "ANY", "PUT")
	for i := range b.requests {
		if m := b.request["method"]; m != "ANY" && !b.sometimes(8) {
			b.requests[i].Method = m.(string)
		}
	}
}

// url chooses one of the five ways to say which URLs match.
func (b *caseBuilder) url() {
	word := pick(b.Generator, "things", "a", "x1", "Ünal", "a.b")
	path := b.target + "/" + word
	switch b.IntN(8) {
	case 0:
		b.request["url"] = (&url.URL{Path: path}).EscapedPath()
	case 1:
		b.request["urlPattern"] = pick(b.Generator, b.target+"/.*", b.target+"/[a-z]+", "/c\\d/(things|a)(\\?.*)?", b.target+"/(?!x).*")
	case 2:
		b.request["urlPathPattern"] = pick(b.Generator, b.target+"/.*", b.target+"/[^/]+", ".*/(a|x1)", b.target+"/\\w++")
	case 3, 4:
		template := b.target + pick(b.Generator, "/{id}", "/{id}/{sub}", "/{id}/**", "/**", "/p-{id}", "/{.id}", "/{id}{sub}", "/{a}/x/{b}")
		b.request["urlPathTemplate"] = template
		if b.sometimes(2) && strings.Contains(template, "{id}") {
			p := b.text(1)
			b.request["pathParameters"] = map[string]any{"id": p.json}
			word = url.PathEscape(pick(b.Generator, append(p.values, word)...))
		}
		for i := range b.requests {
			b.requests[i].Target = b.target + pick(b.Generator, "/"+word, "/"+word+"/y", "/"+word+"/x/y", "/", "", "/p-"+word, "/"+word+"?q=1")
		}
		return
	default:
		b.request["urlPath"] = (&url.URL{Path: path}).EscapedPath()
	}
	for i := range b.requests {
		b.requests[i].Target = (&url.URL{Path: path}).EscapedPath()
		if b.sometimes(6) {
			b.requests[i].Target += pick(b.Generator, "/", "x", "?a=b", "/more")
		}
	}
}

func (b *caseBuilder) body() {
	if b.formed {
		return
	}
	var patterns []any
	var values []string
	for range 1 + b.IntN(5)/4 {
		p := b.content()
		patterns = append(patterns, p.json)
		values = append(values, p.values...)
	}
	b.request["bodyPatterns"] = patterns
	for i := range b.requests {
		b.requests[i].Body = b.vary(pick(b.Generator, values...))
		b.requests[i].Headers = append(b.requests[i].Headers, [2]string{"Content-Type", pick(b.Generator, "application/json", "text/plain", "text/xml")})
	}
}

// content is a pattern for a body.
func (b *caseBuilder) content() pattern {
	if b.sometimes(25) {
		s := b.word()
		return pattern{map[string]any{"binaryEqualTo": base64.StdEncoding.EncodeToString([]byte(s))}, []string{s}}
	}
	return b.pattern(2)
}

func (b *caseBuilder) header() {
	p := b.multi()
	b.request["headers"] = map[string]any{"X-Test": p.json}
	for i := range b.requests {
		for range b.IntN(3) {
			if v := b.vary(pick(b.Generator, p.values...)); printable(v) {
				b.requests[i].Headers = append(b.requests[i].Headers, [2]string{"X-Test", v})
			}
		}
	}
}

// printable reports whether a text survives as a header's value.
func printable(s string) bool {
	for _, r := range s {
		if r < ' ' || r > '~' {
			return false
		}
	}
	return strings.TrimSpace(s) == s
}

func (b *caseBuilder) query() {
	p := b.multi()
	b.request["queryParameters"] = map[string]any{"q": p.json}
	for i := range b.requests {
		var q []string
		for range b.IntN(3) {
			q = append(q, "q="+url.QueryEscape(b.vary(pick(b.Generator, p.values...))))
		}
		if len(q) > 0 && !strings.Contains(b.requests[i].Target, "?") {
			b.requests[i].Target += "?" + strings.Join(q, "&")
		}
	}
}

func (b *caseBuilder) cookie() {
	p := b.text(1)
	b.request["cookies"] = map[string]any{"c": p.json}
	for i := range b.requests {
		if v := b.vary(pick(b.Generator, p.values...)); b.sometimes(2) && token(v) {
			b.requests[i].Headers = append(b.requests[i].Headers, [2]string{"Cookie", "c=" + v})
		}
	}
}

// token reports whether a text can be the value of a cookie. Upper case is left out: on one connection, Jetty takes a
// cookie for an earlier one that differs in case only.
func token(s string) bool {
	for _, r := range s {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '.' {
			continue
		}
		return false
	}
	return s != ""
}

func (b *caseBuilder) form() {
	if _, taken := b.request["bodyPatterns"]; taken {
		return
	}
	b.formed = true
	p := b.multi()
	b.request["formParameters"] = map[string]any{"f": p.json}
	for i := range b.requests {
		b.requests[i].Body = "f=" + url.QueryEscape(b.vary(pick(b.Generator, p.values...)))
		b.requests[i].Headers = append(b.requests[i].Headers, [2]string{"Content-Type", "application/x-www-form-urlencoded"})
	}
}

// finish makes the headers of every request unambiguous.
func (b *caseBuilder) finish() {
	for i := range b.requests {
		var kept [][2]string
		typed := false
		for _, h := range b.requests[i].Headers {
			if h[0] == "Content-Type" {
				if typed {
					continue
				}
				typed = true
			}
			kept = append(kept, h)
		}
		b.requests[i].Headers = kept
	}
}

// multi is a pattern for a value that may come several times.
func (b *caseBuilder) multi() pattern {
	if b.IntN(4) > 0 {
		return b.text(1)
	}
	var patterns []any
	var values []string
	for range 1 + b.IntN(2) {
		p := b.text(0)
		patterns, values = append(patterns, p.json), append(values, p.values...)
	}
	return pattern{map[string]any{pick(b.Generator, "hasExactly", "includes"): patterns}, values}
}

// oddName is an attribute like xmlnsn="u", which the JDK's transformer prints as a declaration, or an element like <:b>:
// where WireMock prints a document to read it again with namespaces, such names change. The engine does not go that way.
var oddName = regexp.MustCompile(`xmlns[^:=]|<:`)

// vary sometimes makes a value a little different.
func (g *Generator) vary(s string) string {
	if v := g.varied(s); !oddName.MatchString(v) {
		return v
	}
	return s
}

func (g *Generator) varied(s string) string {
	if !g.sometimes(4) || s == "" {
		return s
	}
	r := []rune(s)
	i := g.IntN(len(r))
	switch g.IntN(4) {
	case 0:
		return string(r[:i]) + string(r[i+1:])
	case 1:
		return string(r[:i]) + pick(g, "x", " ", "0", "A", "é", "}", "<") + string(r[i:])
	case 2:
		return strings.ToUpper(s)
	}
	return s + pick(g, " ", "x", "1", "\n")
}
