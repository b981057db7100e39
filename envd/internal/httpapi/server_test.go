package httpapi

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/envd"
	v1 "github.com/envd-dev/envd/envd/api/v1"
	"github.com/envd-dev/envd/envd/client"
	"github.com/envd-dev/envd/envd/internal/bundle"
	"github.com/envd-dev/envd/envd/internal/dispatch"
	"github.com/envd-dev/envd/envd/internal/dispatch/dispatchtest"
	"github.com/envd-dev/envd/envd/internal/store"
	"github.com/envd-dev/envd/envd/spec"
)

const (
	token    = "the-token-of-this-test"
	patience = 30 * time.Second
)

// server is the whole API over stand-in runners; what its client receives is checked against the OpenAPI document.
type server struct {
	t        *testing.T
	dir      string
	url      string
	d        *dispatch.Dispatcher
	s        *store.Store
	contract *contract
	c        *client.Client
	http     *http.Client
	ctx      context.Context
}

func newServer(t *testing.T) *server {
	t.Helper()
	dir := t.TempDir()
	s := &server{t: t, dir: dir}
	var cancel context.CancelFunc
	s.ctx, cancel = context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	var err error
	s.s, err = store.Open(t.Context(), filepath.Join(dir, "daemon.db"))
	require.NoError(t, err)
	exe, err := os.Executable()
	require.NoError(t, err)
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	s.d, err = dispatch.New(t.Context(), dispatch.Config{
		RunsDir: filepath.Join(dir, "runs"), Exe: exe, Env: os.Environ(), Store: s.s, MaxRuns: 2, MaxEnvironments: 2, Log: log,
		Load: func(path, runtime string) (*envd.Spec, error) {
			sp, diagnostics := spec.Load(path, spec.Options{Runtime: runtime})
			return sp, diagnostics.Err()
		},
	})
	require.NoError(t, err)
	require.NoError(t, os.Mkdir(filepath.Join(dir, "bundles"), 0o755))
	engine, err := newEngine(Config{
		Dispatcher: s.d, Store: s.s, Token: token, BundleDir: filepath.Join(dir, "bundles"), Limits: bundle.Limits{Bytes: 1 << 20, Files: 20},
		Version: "test", Log: log,
	})
	require.NoError(t, err)
	h := httptest.NewServer(engine)
	s.url = h.URL
	s.contract = newContract(t, get(t, h.URL+"/openapi.json"))
	s.http = &http.Client{Transport: s.contract}
	s.c, err = client.New(h.URL, client.WithToken(token), client.WithHTTPClient(s.http))
	require.NoError(t, err)
	t.Cleanup(func() {
		s.killRunners()
		assert.NoError(t, s.d.Close())
		h.Close()
		s.contract.inner.(*http.Transport).CloseIdleConnections()
		assert.NoError(t, s.s.Close())
	})
	return s
}

func get(t *testing.T, url string) []byte {
	t.Helper()
	resp, err := http.Get(url)
	require.NoError(t, err)
	b, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	http.DefaultClient.CloseIdleConnections()
	return b
}

func (s *server) killRunners() {
	active, err := s.s.Active(context.Background())
	assert.NoError(s.t, err)
	for _, r := range active {
		if r.PID != 0 {
			_ = syscall.Kill(r.PID, syscall.SIGKILL)
		}
	}
}

func (s *server) spec(behaviour string) client.Spec {
	return client.Spec{Path: dispatchtest.Spec(s.t, s.dir, "shop", behaviour)}
}

func (s *server) wait(id string, until func(store.Record) bool) store.Record {
	s.t.Helper()
	r, err := s.d.Wait(s.ctx, id, until)
	require.NoError(s.t, err)
	return r
}

func (s *server) tell(id, word string) {
	s.t.Helper()
	r := s.wait(id, func(r store.Record) bool { return r.Status == v1.Exercising || r.Status == v1.Ready })
	address, err := s.d.ControlAddress(r)
	require.NoError(s.t, err)
	require.NoError(s.t, dispatchtest.Tell(s.ctx, address, word))
}

// do sends a request of its own making.
func (s *server) do(method, path, contentType string, body io.Reader, bearer string) (*http.Response, []byte) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.ctx, method, s.url+path, body)
	require.NoError(s.t, err)
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	if bearer != "" {
		req.Header.Set("Authorization", "Bearer "+bearer)
	}
	resp, err := s.http.Do(req)
	require.NoError(s.t, err)
	b, err := io.ReadAll(resp.Body)
	require.NoError(s.t, err)
	require.NoError(s.t, resp.Body.Close())
	return resp, b
}

// wire is the API's error in err.
func wire(t *testing.T, err error) *v1.Error {
	t.Helper()
	var e *v1.Error
	require.ErrorAs(t, err, &e)
	return e
}

// follow reads a stream's events, each as its text, until stop.
func (s *server) follow(path, last string) (events <-chan string, stop func()) {
	ctx, cancel := context.WithCancel(s.ctx)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+path, nil)
	require.NoError(s.t, err)
	req.Header.Set("Authorization", "Bearer "+token)
	if last != "" {
		req.Header.Set("Last-Event-ID", last)
	}
	resp, err := s.http.Do(req)
	require.NoError(s.t, err)
	require.Equal(s.t, http.StatusOK, resp.StatusCode)
	ch := make(chan string, 100)
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer close(ch)
		text := ""
		buffer := make([]byte, 4096)
		for {
			n, err := resp.Body.Read(buffer)
			text += string(buffer[:n])
			for {
				event, rest, ok := strings.Cut(text, "\n\n")
				if !ok {
					break
				}
				text = rest
				if !strings.HasPrefix(event, ":") {
					s.contract.event(event)
					ch <- event
				}
			}
			if err != nil {
				return
			}
		}
	}()
	return ch, func() { cancel(); <-done; resp.Body.Close() }
}
