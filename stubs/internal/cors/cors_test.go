package cors

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestApply(t *testing.T) {
	const origin = "http://o.example"
	for _, c := range []struct {
		name, method string
		in           map[string]string
		answered     bool
		want         map[string]string
	}{
		{"same origin", "GET", nil, false, map[string]string{"Vary": "Origin", "Access-Control-Allow-Origin": ""}},
		{"cross origin", "GET", map[string]string{"Origin": origin}, false,
			map[string]string{"Access-Control-Allow-Origin": origin, "Access-Control-Allow-Credentials": "true", "Access-Control-Allow-Methods": ""}},
		{"preflight", "OPTIONS", map[string]string{"Origin": origin, "Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "X-A, X-B"}, true,
			map[string]string{"Access-Control-Allow-Origin": origin, "Access-Control-Allow-Headers": "X-A,X-B",
				"Access-Control-Allow-Methods": "OPTIONS,GET,POST,PUT,PATCH,DELETE", "Access-Control-Max-Age": "1800", "Content-Length": "0"}},
		{"preflight that asks for no headers", "OPTIONS", map[string]string{"Origin": origin, "Access-Control-Request-Method": "PUT"}, true,
			map[string]string{"Access-Control-Allow-Headers": ""}},
		{"preflight of a method that is not allowed", "OPTIONS", map[string]string{"Origin": origin, "Access-Control-Request-Method": "PROPFIND"}, true,
			map[string]string{"Vary": "Origin", "Access-Control-Allow-Origin": ""}},
		{"plain OPTIONS", "OPTIONS", map[string]string{"Origin": origin}, false, map[string]string{"Access-Control-Allow-Origin": origin}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequest(c.method, "/x", nil)
			for k, v := range c.in {
				r.Header.Set(k, v)
			}
			w := httptest.NewRecorder()
			assert.Equal(t, c.answered, Apply(w, r))
			assert.Equal(t, http.StatusOK, w.Code)
			for k, v := range c.want {
				assert.Equal(t, v, w.Header().Get(k), k)
			}
		})
	}
}
