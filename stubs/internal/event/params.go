package event

import (
	"bytes"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
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
	for s = strings.TrimRight(s, "&"); s != ""; {
		var pair string
		pair, s, _ = strings.Cut(s, "&")
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
	if !strings.ContainsAny(s, "%+") || isOffsetDateTime(s) {
		return s
	}
	if u, err := url.QueryUnescape(s); err == nil {
		return u
	}
	return s
}

// CheckQuery reports an escape in a query that is none, as Java's URLDecoder does.
func CheckQuery(q string) error {
	for pair := range strings.SplitSeq(q, "&") {
		name, value, _ := strings.Cut(pair, "=")
		for _, s := range []string{name, value} {
			if _, err := url.QueryUnescape(s); err != nil && !isOffsetDateTime(s) {
				return fmt.Errorf("java.lang.IllegalArgumentException: URLDecoder: %w", err)
			}
		}
	}
	return nil
}

// isOffsetDateTime tells an ISO date-time with an offset, whose plus sign WireMock does not take for a space.
func isOffsetDateTime(s string) bool {
	if len(s) < len("2006-01-02T15:04+01") || s[4] != '-' || s[10] != 'T' {
		return false
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04Z07:00"} {
		if _, err := time.Parse(layout, s); err == nil {
			return true
		}
	}
	return false
}

// Query parses the URL's query.
func (r *Request) Query() Params { return ParseParams(r.RawQuery()) }

// Form parses the body as an urlencoded form, whatever its content type; nil unless the content type says it is one.
func (r *Request) Form() Params {
	if !r.isForm() {
		return nil
	}
	return ParseParams(string(r.Body))
}

// CheckForm reports an escape in a form that is none, or bytes of escapes that are no UTF-8 where the form is in that; a
// character that only lacks its end will do, as Jetty has it.
func (r *Request) CheckForm() error {
	if !r.isForm() || bytes.IndexByte(r.Body, '%') < 0 {
		return nil
	}
	form := strings.ToValidUTF8(string(r.Body), "\uFFFD")
	if err := CheckQuery(form); err != nil || !r.IsUTF8() {
		return err
	}
	for pair := range strings.SplitSeq(form, "&") {
		name, value, _ := strings.Cut(pair, "=")
		for _, s := range []string{name, value} {
			if !decodable(unescape(s)) {
				return fmt.Errorf("org.eclipse.jetty.util.Utf8Appendable$NotUtf8Exception: Not valid UTF8! in %q", s)
			}
		}
	}
	return nil
}

func decodable(s string) bool {
	for s != "" {
		r, n := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && n == 1 {
			return !utf8.FullRuneInString(s)
		}
		s = s[n:]
	}
	return true
}

// isForm reports whether the content type says that the body is an urlencoded form.
func (r *Request) isForm() bool {
	return r.Described == nil && strings.Contains(strings.ToLower(r.ContentType()), "application/x-www-form-urlencoded")
}

// Authority is host and port, the port only when it is not the scheme's default.
func (r *Request) Authority() string {
	if r.Port <= 0 || (r.Scheme == "http" && r.Port == 80) || (r.Scheme == "https" && r.Port == 443) {
		return r.Host
	}
	return r.Host + ":" + strconv.Itoa(r.Port)
}
