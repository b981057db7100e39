package standalone

import (
	"crypto/subtle"
	"net/http"
	"strings"

	"github.com/envd-dev/envd/stubs/internal/cors"
)

const adminPath = "/__admin"

// handler guards the admin API where the flags ask for it.
func (c *config) handler(next http.Handler) http.Handler {
	if !c.adminAuth && !c.adminHTTPS {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if rest, ok := strings.CutPrefix(r.URL.Path, adminPath); !ok || rest != "" && rest[0] != '/' {
			next.ServeHTTP(w, r)
			return
		}
		if cors.Apply(w, r) { // a browser asks before it has credentials
			return
		}
		w.Header()["Date"] = nil
		switch {
		case c.adminHTTPS && r.TLS == nil:
			w.Header().Set("Content-Type", "text/plain")
			w.WriteHeader(http.StatusForbidden)
			_, _ = w.Write([]byte("HTTPS is required for accessing the admin API"))
		case c.adminAuth && !c.authorised(r):
			w.WriteHeader(http.StatusUnauthorized)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func (c *config) authorised(r *http.Request) bool {
	user, password, ok := r.BasicAuth()
	sameUser := subtle.ConstantTimeCompare([]byte(user), []byte(c.adminUser))
	samePassword := subtle.ConstantTimeCompare([]byte(password), []byte(c.adminPassword))
	return ok && sameUser&samePassword == 1
}
