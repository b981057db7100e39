// Package adminview turns requests and serve events into the JSON that WireMock's admin API shows, and back.
package adminview

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/textproto"
	"net/url"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/envd-dev/envd/stubs/internal/event"
	"github.com/envd-dev/envd/stubs/internal/jsondoc"
	"github.com/envd-dev/envd/stubs/internal/mapping"
)

// Request is WireMock's LoggedRequest.
func Request(r *event.Request) *jsondoc.Object {
	o := &jsondoc.Object{}
	told := func(name, value string) {
		if value != "" || r.Described == nil {
			o.Set(name, value)
		}
	}
	told("url", r.URL)
	absolute := ""
	if r.Described == nil {
		absolute = r.AbsoluteURL()
	} else {
		absolute = r.Described.AbsoluteURL
	}
	told("absoluteUrl", absolute)
	told("method", r.Method)
	if r.ClientIP != "" {
		o.Set("clientIp", r.ClientIP)
	}
	if r.Header != nil {
		o.Set("headers", headers(r.HeaderNames(), r.Header))
	}
	if r.Described == nil || r.Described.Cookies != nil {
		o.Set("cookies", cookies(r.Cookies()))
	}
	o.Set("browserProxyRequest", r.BrowserProxy)
	if !r.Received.IsZero() {
		o.Set("loggedDate", r.Received.UnixMilli())
	}
	if r.Body != nil {
		o.Set("bodyAsBase64", base64.StdEncoding.EncodeToString(r.Body))
		o.Set("body", Text([]byte(r.Text())))
	}
	if r.Protocol != "" {
		o.Set("protocol", r.Protocol)
	}
	told("scheme", r.Scheme)
	told("host", r.Host)
	o.Set("port", r.Port)
	if !r.Received.IsZero() {
		o.Set("loggedDateString", date(r.Received))
	}
	o.Set("queryParams", params(r.Query()))
	o.Set("formParams", params(r.Form()))
	return o
}

// date prints a time as java.time.Instant does, to the millisecond and without trailing zeros.
func date(t time.Time) string {
	return t.UTC().Truncate(time.Millisecond).Format("2006-01-02T15:04:05.999Z")
}

// Text is a body as a string: what is no UTF-8 becomes replacement characters.
func Text(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	return string([]rune(string(b))) // one for each byte, other than strings.ToValidUTF8
}

func headers(names []string, h http.Header) *jsondoc.Object {
	o := &jsondoc.Object{}
	for _, n := range names {
		o.Set(n, oneOrMany(h[textproto.CanonicalMIMEHeaderKey(n)]))
	}
	return o
}

func oneOrMany(values []string) any {
	if len(values) == 1 {
		return values[0]
	}
	return append([]string{}, values...)
}

func cookies(ps event.Params) *jsondoc.Object {
	o := &jsondoc.Object{}
	for _, p := range ps {
		o.Set(p.Name, oneOrMany(p.Values))
	}
	return o
}

func params(ps event.Params) *jsondoc.Object {
	o := &jsondoc.Object{}
	for _, p := range ps {
		o.Set(p.Name, jsondoc.Make("key", p.Name, "values", p.Values))
	}
	return o
}

// ParseRequest reads a LoggedRequest, the body of POST /__admin/near-misses/request. Members that it does not need are
// ignored. The error is a *mapping.Error.
func ParseRequest(data []byte) (*event.Request, error) {
	v, err := mapping.Decode(data)
	if err != nil {
		return nil, err
	}
	o, ok := v.(*jsondoc.Object)
	if !ok {
		return nil, mapping.Misfit(v, "com.github.tomakehurst.wiremock.verification.LoggedRequest")
	}
	r := &event.Request{
		URL: text(o, "url"), Method: text(o, "method"), ClientIP: text(o, "clientIp"), Protocol: text(o, "protocol"),
		Port: -1, Described: &event.Description{Cookies: readCookies(o), AbsoluteURL: text(o, "absoluteUrl")},
	}
	if err := readURL(r, o); err != nil {
		return nil, err
	}
	readHeaders(r, o)
	return r, readBody(r, o)
}

func readCookies(o *jsondoc.Object) event.Params {
	v, _ := o.Get("cookies")
	list, ok := v.(*jsondoc.Object)
	if !ok {
		return nil
	}
	out := event.Params{}
	for _, m := range list.Members() {
		out = append(out, event.Param{Name: m.Name, Values: texts(m.Value)})
	}
	return out
}

func texts(v any) []string {
	switch t := v.(type) {
	case string:
		return []string{t}
	case []any:
		var out []string
		for _, e := range t {
			out = append(out, fmt.Sprint(e))
		}
		return out
	}
	return nil
}

func text(o *jsondoc.Object, name string) string {
	v, _ := o.Get(name)
	switch t := v.(type) {
	case string:
		return t
	case jsondoc.Number, bool:
		return fmt.Sprint(t)
	}
	return ""
}

func readURL(r *event.Request, o *jsondoc.Object) error {
	absolute := text(o, "absoluteUrl")
	if absolute == "" {
		return nil
	}
	u, err := url.Parse(absolute)
	if err != nil {
		return &mapping.Error{Code: 10, Pointer: "/absoluteUrl", Title: "Error parsing JSON", Detail: fmt.Sprintf("%q is no URL", absolute)}
	}
	r.Scheme, r.Host = u.Scheme, u.Hostname()
	switch {
	case u.Port() != "":
		r.Port, _ = strconv.Atoi(u.Port()) // url.Parse allows only digits
	case u.Scheme == "https":
		r.Port = 443
	default:
		r.Port = 80
	}
	return nil
}

func readHeaders(r *event.Request, o *jsondoc.Object) {
	v, _ := o.Get("headers")
	list, _ := v.(*jsondoc.Object)
	if list == nil {
		return
	}
	r.Header = http.Header{}
	for _, m := range list.Members() {
		for _, value := range texts(m.Value) {
			r.Header.Add(m.Name, value)
		}
	}
}

func readBody(r *event.Request, o *jsondoc.Object) error {
	if encoded := text(o, "bodyAsBase64"); encoded != "" { // WireMock reads no other body
		body, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil {
			return &mapping.Error{Code: 10, Pointer: "/bodyAsBase64", Title: "Error parsing JSON", Detail: err.Error()}
		}
		r.Body = body
	}
	return nil
}
