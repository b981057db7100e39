package difftest

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/url"
	"regexp"
	"slices"
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

// caseBuilder makes one case: the request pattern and requests for it together.
type caseBuilder struct {
	*Generator
	request  map[string]any
	requests []Request
	files    map[string]string
	target   string
	settled  bool   // an admin call has set the settings
	content  string // the Content-Type of bodies, once a part has chosen it

}

// Case makes the next case.
func (g *Generator) Case() Case {
	g.count++
	b := &caseBuilder{Generator: g, request: map[string]any{}, files: map[string]string{}, target: fmt.Sprintf("/c%d", g.count%7)}
	b.requests = make([]Request, 2+g.IntN(3))
	b.url()
	for i := range b.requests {
		b.requests[i].Method = "POST"
	}
	b.method()
	for range 1 + g.IntN(5)/3 {
		pick(g, b.body, b.body, b.body, b.body, b.body, b.header, b.query, b.cookie, b.form, b.multipart, b.auth, b.address)()
	}
	mappings := b.mappings()
	b.finish()
	c := Case{Files: b.files, Mappings: mappings, Requests: b.requests}
	if g.sometimes(3) {
		for range 1 + g.IntN(3) {
			c.Admin = append(c.Admin, b.adminCall(mappings))
		}
	}
	return c
}

// mappings lists mappings for the request pattern: often one, at times more that compete for the requests.
func (b *caseBuilder) mappings() []map[string]any {
	count := 1
	if b.sometimes(4) {
		count += 1 + b.IntN(2)
	}
	scenario := b.sometimes(8)
	var list []map[string]any
	for i := range count {
		m := map[string]any{
			"id":      fmt.Sprintf("00000000-0000-4000-8000-%012d", b.count*10+i),
			"name":    fmt.Sprint("case", i),
			"request": b.request,
		}
		if i > 0 {
			m["request"] = b.wider()
		}
		if b.sometimes(3) || i > 0 && b.sometimes(2) {
			m["priority"] = 1 + b.IntN(6)
		}
		if b.sometimes(6) {
			m["metadata"] = b.metadata()
		}
		if scenario {
			m["scenarioName"] = pick(b.Generator, "s", "s", "other one")
			if !b.sometimes(3) {
				m["requiredScenarioState"] = pick(b.Generator, "Started", "Started", "two")
			}
			if b.sometimes(2) {
				m["newScenarioState"] = pick(b.Generator, "two", "Started", "three")
			}
		}
		if m["response"] = map[string]any{"status": 299 - i}; b.sometimes(4) {
			m["response"] = b.response()
		}
		list = append(list, m)
	}
	return list
}

// wider is the request pattern with a part less.
func (b *caseBuilder) wider() map[string]any {
	r := maps.Clone(b.request)
	if keys := slices.Sorted(maps.Keys(r)); len(keys) > 1 {
		delete(r, pick(b.Generator, keys...))
	}
	if _, named := r["pathParameters"]; named && r["urlPathTemplate"] == nil {
		delete(r, "pathParameters")
	}
	return r
}

func (b *caseBuilder) metadata() map[string]any {
	o := map[string]any{b.key(): b.document(2), b.key(): b.document(1)}
	return o
}

func (b *caseBuilder) method() {
	b.request["method"] = pick(b.Generator, "POST", "POST", "POST", "ANY", "PUT", "post", "PATCH", "DELETE", "GET", "PURGE")
	if b.sometimes(20) {
		delete(b.request, "method")
	}
	for i := range b.requests {
		if m, _ := b.request["method"].(string); m != "" && m != "ANY" && !b.sometimes(8) {
			b.requests[i].Method = strings.ToUpper(m)
		} else if b.sometimes(6) {
			b.requests[i].Method = pick(b.Generator, "GET", "HEAD", "OPTIONS", "DELETE", "PUT", "X-ODD")
		}
	}
}

// url chooses one of the five ways to say which URLs match.
func (b *caseBuilder) url() {
	word := pick(b.Generator, "things", "a", "x1", "Ünal", "a.b", "5%", "%41")
	path := b.target + "/" + word
	escaped := (&url.URL{Path: path}).EscapedPath()
	switch b.IntN(8) {
	case 0:
		b.request["url"] = escaped + pick(b.Generator, "", "", "?a=b")
	case 1:
		b.request["urlPattern"] = pick(b.Generator, b.target+"/.*", b.target+"/[a-z]+", "/c\\d/(things|a)(\\?.*)?", b.target+"/(?!x).*")
	case 2:
		b.request["urlPathPattern"] = pick(b.Generator, b.target+"/.*", b.target+"/[^/]+", ".*/(a|x1)", b.target+"/\\w++")
	case 3, 4:
		b.template(word)
		return
	default:
		b.request["urlPath"] = escaped
	}
	for i := range b.requests {
		b.requests[i].Target = escaped
		if b.sometimes(6) {
			b.requests[i].Target += pick(b.Generator, "/", "x", "?a=b", "/more", "?", "?a=b&a=c&d", "//", ";v=1", "%20", "?%zz", "?a=%C3%A9&=x&&b")
		}
		if b.sometimes(40) {
			b.requests[i].Target = pick(b.Generator, odd...)(escaped)
		}
	}
}

// odd are ways to write a target that servers refuse, or tidy up.
var odd = []func(string) string{
	func(p string) string { return "/." + p },
	func(p string) string { return "/x/.." + p },
	func(p string) string { return "/.." + p },
	func(p string) string { return "/%2e%2e" + p },
	func(p string) string { return "/%2e" + p },
	func(p string) string { return "/x%2f" + p },
	func(p string) string { return p + "%00" },
	func(p string) string { return p + "%" },
	func(p string) string { return p + "%zz" },
	func(p string) string { return "/" + p },
	func(p string) string { return p + "#fragment" },
	func(p string) string { return p + "\\x" },
	func(p string) string { return p + "%ff" },
	func(p string) string { return p + "%5c" },
	func(p string) string { return p + "/..;/x" },
	func(p string) string { return p + ";a=b/x" },
	func(p string) string { return p + "?a=b?c=d" },
	func(p string) string { return p + "?q=%00" },
	func(p string) string { return p + "?q=%" },
	func(p string) string { return p + "\"<>^`{|}" },
	func(p string) string { return p + "é" },
	func(p string) string { return "http://" + host + p },
	func(p string) string { return p[1:] },
}

// template makes the URL a path template.
func (b *caseBuilder) template(word string) {
	template := b.target + pick(b.Generator, "/{id}", "/{id}/{sub}", "/{id}/**", "/**", "/p-{id}", "/{.id}", "/{id}{sub}", "/{a}/x/{b}", "/{;id}", "/{id*}", "/{/id*}")
	b.request["urlPathTemplate"] = template
	if b.sometimes(2) && strings.Contains(template, "id") {
		p := b.text(1)
		b.request["pathParameters"] = map[string]any{"id": p.json}
		word = url.PathEscape(pick(b.Generator, append(p.values, word)...))
	}
	word = strings.ReplaceAll(word, "%", "%25") // broken escapes are among the odd targets
	for i := range b.requests {
		b.requests[i].Target = b.target + pick(b.Generator, "/"+word, "/"+word, "/"+word+"/y", "/"+word+"/x/y", "/", "", "/p-"+word, "/"+word+"?q=1", "/."+word, "/;id="+word)
	}
}

// oddName is an attribute like xmlnsn="u", which the JDK's transformer prints as a declaration, or a name like <:b>: where
// WireMock makes a document anew, such names change or are refused. The engine does not go that way.
var oddName = regexp.MustCompile(`xmlns[^:=]|[< /]:`)

// hugeExponent is in numbers that Java's arithmetic overflows on, or refuses.
var hugeExponent = regexp.MustCompile(`[eE][+-]?[0-9]{7}`)

// vary sometimes makes a value a little different.
func (g *Generator) vary(s string) string {
	if v := g.varied(s); !oddName.MatchString(v) && !noQName.MatchString(v) && !hugeExponent.MatchString(v) {
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
