package stubs

import (
	"io"
	"net/http"
	"strings"
	"unicode/utf8"
)

// badMessage is the page of Jetty, WireMock's HTTP server, for a request line that it refuses.
const badMessage = "<h1>Bad Message 400</h1><pre>reason: Bad Request</pre>"

// refuseTarget answers a request whose target Jetty refuses before anything sees it, and reports whether it did.
func refuseTarget(w http.ResponseWriter, r *http.Request) bool {
	if acceptable(r.RequestURI) {
		return false
	}
	h := w.Header()
	h["Date"] = nil
	h.Set("Content-Type", "text/html;charset=iso-8859-1")
	h.Set("Connection", "close")
	w.WriteHeader(http.StatusBadRequest)
	_, _ = io.WriteString(w, badMessage) // the client may be gone
	return true
}

// acceptable reports whether a target is UTF-8, holds no encoded NUL in its path, and stays below the root.
func acceptable(target string) bool {
	path := target
	if i := strings.IndexAny(path, "?#"); i >= 0 {
		path = path[:i]
	}
	if !utf8.ValidString(target) || strings.Contains(path, "%00") {
		return false
	}
	return !strings.HasPrefix(path, "/") || !climbs(path)
}

// climbs reports whether the dots in a path lead above its root, where a segment ends with its parameters.
func climbs(path string) bool {
	if !strings.Contains(path, "..") && !strings.Contains(path, "%2") {
		return false
	}
	depth := 0
	for segment := range strings.SplitSeq(path[1:], "/") {
		segment, _, _ = strings.Cut(segment, ";")
		switch strings.ReplaceAll(strings.ReplaceAll(segment, "%2e", "."), "%2E", ".") {
		case ".":
		case "..":
			if depth--; depth < 0 {
				return true
			}
		default:
			depth++
		}
	}
	return false
}
