package httpapi

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
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

func TestMain(m *testing.M) { dispatchtest.Main(m) }

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

// TestEveryOperation goes through the API with the SDK; the contract checks each answer, and that none was left out.
func TestEveryOperation(t *testing.T) {
	s := newServer(t)
	ctx, c := s.ctx, s.c
	s.do("GET", "/healthz", "", nil, "")
	s.do("GET", "/openapi.json", "", nil, "")
	v, err := c.Version(ctx)
	require.NoError(t, err)
	assert.Equal(t, v1.Version{Version: "test", API: "v1"}, v)

	changes, stopChanges := s.follow("/v1/events?after=0", "")
	defer stopChanges()

	run, err := c.SubmitRun(ctx, s.spec(dispatchtest.Held))
	require.NoError(t, err)
	assert.Equal(t, "shop", run.Name)
	_, err = c.Verdict(ctx, run.ID)
	assert.ErrorIs(t, err, v1.ErrNotFound)
	s.tell(run.ID, "finish")
	var names []string
	run, err = c.Follow(ctx, run.ID, func(o envd.Observation) error { names = append(names, o.Run.Name); return nil })
	require.NoError(t, err)
	assert.Equal(t, []string{"provisioned", "exercised"}, names)
	assert.Equal(t, v1.Finished, run.Status)
	assert.Equal(t, 4, *run.ExitCode)
	verdict, err := c.Verdict(ctx, run.ID)
	require.NoError(t, err)
	assert.Equal(t, envd.Inconclusive, verdict.Outcome)
	files, err := c.Files(ctx, run.ID)
	require.NoError(t, err)
	assert.Contains(t, files, v1.File{Name: "report.txt", Size: 7})
	f, err := c.File(ctx, run.ID, "report.txt")
	require.NoError(t, err)
	b, err := io.ReadAll(f)
	require.NoError(t, err)
	require.NoError(t, f.Close())
	assert.Equal(t, "report\n", string(b))

	other, err := c.SubmitRun(ctx, s.spec(dispatchtest.Held))
	require.NoError(t, err)
	_, err = c.Cancel(ctx, other.ID)
	require.NoError(t, err)
	r := s.wait(other.ID, func(r store.Record) bool { return r.Status.Ended() })
	assert.Contains(t, []v1.Status{v1.Finished, v1.Canceled}, r.Status, "depending on how far it was")
	runs, err := c.Runs(ctx)
	require.NoError(t, err)
	assert.Len(t, runs, 2)
	got, err := c.Run(ctx, run.ID)
	require.NoError(t, err)
	assert.Equal(t, run, got)

	s.environment()
	assert.Contains(t, <-changes, "event: run", "changes are told as they happen")

	for path, item := range s.contract.paths {
		for method := range item {
			operation := strings.ToUpper(method) + " " + path
			assert.True(t, s.contract.covered[operation], "%s was not tried", operation)
		}
	}
}

func (s *server) environment() {
	t, ctx, c := s.t, s.ctx, s.c
	env, err := c.Up(ctx, s.spec(dispatchtest.Held), 30*time.Minute)
	require.NoError(t, err)
	assert.Equal(t, v1.Ready, env.Status)
	assert.Equal(t, map[string]string{"api:8080": "127.0.0.1:1"}, env.Addresses)
	assert.WithinDuration(t, time.Now().Add(30*time.Minute), env.Expires, time.Minute)
	all, err := c.Environments(ctx)
	require.NoError(t, err)
	assert.Len(t, all, 1)
	env, err = c.Environment(ctx, env.ID)
	require.NoError(t, err)
	assert.True(t, env.Services["api"].Running)
	assert.Equal(t, "payments.example.com", env.Stubs[0].Host)
	expires, err := c.Renew(ctx, env.ID, 2*time.Hour)
	require.NoError(t, err)
	assert.WithinDuration(t, time.Now().Add(2*time.Hour), expires, time.Minute)

	var log bytes.Buffer
	require.NoError(t, c.Logs(ctx, env.ID, "api", false, &log))
	assert.Equal(t, "2026-03-01T12:00:00Z stdout one\n2026-03-01T12:00:01Z stderr two\n", log.String())
	assert.ErrorIs(t, c.Logs(ctx, env.ID, "nobody", false, &log), v1.ErrNotFound)

	s.exec(env.ID)
	for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
		resp, err := c.StubAdmin(ctx, env.ID, method, "payments.example.com", "/__admin/mappings?limit=1", nil)
		require.NoError(t, err)
		b, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		assert.JSONEq(t, fmt.Sprintf(`{"host":"payments.example.com","method":%q,"path":"/v1/stubs/payments.example.com/__admin/mappings","query":"limit=1"}`, method), string(b))
	}
	_, err = c.StubAdmin(ctx, env.ID, "GET", "payments.example.com", "/other", nil)
	assert.ErrorIs(t, err, v1.ErrNotFound)

	env, err = c.Down(ctx, env.ID)
	require.NoError(t, err)
	assert.Equal(t, v1.Finished, env.Status)
	_, err = c.Down(ctx, env.ID)
	assert.ErrorIs(t, err, v1.ErrConflict)
	_, err = c.Renew(ctx, env.ID, time.Hour)
	assert.ErrorIs(t, err, v1.ErrConflict)
}

// exec holds the command's input open until its output has come back: the streams go both ways at once.
func (s *server) exec(id string) {
	t := s.t
	in, feed := io.Pipe()
	out, back := io.Pipe()
	var stderr bytes.Buffer
	done := make(chan int)
	go func() {
		code, err := s.c.Exec(s.ctx, id, v1.ExecRequest{Command: []string{"cat", "-"}}, in, back, &stderr)
		assert.NoError(t, err)
		done <- code
	}()
	echo := make([]byte, 5)
	_, err := feed.Write([]byte("hello"))
	require.NoError(t, err)
	_, err = io.ReadFull(out, echo)
	require.NoError(t, err)
	assert.Equal(t, "HELLO", string(echo))
	require.NoError(t, feed.Close())
	assert.Equal(t, 7, <-done)
	assert.Equal(t, "cat -", stderr.String())

	_, err = s.c.Exec(s.ctx, id, v1.ExecRequest{Service: "nobody", Command: []string{"x"}}, nil, io.Discard, io.Discard)
	assert.ErrorIs(t, err, v1.ErrNotFound)
	_, err = s.c.Exec(s.ctx, id, v1.ExecRequest{}, nil, io.Discard, io.Discard)
	assert.Equal(t, v1.BadRequest, err.(*v1.Error).Code)
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

func TestEventsResume(t *testing.T) {
	s := newServer(t)
	run, err := s.c.SubmitRun(s.ctx, s.spec(dispatchtest.Held))
	require.NoError(t, err)
	s.tell(run.ID, "observe?detail=one")
	path := "/v1/runs/" + run.ID + "/events"
	events, stop := s.follow(path, "")
	first, second := <-events, <-events
	stop()
	assert.Contains(t, first, `"name":"provisioned"`)
	assert.Contains(t, second, `"detail":"one"`)
	id := func(event string) string {
		line, _, _ := strings.Cut(event, "\n")
		return strings.TrimPrefix(line, "id: ")
	}
	events, stop = s.follow(path, id(first))
	defer stop()
	assert.Equal(t, second, <-events, "from behind the event that the reader had")
	s.tell(run.ID, "observe?detail=two")
	assert.Contains(t, <-events, `"detail":"two"`, "as it happens")
	s.tell(run.ID, "finish")
	assert.Contains(t, <-events, `"exercised"`)
	end := <-events
	assert.Contains(t, end, "event: end")
	assert.Contains(t, end, `"status":"finished"`)
	_, open := <-events
	assert.False(t, open, "the stream ends with the run")
	resp, _ := s.do("GET", path+"?after=x", "", nil, token)
	assert.Equal(t, http.StatusBadRequest, resp.StatusCode)
}

func TestLogsFollow(t *testing.T) {
	s := newServer(t)
	env, err := s.c.Up(s.ctx, s.spec(dispatchtest.Held), 0)
	require.NoError(t, err)
	assert.WithinDuration(t, time.Now().Add(time.Hour), env.Expires, time.Minute, "the default lease")
	events, stop := s.follow("/v1/environments/"+env.ID+"/logs?service=api&follow=true", "")
	assert.Equal(t, "event: line\ndata: 2026-03-01T12:00:00Z stdout one", <-events)
	assert.Equal(t, "event: line\ndata: 2026-03-01T12:00:01Z stderr two", <-events)
	stop()
	ctx, cancel := context.WithCancel(s.ctx)
	var lines int
	require.NoError(t, s.c.Logs(ctx, env.ID, "api", true, writer(func(p []byte) {
		if lines++; lines == 2 {
			cancel()
		}
	})))
	assert.Equal(t, 2, lines)
}

type writer func([]byte)

func (w writer) Write(p []byte) (int, error) { w(p); return len(p), nil }

func TestEnvironmentThatDoesNotComeUp(t *testing.T) {
	s := newServer(t)
	_, err := s.c.Up(s.ctx, s.spec(dispatchtest.Breaks), time.Hour)
	require.ErrorIs(t, err, v1.ErrEnvironmentFailed)
	assert.ErrorContains(t, err, "service api was not ready, as was asked for")
}

func TestEnvironmentNobodyWaitsForIsTakenDown(t *testing.T) {
	s := newServer(t)
	ctx, cancel := context.WithCancel(s.ctx)
	stop := context.AfterFunc(ctx, func() {})
	defer stop()
	changed := s.d.Moved("")
	done := make(chan error)
	go func() {
		_, err := s.c.Up(ctx, s.spec(dispatchtest.Held), time.Hour)
		done <- err
	}()
	<-changed // it is known, and hardly up yet
	cancel()
	err := <-done
	all, lerr := s.s.List(s.ctx, store.Up, 10)
	require.NoError(t, lerr)
	require.Len(t, all, 1)
	if err == nil { // it was faster; then it is the client's
		return
	}
	s.wait(all[0].ID, func(r store.Record) bool { return r.Status.Ended() })
}

func TestLimitOfEnvironments(t *testing.T) {
	s := newServer(t)
	for range 2 {
		_, err := s.c.Up(s.ctx, s.spec(dispatchtest.Held), time.Hour)
		require.NoError(t, err)
	}
	_, err := s.c.Up(s.ctx, s.spec(dispatchtest.Held), time.Hour)
	assert.ErrorIs(t, err, v1.ErrTooMany)
}

func TestUpload(t *testing.T) {
	s := newServer(t)
	local := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(local, ".git"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(local, ".git", "big"), make([]byte, 2<<20), 0o644), "would be too large")
	run, err := s.c.SubmitRun(s.ctx, client.Spec{Path: dispatchtest.Spec(t, local, "shop", dispatchtest.Quick), Upload: true})
	require.NoError(t, err)
	assert.NotContains(t, run.Spec, local)
	run, err = s.c.Follow(s.ctx, run.ID, func(envd.Observation) error { return nil })
	require.NoError(t, err)
	assert.Equal(t, v1.Finished, run.Status, run.Message)
	left, err := os.ReadDir(filepath.Join(s.dir, "bundles"))
	require.NoError(t, err)
	assert.Empty(t, left)
	env, err := s.c.Up(s.ctx, client.Spec{Path: dispatchtest.Spec(t, local, "shop", dispatchtest.Held), Upload: true}, 2*time.Hour)
	require.NoError(t, err)
	assert.WithinDuration(t, time.Now().Add(2*time.Hour), env.Expires, time.Minute)
	require.NoError(t, os.WriteFile(filepath.Join(local, "big"), make([]byte, 2<<20), 0o644))
	_, err = s.c.SubmitRun(s.ctx, client.Spec{Path: dispatchtest.Spec(t, local, "shop", dispatchtest.Quick), Upload: true})
	assert.Equal(t, v1.TooLarge, err.(*v1.Error).Code)
}

func TestBadSpecTellsWhere(t *testing.T) {
	s := newServer(t)
	path := filepath.Join(s.dir, "bad.yaml")
	require.NoError(t, os.WriteFile(path, []byte("apiVersion: envd/v1\nnmae: shop\n"), 0o644))
	_, err := s.c.SubmitRun(s.ctx, client.Spec{Path: path})
	require.ErrorIs(t, err, v1.ErrBadSpec)
	detail := err.(*v1.Error).Detail
	require.NotEmpty(t, detail)
	i := 0
	for detail[i].Line != 2 {
		i++
	}
	assert.Equal(t, "nmae: shop", detail[i].Source)
	assert.Contains(t, err.Error(), "bad.yaml:2:1: ")
	_, err = s.c.SubmitRun(s.ctx, client.Spec{Path: filepath.Join(s.dir, "missing.yaml")})
	assert.ErrorIs(t, err, v1.ErrBadSpec)
}

func TestBadRequests(t *testing.T) {
	s := newServer(t)
	evil := &bytes.Buffer{}
	w := tar.NewWriter(evil)
	require.NoError(t, w.WriteHeader(&tar.Header{Name: "../evil", Typeflag: tar.TypeReg}))
	require.NoError(t, w.Close())
	const jsonType = "application/json"
	run, err := s.c.SubmitRun(s.ctx, s.spec(dispatchtest.Quick))
	require.NoError(t, err)
	tests := []struct {
		name, method, path, contentType, body string
		want                                  int
	}{
		{"no content type", "POST", "/v1/runs", "", "{}", 400},
		{"strange content type", "POST", "/v1/runs", "text/yaml", "x", 400},
		{"no JSON", "POST", "/v1/runs", jsonType, "x", 400},
		{"unknown field", "POST", "/v1/runs", jsonType, `{"sepc": "/x"}`, 400},
		{"two documents", "POST", "/v1/runs", jsonType, `{"spec": "/x"}{}`, 400},
		{"relative path", "POST", "/v1/runs", jsonType, `{"spec": "envd.yaml"}`, 400},
		{"negative lease", "POST", "/v1/environments", jsonType, `{"spec": "/x", "ttl": "-1h"}`, 400},
		{"too long a body", "POST", "/v1/runs", jsonType, `{"spec": "` + strings.Repeat("x", mostJSON) + `"}`, 413},
		{"archive without name", "POST", "/v1/runs", "application/x-tar", "", 400},
		{"archive with a name outside", "POST", "/v1/runs?spec=../x", "application/x-tar", "", 400},
		{"archive with a bad lease", "POST", "/v1/environments?spec=x&ttl=long", "application/x-tar", "", 400},
		{"archive that climbs out", "POST", "/v1/runs?spec=x", "application/x-tar", evil.String(), 400},
		{"empty archive", "POST", "/v1/runs?spec=x", "application/x-tar", "", 400},
		{"no such run", "GET", "/v1/runs/nothing", "", "", 404},
		{"a run is no environment", "GET", "/v1/environments/" + run.ID, "", "", 404},
		{"no such environment", "DELETE", "/v1/environments/nothing", "", "", 404},
		{"no such path", "GET", "/v1/nothing", "", "", 404},
		{"wrong method", "PUT", "/v1/runs", "", "", 405},
		{"bad limit", "GET", "/v1/runs?limit=-1", "", "", 400},
		{"file outside", "GET", "/v1/runs/" + run.ID + "/files/../../daemon.db", "", "", 404},
		{"file outside, escaped", "GET", "/v1/runs/" + run.ID + "/files/..%2f..%2fdaemon.db", "", "", 404},
		{"no file", "GET", "/v1/runs/" + run.ID + "/files/nothing", "", "", 404},
		{"a directory", "GET", "/v1/runs/" + run.ID + "/files/logs", "", "", 404},
	}
	s.wait(run.ID, func(r store.Record) bool { return r.Status.Ended() })
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			resp, b := s.do(tt.method, tt.path, tt.contentType, strings.NewReader(tt.body), token)
			assert.Equal(t, tt.want, resp.StatusCode, "%s", b)
			var body v1.ErrorBody
			require.NoError(t, json.Unmarshal(b, &body), "%s", b)
			assert.NotEmpty(t, body.Error.Code)
			assert.NotEmpty(t, body.Error.Message)
		})
	}
	left, err := os.ReadDir(filepath.Join(s.dir, "bundles"))
	require.NoError(t, err)
	assert.Empty(t, left, "what was refused is removed")
}

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

func TestStreamsEndWhenTheDaemonStops(t *testing.T) {
	s := newServer(t)
	run, err := s.c.SubmitRun(s.ctx, s.spec(dispatchtest.Held))
	require.NoError(t, err)
	events, stop := s.follow("/v1/runs/"+run.ID+"/events", "")
	defer stop()
	<-events
	s.killRunners() // or nobody finds it any more
	require.NoError(t, s.d.Close())
	for range events { // ends, or the test's deadline does
	}
}
