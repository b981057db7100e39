package httpapi

import (
	"bytes"
	"crypto/rand"
	"net/http"
	"os"
	"path/filepath"

	"github.com/gin-gonic/gin"

	v1 "github.com/envd-dev/envd/envd/api/v1"
	"github.com/envd-dev/envd/envd/internal/evidence"
	"github.com/envd-dev/envd/envd/internal/store"
	"github.com/envd-dev/envd/envd/internal/web"
)

// pageRows is how many rows of each kind the first page shows.
const pageRows = 50

// show renders a page under a policy of its own.
func (a *api) show(c *gin.Context, status int, render func(w *bytes.Buffer, nonce string) error) {
	nonce := rand.Text()
	var b bytes.Buffer
	if err := render(&b, nonce); err != nil {
		a.fail(c, err)
		return
	}
	c.Header("Content-Security-Policy", web.Policy(nonce))
	c.Data(status, "text/html; charset=utf-8", b.Bytes())
}

func (a *api) getIndexPage(c *gin.Context) {
	ctx := c.Request.Context()
	p := web.Index{Version: a.Version}
	var err error
	if p.After, err = a.Store.Revision(ctx); err != nil { // before the lists: changes may come twice, but are not missed
		a.fail(c, err)
		return
	}
	environments, err := a.Store.List(ctx, store.Up, pageRows)
	if err != nil {
		a.fail(c, err)
		return
	}
	runs, err := a.Store.List(ctx, store.Run, pageRows)
	if err != nil {
		a.fail(c, err)
		return
	}
	for _, r := range environments {
		p.Environments = append(p.Environments, a.environmentView(r))
	}
	for _, r := range runs {
		p.Runs = append(p.Runs, runView(r))
	}
	a.show(c, http.StatusOK, func(w *bytes.Buffer, nonce string) error { p.Nonce = nonce; return web.WriteIndex(w, p) })
}

func (a *api) getRunPage(c *gin.Context) {
	r, ok := a.record(c, store.Run)
	if !ok {
		return
	}
	p := web.Run{Run: runView(r), Version: a.Version}
	if dir, err := evidence.Open(r.Dir); err == nil { // a queued run has none
		if v, err := dir.Verdict(); err == nil {
			p.Verdict = &v
		}
	}
	for _, name := range []string{evidence.HTMLFile, evidence.TextFile, evidence.JSONFile, evidence.JUnitFile, evidence.VerdictFile, evidence.ObservationsFile, evidence.SpecFile, evidence.PlanFile, evidence.SumsFile, evidence.RunnerLog} {
		if info, err := os.Stat(filepath.Join(r.Dir, name)); err == nil {
			p.Files = append(p.Files, v1.File{Name: name, Size: info.Size()})
		}
	}
	a.show(c, http.StatusOK, func(w *bytes.Buffer, nonce string) error { p.Nonce = nonce; return web.WriteRun(w, p) })
}

func (a *api) getLoginPage(c *gin.Context) {
	a.show(c, http.StatusOK, func(w *bytes.Buffer, nonce string) error { return web.WriteLogin(w, web.Login{Nonce: nonce}) })
}

// postLogin starts a session that may read.
func (a *api) postLogin(c *gin.Context) {
	c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, mostJSON)
	if !equal(c.PostForm("token"), a.Token) {
		a.show(c, http.StatusUnauthorized, func(w *bytes.Buffer, nonce string) error {
			return web.WriteLogin(w, web.Login{Nonce: nonce, Refused: true})
		})
		return
	}
	http.SetCookie(c.Writer, &http.Cookie{
		Name: sessionCookie, Value: a.session(), Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: c.Request.TLS != nil,
	})
	c.Redirect(http.StatusSeeOther, "/")
}
