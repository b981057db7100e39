package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/envd-dev/envd/envd"
	v1 "github.com/envd-dev/envd/envd/api/v1"
	"github.com/envd-dev/envd/envd/internal/bundle"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestNewRefusesWhatIsNoServer(t *testing.T) {
	for _, server := range []string{"", "localhost:8700", "ftp://x", "http://", "http://a b", ":"} {
		_, err := New(server)
		assert.Error(t, err, server)
	}
	c, err := New("http://127.0.0.1:8700/")
	require.NoError(t, err)
	assert.True(t, c.LocalPath())
	c, err = New("https://envd.example.com/prefix")
	require.NoError(t, err)
	assert.False(t, c.LocalPath())
}

func TestFromEnvironment(t *testing.T) {
	t.Setenv("ENVD_SERVER", "")
	c, err := FromEnvironment()
	require.NoError(t, err)
	assert.Nil(t, c)
	file := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(file, []byte("secret\n"), 0o600))
	t.Setenv("ENVD_SERVER", "http://127.0.0.1:1")
	t.Setenv("ENVD_TOKEN_FILE", file)
	c, err = FromEnvironment()
	require.NoError(t, err)
	assert.Equal(t, "secret", c.token)
	t.Setenv("ENVD_TOKEN_FILE", file+"x")
	_, err = FromEnvironment()
	assert.ErrorIs(t, err, os.ErrNotExist)
}

func TestReadEvents(t *testing.T) {
	stream := ": hello\n\nid: 1\nevent: a\ndata: one\n\nevent: b\ndata:two\ndata: three\nretry: 5\n\ndata\n\nid: 9\nevent: cut\ndata: off\n"
	var got []string
	require.NoError(t, readEvents(strings.NewReader(stream), func(e event) error {
		got = append(got, fmt.Sprintf("%s/%s/%s", e.id, e.name, e.data))
		return nil
	}))
	assert.Equal(t, []string{"1/a/one", "/b/two\nthree", "//"}, got)
	stop := errors.New("stop")
	assert.ErrorIs(t, readEvents(strings.NewReader(stream), func(event) error { return stop }), stop)
}

// serve answers with f.
func serve(t *testing.T, f http.HandlerFunc) *Client {
	t.Helper()
	s := httptest.NewServer(f)
	h := &http.Client{Transport: &http.Transport{}}
	t.Cleanup(func() { h.CloseIdleConnections(); s.Close() })
	c, err := New(s.URL+"/below", WithToken(" secret\n"), WithHTTPClient(h))
	require.NoError(t, err)
	return c
}

func TestRequestsBearTheTokenAndKeepPaths(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"id": %q, "name": %q}`, r.Method+" "+r.RequestURI, r.Header.Get("Authorization"))
	})
	run, err := c.Run(t.Context(), "a/b c")
	require.NoError(t, err)
	assert.Equal(t, "GET /below/v1/runs/a%2Fb%20c", run.ID)
	assert.Equal(t, "Bearer secret", run.Name)
	resp, err := c.StubAdmin(t.Context(), "id", "GET", "x.example", "/__admin/files/a%20b?x=1", nil)
	require.NoError(t, err)
	var b bytes.Buffer
	_, err = b.ReadFrom(resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	assert.Contains(t, b.String(), "/below/v1/environments/id/stubs/x.example/__admin/files/a%20b?x=1")
}

func TestErrors(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "proxy") {
			http.Error(w, "bad gateway", http.StatusBadGateway)
			return
		}
		w.WriteHeader(http.StatusUnprocessableEntity)
		fmt.Fprint(w, `{"error": {"code": "bad_spec", "message": "m", "detail": [{"file": "f", "line": 2, "column": 3, "message": "x", "rule": "r"}]}}`)
	})
	_, err := c.Run(t.Context(), "spec")
	assert.ErrorIs(t, err, v1.ErrBadSpec)
	assert.NotErrorIs(t, err, v1.ErrNotFound)
	assert.EqualError(t, err, "f:2:3: x [r]")
	_, err = c.Run(t.Context(), "proxy")
	assert.EqualError(t, err, "envd daemon: 502 Bad Gateway: bad gateway")
}

// TestFollowTakesUpWhereItBroke: a stream that breaks in an event is asked for again from behind the last whole one.
func TestFollowTakesUpWhereItBroke(t *testing.T) {
	var asked []string
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Header.Get("Last-Event-ID"))
		switch len(asked) {
		case 1:
			fmt.Fprint(w, "id: 10\nevent: observation\ndata: {\"stage\":\"a\"}\n\nid: 20\nevent: observation\ndata: {\"sta")
		case 2:
			fmt.Fprint(w, "id: 20\nevent: observation\ndata: {\"stage\":\"b\"}\n\nevent: end\ndata: {\"id\":\"r\",\"status\":\"finished\"}\n\n")
		}
	})
	var stages []string
	run, err := c.Follow(t.Context(), "r", func(o envd.Observation) error { stages = append(stages, o.Stage); return nil })
	require.NoError(t, err)
	assert.Equal(t, []string{"a", "b"}, stages)
	assert.Equal(t, []string{"", "10"}, asked)
	assert.Equal(t, v1.Finished, run.Status)
}

func TestFollowGivesUp(t *testing.T) {
	calls := 0
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		calls++
		if strings.Contains(r.URL.Path, "missing") {
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, `{"error": {"code": "not_found", "message": "no such run"}}`)
			return
		}
		fmt.Fprint(w, "id: 1\nevent: observation\ndata: {}\n\n")
	})
	_, err := c.Follow(t.Context(), "missing", nil)
	assert.ErrorIs(t, err, v1.ErrNotFound)
	assert.Equal(t, 1, calls, "a refusal is final")
	stop := errors.New("enough")
	_, err = c.Follow(t.Context(), "r", func(envd.Observation) error { return stop })
	assert.ErrorIs(t, err, stop)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = c.Follow(ctx, "r", func(envd.Observation) error { return nil })
	assert.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestPackUnpacks(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{"envd.yaml": "a", "bin/app": "b", ".git/HEAD": "ref"} {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o755))
	}
	require.NoError(t, os.Symlink("app", filepath.Join(dir, "bin", "current")))
	var b bytes.Buffer
	require.NoError(t, pack(&b, dir))
	to := t.TempDir()
	require.NoError(t, bundle.Unpack(&b, to, bundle.DefaultLimits))
	got, err := os.ReadFile(filepath.Join(to, "bin", "current"))
	require.NoError(t, err)
	assert.Equal(t, "b", string(got))
	assert.NoDirExists(t, filepath.Join(to, ".git"))
	assert.Error(t, pack(&b, filepath.Join(dir, "missing")))
}
