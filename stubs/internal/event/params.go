package event

import (
	"net"
	"net/url"
	"strconv"
	"strings"
)

// Param is one name of a query string or form with its values in order.
type Param struct {
	Name   string
	Values []string
}

// Params keep the order in which names first came.
type Params []Param

// Get returns the values of name, nil when it is absent.
func (p Params) Get(name string) []string {
	for i := range p {
		if p[i].Name == name {
			return p[i].Values
		}
	}
	return nil
}

// ParseParams reads a query string or an urlencoded form; what cannot be decoded is kept as it is.
func ParseParams(s string) Params {
	var out Params
	for s != "" {
		var pair string
		pair, s, _ = strings.Cut(s, "&")
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		out = out.add(unescape(name), unescape(value))
	}
	return out
}

func (p Params) add(name, value string) Params {
	for i := range p {
		if p[i].Name == name {
			p[i].Values = append(p[i].Values, value)
			return p
		}
	}
	return append(p, Param{name, []string{value}})
}

func unescape(s string) string {
	if !strings.ContainsAny(s, "%+") {
		return s
	}
	if u, err := url.QueryUnescape(s); err == nil {
		return u
	}
	return s
}

// Query parses the URL's query.
func (r *Request) Query() Params { return ParseParams(r.RawQuery()) }

// Form parses the body as an urlencoded form, whatever its content type; nil unless the content type says it is one.
func (r *Request) Form() Params {
	if !strings.Contains(strings.ToLower(r.ContentType()), "application/x-www-form-urlencoded") {
		return nil
	}
	return ParseParams(string(r.Body))
}

// Cookies parses the Cookie headers; a name may come more than once.
func (r *Request) Cookies() Params {
	var out Params
	for _, line := range r.Header["Cookie"] {
		for line != "" {
			var pair string
			pair, line, _ = strings.Cut(line, ";")
			name, value, ok := strings.Cut(strings.TrimSpace(pair), "=")
			if ok && name != "" {
				out = out.add(name, strings.Trim(value, `"`))
			}
		}
	}
	return out
}

// Authority is host and port, the port only when it is not the scheme's default.
func (r *Request) Authority() string {
	if r.Port <= 0 || (r.Scheme == "http" && r.Port == 80) || (r.Scheme == "https" && r.Port == 443) {
		return r.Host
	}
	return net.JoinHostPort(r.Host, strconv.Itoa(r.Port))
}
