// Package cors answers cross-origin requests the way WireMock's filter does (Jetty's CrossOriginFilter with every origin
// and header allowed): the admin API always, stubs when asked for.
package cors

import (
	"net/http"
	"strings"
)

const (
	allowedMethods = "OPTIONS,GET,POST,PUT,PATCH,DELETE"
	maxAge         = "1800" // seconds
)

var vary = []string{"Origin"}

// Apply adds the CORS headers to the response. It reports true when r was a preflight request, which is answered then.
func Apply(w http.ResponseWriter, r *http.Request) (answered bool) {
	h := w.Header()
	h["Vary"] = vary
	asked := r.Header.Get("Access-Control-Request-Method")
	preflight := r.Method == http.MethodOptions && asked != ""
	origin := r.Header.Get("Origin")
	if origin != "" && (!preflight || allowed(asked)) {
		h["Access-Control-Allow-Origin"] = []string{origin}
		h["Access-Control-Allow-Credentials"] = []string{"true"}
		if preflight {
			h["Access-Control-Max-Age"] = []string{maxAge}
			h["Access-Control-Allow-Methods"] = []string{allowedMethods}
			h["Access-Control-Allow-Headers"] = []string{headerList(r)} // empty where none is asked for
		}
	}
	if !preflight || origin == "" {
		return false
	}
	h["Date"] = nil
	h["Content-Length"] = []string{"0"}
	w.WriteHeader(http.StatusOK)
	return true
}

func allowed(method string) bool {
	for m := range strings.SplitSeq(allowedMethods, ",") {
		if m == method {
			return true
		}
	}
	return false
}

func headerList(r *http.Request) string {
	var names []string
	for name := range strings.SplitSeq(r.Header.Get("Access-Control-Request-Headers"), ",") {
		if name = strings.TrimSpace(name); name != "" {
			names = append(names, name)
		}
	}
	return strings.Join(names, ",")
}
