package event

import "strings"

// Cookies parses the Cookie headers as Jetty does by RFC 6265, with spaces around names and within values allowed; a
// name may come more than once. What is no cookie is left out.
func (r *Request) Cookies() Params {
	if r.Described != nil {
		return r.Described.Cookies
	}
	var out Params
	for _, line := range r.Header["Cookie"] {
		out = parseCookies(out, line)
	}
	return out
}

// parseCookies adds the cookies of one header. A cookie is added only when the next one begins well: where that begins
// with what is no part of a token, both are left out.
func parseCookies(out Params, line string) Params {
	var held, heldValue string // the cookie before
	flush := func() {
		if held != "" {
			out = out.add(held, heldValue)
		}
		held = ""
	}
	for line = strings.TrimLeft(line, " \t;"); line != ""; line = strings.TrimLeft(line, " \t;") {
		if !isToken(line[:1]) {
			held = ""
			_, line, _ = strings.Cut(line, ";")
			continue
		}
		flush()
		end := strings.IndexAny(line, "=;")
		if end < 0 {
			return out
		}
		name, named := strings.TrimRight(line[:end], " "), line[end] == '='
		line = line[end+1:]
		if !named {
			continue
		}
		value, rest, ok := cookieValue(line)
		if line = rest; ok && isToken(name) && name[0] != '$' {
			held, heldValue = name, value
		}
	}
	flush()
	return out
}

// cookieValue reads a cookie's value, out of its quotes if it has any, and what follows the semicolon behind it; ok is
// false where the value has what RFC 6265 forbids.
func cookieValue(s string) (value, rest string, ok bool) {
	s = strings.TrimLeft(s, " \t")
	if s == "" || s[0] != '"' {
		value, rest, _ = strings.Cut(s, ";")
		value = strings.TrimRight(value, " \t")
		return value, rest, octets(value)
	}
	end := 1
	for end < len(s) && s[end] != '"' && octets(s[end:end+1]) {
		end++
	}
	if end == len(s) || s[end] != '"' { // what is wrong may be a semicolon, which then ends nothing
		_, rest, _ = strings.Cut(s[min(end+1, len(s)):], ";")
		return "", rest, false
	}
	behind, rest, _ := strings.Cut(s[end+1:], ";")
	return s[1:end], rest, strings.Trim(behind, " \t") == ""
}

// octets reports whether s has but what a cookie's value may have, and spaces.
func octets(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= 0x7f || c == '"' || c == ',' || c == ';' || c == '\\' {
			return false
		}
	}
	return true
}

// isToken reports whether s is a token of RFC 7230.
func isToken(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f || strings.IndexByte("()<>@,;:\\\"/[]?={}", s[i]) >= 0 {
			return false
		}
	}
	return s != ""
}
