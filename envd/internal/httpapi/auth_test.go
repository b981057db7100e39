package httpapi

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	v1 "github.com/envd-dev/envd/envd/api/v1"
	"github.com/envd-dev/envd/envd/client"
	"github.com/envd-dev/envd/envd/internal/dispatch/dispatchtest"
	"github.com/envd-dev/envd/envd/internal/store"
)

func TestAuthentication(t *testing.T) {
	s := newServer(t)
	for _, bearer := range []string{"", "wrong", token + "x", strings.ToUpper(token)} {
		resp, b := s.do("GET", "/v1/runs", "", nil, bearer)
		assert.Equal(t, http.StatusUnauthorized, resp.StatusCode)
		assert.Contains(t, string(b), `"unauthorized"`)
		assert.NotEmpty(t, resp.Header.Get("WWW-Authenticate"))
	}
	for _, open := range []string{"/healthz", "/openapi.json", "/login"} {
		resp, _ := s.do("GET", open, "", nil, "")
		assert.Equal(t, http.StatusOK, resp.StatusCode, open)
	}
	stranger, err := client.New(s.url, client.WithToken("wrong"), client.WithHTTPClient(s.http))
	require.NoError(t, err)
	_, err = stranger.Version(s.ctx)
	assert.ErrorIs(t, err, v1.ErrUnauthorized)
}

// TestPages: a browser logs in, and may then read and nothing else.
func TestPages(t *testing.T) {
	s := newServer(t)
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	browser := &http.Client{Transport: s.contract, Jar: jar}
	visit := func(path string) (*http.Response, string) {
		req, err := http.NewRequestWithContext(s.ctx, http.MethodGet, s.url+path, nil)
		require.NoError(t, err)
		req.Header.Set("Accept", "text/html,application/xhtml+xml")
		resp, err := browser.Do(req)
		require.NoError(t, err)
		b, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		return resp, string(b)
	}
	login := func(secret string) *http.Response {
		resp, err := browser.PostForm(s.url+"/login", url.Values{"token": {secret}})
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		return resp
	}
	resp, _ := visit("/")
	assert.Equal(t, "/login", resp.Request.URL.Path, "a stranger is asked for the token")
	assert.Equal(t, http.StatusUnauthorized, login("wrong").StatusCode)
	assert.Empty(t, jar.Cookies(resp.Request.URL))
	assert.Equal(t, "/", login(token).Request.URL.Path)

	run, err := s.c.SubmitRun(s.ctx, s.spec(dispatchtest.Quick))
	require.NoError(t, err)
	s.wait(run.ID, func(r store.Record) bool { return r.Status.Ended() })
	env, err := s.c.Up(s.ctx, s.spec(dispatchtest.Held), time.Hour)
	require.NoError(t, err)
	resp, page := visit("/")
	assert.Equal(t, http.StatusOK, resp.StatusCode)
	assert.Contains(t, page, run.ID)
	assert.Contains(t, page, env.ID)
	assert.Contains(t, page, "127.0.0.1:1")
	assert.Contains(t, resp.Header.Get("Content-Security-Policy"), "script-src 'nonce-")
	_, page = visit("/runs/" + run.ID)
	assert.Contains(t, page, "no undeclared connections")
	assert.Contains(t, page, "report.txt")
	resp, _ = visit("/runs/nothing")
	assert.Equal(t, http.StatusNotFound, resp.StatusCode)
	resp, _ = visit("/v1/runs/" + run.ID + "/files/report.txt")
	assert.Equal(t, http.StatusOK, resp.StatusCode)
	assert.Contains(t, resp.Header.Get("Content-Security-Policy"), "sandbox")

	req, err := http.NewRequestWithContext(s.ctx, http.MethodDelete, s.url+"/v1/environments/"+env.ID, nil)
	require.NoError(t, err)
	resp, err = browser.Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	assert.Equal(t, http.StatusUnauthorized, resp.StatusCode, "a session reads only")
}
