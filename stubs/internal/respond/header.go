package respond

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/http/httpguts"

	"github.com/envd-dev/envd/stubs/internal/mapping"
)

// setHeaders copies a response's headers, as bytes that HTTP can carry, and keeps net/http from adding its own.
// Names that net/http would drop are returned as lines of their own.
func setHeaders(h, from http.Header, protoMajor int) (odd string) {
	for name, values := range from {
		if protoMajor >= 2 && perConnection(name) {
			continue
		}
		values = latin1Values(values)
		if !httpguts.ValidHeaderFieldName(name) {
			for _, v := range values {
				odd += oneLine(strings.ReplaceAll(latin1(name), ":", "?")) + ": " + oneLine(v) + "\r\n"
			}
			continue
		}
		name = framingName(name)
		if set, ok := h[name]; ok { // by a filter before: both are sent
			values = append(slices.Clone(set), values...)
		}
		h[name] = values
	}
	if types := h["Content-Type"]; len(types) > 1 { // a response has one: the last that was set
		h["Content-Type"] = types[len(types)-1:]
	}
	if _, ok := h["Date"]; !ok {
		h["Date"] = nil
	}
	if _, ok := h["Content-Type"]; !ok {
		h["Content-Type"] = nil
	}
	return odd
}

// oneLine keeps line ends out of what is written by hand.
func oneLine(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r", " "), "\n", " ")
}

// framingName spells the names that net/http and this package have to find; all others go out as they are.
func framingName(name string) string {
	switch canonical := http.CanonicalHeaderKey(name); canonical {
	case "Content-Length", "Content-Type", "Content-Encoding", "Transfer-Encoding", "Connection", "Date", "Trailer":
		return canonical
	}
	return name
}

// perConnection are header fields that HTTP/2 does not have (RFC 9113, 8.2.2).
func perConnection(name string) bool {
	switch http.CanonicalHeaderKey(name) {
	case "Connection", "Keep-Alive", "Proxy-Connection", "Transfer-Encoding", "Upgrade":
		return true
	}
	return false
}

// latin1Values encodes header values as ISO 8859-1, as the server that is stood in for does.
func latin1Values(values []string) []string {
	for i, v := range values {
		if isASCII(v) {
			continue
		}
		out := slices.Clone(values)
		for j := i; j < len(out); j++ {
			out[j] = latin1(out[j])
		}
		return out
	}
	return values
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// latin1 encodes text; what is no UTF-8, and so comes from a proxy target as it is, stays.
func latin1(s string) string {
	if isASCII(s) || !utf8.ValidString(s) {
		return s
	}
	out := make([]byte, 0, len(s))
	for _, c := range s {
		if c > 0xFF {
			c = '?'
		}
		out = append(out, byte(c))
	}
	return string(out)
}

// frame decides how HTTP/1.1 tells where the body ends. A length or coding that the stub gives stays.
func (r *Responder) frame(h http.Header, req *http.Request, def *mapping.ResponseDefinition, proxied bool, length int) {
	if _, ok := h["Content-Length"]; ok {
		if te := h["Transfer-Encoding"]; len(te) == 0 || !strings.EqualFold(te[0], "chunked") || !req.ProtoAtLeast(1, 1) {
			delete(h, "Transfer-Encoding")
			return
		}
		delete(h, "Content-Length")
	}
	if req.ProtoMajor != 1 {
		return
	}
	byFile := def.BodyFromFile() && !proxied
	if r.options.Chunked == ChunkedNever || r.options.Chunked == ChunkedBodyFile && !byFile {
		if _, ok := h["Transfer-Encoding"]; !ok {
			h["Content-Length"] = []string{strconv.Itoa(length)}
			return
		}
	}
	switch {
	case !req.ProtoAtLeast(1, 1):
	case len(h["Transfer-Encoding"]) > 0 && strings.EqualFold(h["Transfer-Encoding"][0], "chunked"): // by the stub
		h["Transfer-Encoding"] = chunked
	case req.Close || closes(h):
		h["Transfer-Encoding"] = identity // the end of the connection ends the body
	default:
		h["Transfer-Encoding"] = chunked
	}
}

func closes(h http.Header) bool {
	c := h["Connection"]
	return len(c) > 0 && strings.EqualFold(c[0], "close")
}

func declaredLength(h http.Header) (int, bool) {
	values := h["Content-Length"]
	if len(values) == 0 {
		return 0, false
	}
	n, err := strconv.Atoi(values[0])
	return n, err == nil && n >= 0
}
