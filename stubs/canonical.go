package stubs

import (
	"net/http"
	"slices"
	"strings"
)

// commonValues are header values that Jetty, WireMock's HTTP server, knows, and takes for the same however they are
// spelled: what a mapping is compared with is its spelling (org.eclipse.jetty.http.HttpParser.CACHE).
var commonValues = map[string][]string{
	"Accept":           {"*/*"},
	"Accept-Encoding":  {"gzip", "gzip, deflate", "gzip, deflate, br"},
	"Accept-Ranges":    {"bytes"},
	"Cache-Control":    {"private, no-cache, no-cache=Set-Cookie, proxy-revalidate", "no-cache", "max-age=0"},
	"Connection":       {"close", "keep-alive", "Upgrade"},
	"Content-Encoding": {"gzip", "deflate"},
	"Content-Type":     commonTypes(),
	"Pragma":           {"no-cache"},
}

// commonTypes are media types with and without a charset. Of two spellings that differ in case only the last one counts.
func commonTypes() []string {
	var types []string
	for _, t := range []string{"text/plain", "text/html", "text/xml", "text/json", "application/json", "application/x-www-form-urlencoded"} {
		types = append(types, t, t+";charset=UTF-8", t+"; charset=UTF-8", t+";charset=ISO-8859-1", t+"; charset=ISO-8859-1")
	}
	return types
}

// canonicalize spells common header values as Jetty does.
func canonicalize(h http.Header) {
	for name, common := range commonValues {
		values := h[name]
		for i, v := range values {
			at := slices.IndexFunc(common, func(c string) bool { return len(c) == len(v) && strings.EqualFold(c, v) })
			if at >= 0 && common[at] != v {
				values[i] = common[at]
			}
		}
	}
}
