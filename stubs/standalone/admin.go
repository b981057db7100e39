package standalone

import (
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"strings"

	"github.com/envd-dev/envd/stubs/internal/cors"
	"github.com/envd-dev/envd/stubs/internal/jsondoc"
	"github.com/envd-dev/envd/stubs/internal/mapping"
)

const (
	adminPath          = "/__admin"
	errorHTTPSRequired = 40 // WireMock's code
)

// handler guards the admin API where the flags ask for it.
func (c *config) handler(next http.Handler) http.Handler {
	if !c.adminAuth && !c.adminHTTPS {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rest, ok := strings.CutPrefix(r.URL.Path, adminPath)
		if !ok || rest != "" && rest[0] != '/' || strings.HasPrefix(rest, "/swagger-ui/") || strings.HasPrefix(rest, "/recorder/") { // pages
			next.ServeHTTP(w, r)
			return
		}
		if cors.Apply(w, r) { // a browser asks before it has credentials
			return
		}
		w.Header()["Date"] = nil
		switch {
		case c.adminHTTPS && r.TLS == nil && r.URL.Path != adminPath: // which only redirects
			refusal := &mapping.Error{Code: errorHTTPSRequired, Title: "HTTPS is required for accessing the admin API"}
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusForbidden)
			_, _ = w.Write(jsondoc.AppendPretty(nil, refusal.Value())) // the client may be gone
		case c.adminAuth && !c.authorised(r):
			w.WriteHeader(http.StatusUnauthorized)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func (c *config) authorised(r *http.Request) bool {
	want := "Basic " + base64.StdEncoding.EncodeToString([]byte(c.adminUser+":"+c.adminPassword)) // WireMock takes no other spelling
	return subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), []byte(want)) == 1
}
