// Package event is what happened: requests as they came in and how they were served.
package event

import (
	"net/http"
	"net/textproto"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Field is one header line, spelled as the client sent it.
type Field struct{ Name, Value string }

// Request is a request as it came in. It is immutable and safe for concurrent use.
type Request struct {
	ID       uuid.UUID
	Received time.Time
	Method   string
	// URL is path and query as sent, undecoded: "/things?x=1". Of an absolute-form target it is what follows the authority.
	URL      string
	Scheme   string // http or https
	Host     string // without port
	Port     int    // of the Host header, else the scheme's default
	ClientIP string
	Protocol string      // "HTTP/1.1", "HTTP/2.0"
	Header   http.Header // canonical names; Host is added
	// Head is the request line and the header lines as they came in, where the transport could tell; nil otherwise.
	Head         []byte
	Body         []byte
	BrowserProxy bool // the client used this server as its HTTP proxy
	// Described is set for a request that did not come in but was told of: it has no form, and what is not told it lacks.
	Described *Description
}

// Description is what is told of a request beyond its parts.
type Description struct {
	Cookies     Params // nil when not told
	AbsoluteURL string
}

// Values are the values of the header called name (any case); nil when the request does not have it.
func (r *Request) Values(name string) []string {
	return r.Header[textproto.CanonicalMIMEHeaderKey(name)]
}

// HeaderNames lists the headers' names, each once: in wire order and case where that is known, else Host first and sorted.
func (r *Request) HeaderNames() []string {
	fields := r.Fields()
	if fields == nil {
		return sortedNames(r.Header)
	}
	names := make([]string, 0, len(fields))
	for _, f := range fields {
		if !slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, f.Name) }) {
			names = append(names, f.Name)
		}
	}
	return names
}

func sortedNames(h http.Header) []string {
	names := make([]string, 0, len(h))
	for n := range h {
		if n != "Host" {
			names = append(names, n)
		}
	}
	slices.Sort(names)
	if _, ok := h["Host"]; ok {
		names = slices.Insert(names, 0, "Host")
	}
	return names
}

// Path is the URL's path, undecoded and without query.
func (r *Request) Path() string {
	if i := strings.IndexByte(r.URL, '?'); i >= 0 {
		return r.URL[:i]
	}
	return r.URL
}

// RawQuery is the URL's query without the question mark.
func (r *Request) RawQuery() string {
	_, q, _ := strings.Cut(r.URL, "?")
	return q
}

// AbsoluteURL is the URL with scheme, host and a port that is not the scheme's default.
func (r *Request) AbsoluteURL() string { return r.Scheme + "://" + r.Authority() + r.URL }

// ContentType is the value of the Content-Type header, or "".
func (r *Request) ContentType() string { return r.Header.Get("Content-Type") }
