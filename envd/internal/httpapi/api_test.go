package httpapi

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/envd"
	v1 "github.com/envd-dev/envd/envd/api/v1"
	"github.com/envd-dev/envd/envd/client"
	"github.com/envd-dev/envd/envd/internal/dispatch/dispatchtest"
	"github.com/envd-dev/envd/envd/internal/store"
)

func TestMain(m *testing.M) { dispatchtest.Main(m) }

// TestEveryOperation goes through the API with the SDK; the contract checks each answer, and that none was left out.
// cancelAtOnce submits a run and cancels it, however far it is then.
func (s *server) cancelAtOnce() {
	s.t.Helper()
	run, err := s.c.SubmitRun(s.ctx, s.spec(dispatchtest.Held))
	require.NoError(s.t, err)
	_, err = s.c.Cancel(s.ctx, run.ID)
	require.NoError(s.t, err)
	r := s.wait(run.ID, func(r store.Record) bool { return r.Status.Ended() })
	assert.Contains(s.t, []v1.Status{v1.Finished, v1.Canceled}, r.Status, "depending on how far it was")
}

// A run that is canceled while it starts is not lost.
func TestCancelAtOnce(t *testing.T) {
	s := newServer(t)
	for range 20 {
		s.cancelAtOnce()
	}
}

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

	s.cancelAtOnce()
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
	assert.Equal(t, v1.BadRequest, wire(t, err).Code)
}

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
	assert.Equal(t, v1.TooLarge, wire(t, err).Code)
}

func TestBadSpecTellsWhere(t *testing.T) {
	s := newServer(t)
	path := filepath.Join(s.dir, "bad.yaml")
	require.NoError(t, os.WriteFile(path, []byte("apiVersion: envd/v1\nnam: shop\n"), 0o644))
	_, err := s.c.SubmitRun(s.ctx, client.Spec{Path: path})
	require.ErrorIs(t, err, v1.ErrBadSpec)
	detail := wire(t, err).Detail
	require.NotEmpty(t, detail)
	i := 0
	for detail[i].Line != 2 {
		i++
	}
	assert.Equal(t, "nam: shop", detail[i].Source)
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
