package difftest

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

func (b *caseBuilder) body() {
	if b.content != "" {
		return
	}
	b.content = pick(b.Generator, "application/json", "text/plain", "text/xml", "text/plain; charset=utf-8")
	var patterns []any
	var values []string
	for range 1 + b.IntN(5)/4 {
		p := b.bodyPattern()
		patterns = append(patterns, p.json)
		values = append(values, p.values...)
	}
	b.request["bodyPatterns"] = patterns
	for i := range b.requests {
		b.requests[i].Body = b.vary(pick(b.Generator, values...))
	}
}

// bodyPattern is a pattern for a body.
func (b *caseBuilder) bodyPattern() pattern {
	if b.sometimes(25) {
		s := b.word()
		return pattern{map[string]any{"binaryEqualTo": base64.StdEncoding.EncodeToString([]byte(s))}, []string{s, b.word()}}
	}
	return b.pattern(2)
}

func (b *caseBuilder) header() {
	p := b.multi()
	b.request["headers"] = map[string]any{pick(b.Generator, "X-Test", "x-test"): p.json}
	for i := range b.requests {
		for range b.IntN(3) {
			if v := b.vary(pick(b.Generator, p.values...)); printable(v) {
				b.requests[i].Headers = append(b.requests[i].Headers, [2]string{pick(b.Generator, "X-Test", "X-Test", "X-TEST"), v})
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
		var list []string
		for range b.IntN(3) {
			if v := b.vary(pick(b.Generator, p.values...)); token(v) {
				list = append(list, pick(b.Generator, "c", "c", "d")+"="+v)
			}
		}
		if len(list) > 0 {
			b.requests[i].Headers = append(b.requests[i].Headers, [2]string{"Cookie", strings.Join(list, "; ")})
		}
	}
}

// token reports whether a text can be the value of a cookie.
func token(s string) bool {
	for _, r := range s {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '.' {
			continue
		}
		return false
	}
	return s != ""
}

func (b *caseBuilder) form() {
	if b.content != "" {
		return
	}
	b.content = pick(b.Generator, "application/x-www-form-urlencoded", "application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=utf-8", "text/plain")
	p := b.multi()
	b.request["formParameters"] = map[string]any{"f": p.json}
	for i := range b.requests {
		var fields []string
		for range 1 + b.IntN(2) {
			fields = append(fields, pick(b.Generator, "f", "f", "f", "g")+"="+url.QueryEscape(b.vary(pick(b.Generator, p.values...))))
		}
		b.requests[i].Body = strings.Join(fields, "&") + pick(b.Generator, "", "", "", "&", "&f", "&=x")
	}
}

// auth is basic authentication.
func (b *caseBuilder) auth() {
	user, password := pick(b.Generator, "me", "Me", "é", ""), pick(b.Generator, "secret", "a:b", "")
	b.request["basicAuth"] = map[string]any{"username": user, "password": password}
	if b.sometimes(8) {
		b.request["basicAuth"] = map[string]any{pick(b.Generator, "username", "password"): user}
	}
	for i := range b.requests {
		right := base64.StdEncoding.EncodeToString([]byte(user + ":" + password))
		v := pick(b.Generator, "Basic "+right, "Basic "+right, "basic "+right, "Basic  "+right, "Basic "+right+"=", "Bearer "+right, "Basic "+strings.TrimRight(right, "="), "")
		if v != "" {
			b.requests[i].Headers = append(b.requests[i].Headers, [2]string{"Authorization", v})
		}
	}
}

// address is what a request says of hosts, ports and clients.
func (b *caseBuilder) address() {
	switch b.IntN(4) {
	case 0:
		p := b.text(1)
		if b.sometimes(2) {
			p = pattern{map[string]any{pick(b.Generator, "equalTo", "contains", "matches", "doesNotContain"): pick(b.Generator, "stub.example", "other.example", ".*example", "stub")}, nil}
		}
		b.request["host"] = p.json
		for i := range b.requests {
			if b.sometimes(2) {
				v := pick(b.Generator, "stub.example", "other.example:81", "STUB.example", "127.0.0.1:8080", "[::1]:8080", "a")
				if strings.HasPrefix(b.requests[i].Target, "http://") { // Jetty refuses two hosts that differ
					continue
				}
				b.requests[i].Headers = append(b.requests[i].Headers, [2]string{"Host", v})
			}
		}
	case 1:
		b.request["port"] = pick[any](b.Generator, 8080, 80, 443, "8080", 0)
	case 2:
		b.request["scheme"] = pick(b.Generator, "http", "https", "HTTP", "ftp")
	case 3:
		b.request["clientIp"] = map[string]any{pick(b.Generator, "equalTo", "contains", "matches", "doesNotMatch"): pick(b.Generator, "127.0.0.1", "127\\.0\\..*", "10.0.0.1", "127")}
	}
}

// multipart is patterns for the parts of a multipart body.
func (b *caseBuilder) multipart() {
	if b.content != "" {
		return
	}
	b.content = pick(b.Generator, "multipart/form-data; boundary=b0undary", "multipart/form-data; boundary=b0undary", "multipart/form-data; boundary=\"b0undary\"", "multipart/mixed; boundary=b0undary", "multipart/form-data", "text/plain")
	if b.sometimes(2) {
		b.content = "multipart/form-data; boundary=b0undary"
	}
	var patterns []any
	var parts []string
	for range 1 + b.IntN(5)/3 {
		p, texts := b.part()
		patterns, parts = append(patterns, p), append(parts, texts...)
	}
	b.request["multipartPatterns"] = patterns
	for i := range b.requests {
		var body strings.Builder
		for range b.IntN(4) {
			body.WriteString("--b0undary\r\n" + pick(b.Generator, parts...) + "\r\n")
		}
		body.WriteString("--b0undary--\r\n")
		b.requests[i].Body = body.String()
		if b.sometimes(12) {
			b.requests[i].Body = pick(b.Generator, "", "--b0undary", "no parts", strings.TrimSuffix(b.requests[i].Body, "--\r\n"), strings.ReplaceAll(b.requests[i].Body, "\r\n", "\n"))
		}
	}
}

// part is a pattern for a part, and parts of which some match it.
func (b *caseBuilder) part() (map[string]any, []string) {
	p := map[string]any{}
	if b.sometimes(2) {
		p["matchingType"] = pick(b.Generator, "ANY", "ALL", "ANY", "all")
	}
	name, file := pick(b.Generator, "p", "q"), ""
	if b.sometimes(2) {
		p["name"] = name
	}
	if b.sometimes(3) {
		file = pick(b.Generator, "f.txt", "g.bin")
		p["fileName"] = file
	}
	var headers, bodies []string
	if b.sometimes(2) {
		h := b.text(0)
		p["headers"] = map[string]any{pick(b.Generator, "X-Part", "x-part"): h.json}
		headers = h.values
	}
	bodies = []string{b.word()}
	if b.sometimes(2) {
		body := b.bodyPattern()
		p["bodyPatterns"] = []any{body.json}
		bodies = body.values
	}
	var texts []string
	for range 3 {
		var t strings.Builder
		disposition := fmt.Sprintf("form-data; name=%q", pick(b.Generator, name, name, "p"))
		if file != "" && !b.sometimes(4) || b.sometimes(6) {
			disposition += fmt.Sprintf("; filename=%q", pick(b.Generator, file, file, "f.txt"))
		}
		t.WriteString("Content-Disposition: " + disposition + "\r\n")
		if b.sometimes(3) {
			t.WriteString("Content-Type: " + pick(b.Generator, "text/plain", "application/json", "application/octet-stream") + "\r\n")
		}
		if len(headers) > 0 && !b.sometimes(4) {
			if v := pick(b.Generator, headers...); printable(v) {
				t.WriteString("X-Part: " + v + "\r\n")
			}
		}
		texts = append(texts, t.String()+"\r\n"+b.vary(pick(b.Generator, bodies...)))
	}
	return p, texts
}

// finish gives the requests what depends on all parts.
func (b *caseBuilder) finish() {
	for i := range b.requests {
		r := &b.requests[i]
		if slices.Contains([]string{"GET", "HEAD", "OPTIONS", "get"}, r.Method) && b.sometimes(2) {
			r.Body = ""
		}
		if b.content != "" && (r.Body != "" || b.sometimes(4)) {
			r.Headers = append(r.Headers, [2]string{"Content-Type", b.content})
		}
		if b.sometimes(12) {
			r.Headers = append(r.Headers, [2]string{"Accept-Encoding", pick(b.Generator, "gzip", "gzip, deflate, br", "identity", "deflate", "gzip;q=0", "*")})
		}
	}
}

// multi is a pattern for a value that may come several times.
func (b *caseBuilder) multi() pattern {
	if b.IntN(4) > 0 {
		return b.text(2)
	}
	var patterns []any
	var values []string
	for range 1 + b.IntN(3) {
		p := b.text(1)
		patterns, values = append(patterns, p.json), append(values, p.values...)
	}
	return pattern{map[string]any{pick(b.Generator, "hasExactly", "includes"): patterns}, values}
}
