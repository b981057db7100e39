package httpapi

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	v1 "github.com/envd-dev/envd/envd/api/v1"
)

// sessionCookie allows a browser to read, and nothing else. Its value is derived from the token, so that a new token ends
// every session.
const sessionCookie = "envd_session"

// authenticated admits requests with the token, and reading requests with a session.
func (a *api) authenticated(c *gin.Context) {
	if a.Token == "" || a.bearsToken(c) || a.hasSession(c) {
		return
	}
	if wantsPage(c) {
		c.Redirect(http.StatusSeeOther, "/login")
		c.Abort()
		return
	}
	c.Header("WWW-Authenticate", `Bearer realm="envd"`)
	refuse(c, v1.ErrUnauthorized)
}

func (a *api) bearsToken(c *gin.Context) bool {
	scheme, token, _ := strings.Cut(c.GetHeader("Authorization"), " ")
	return strings.EqualFold(scheme, "Bearer") && equal(strings.TrimSpace(token), a.Token)
}

func (a *api) hasSession(c *gin.Context) bool {
	if m := c.Request.Method; m != http.MethodGet && m != http.MethodHead {
		return false
	}
	cookie, err := c.Cookie(sessionCookie)
	return err == nil && equal(cookie, a.session())
}

func (a *api) session() string {
	mac := hmac.New(sha256.New, []byte(a.Token))
	mac.Write([]byte("envd web session"))
	return hex.EncodeToString(mac.Sum(nil))
}

// equal compares in a time that depends on neither value, their lengths included.
func equal(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

// wantsPage reports whether a request is a browser's navigation and not a program's.
func wantsPage(c *gin.Context) bool {
	return c.Request.Method == http.MethodGet && strings.Contains(c.GetHeader("Accept"), "text/html")
}
