package envdtest

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/envd/daemon"
	"github.com/envd-dev/envd/envd/internal/dispatch/dispatchtest"
)

func TestMain(m *testing.M) { dispatchtest.Main(m) }

// recorder is a test that may fail without failing this one.
type recorder struct {
	testing.TB
	fatal, logged string
	failed        bool
	cleanups      []func()
}

func (r *recorder) Cleanup(f func())          { r.cleanups = append(r.cleanups, f) }
func (r *recorder) Failed() bool              { return r.failed }
func (r *recorder) Logf(f string, a ...any)   { r.logged += sprintf(f, a) }
func (r *recorder) Errorf(f string, a ...any) { r.failed, r.logged = true, r.logged+sprintf(f, a) }
func (r *recorder) Fatalf(f string, a ...any) {
	r.fatal = sprintf(f, a)
	panic(r)
}

func sprintf(format string, a []any) string {
	return strings.Join(strings.Fields(fmt.Sprintf(format, a...)), " ")
}

// end runs the cleanups as the end of a test does.
func (r *recorder) end() {
	for i := len(r.cleanups) - 1; i >= 0; i-- {
		r.cleanups[i]()
	}
}

// try runs f with a recorder; a Fatalf ends f only.
func try(t *testing.T, f func(testing.TB)) (r *recorder) {
	r = &recorder{TB: t}
	defer func() {
		if p := recover(); p != nil && p != any(r) {
			panic(p)
		}
	}()
	f(r)
	return r
}

func binary(t *testing.T) Option {
	t.Helper()
	exe, err := os.Executable()
	require.NoError(t, err)
	return WithBinary(exe)
}

func TestUpGivesWhatATestNeeds(t *testing.T) {
	var e *Env
	r := try(t, func(tb testing.TB) {
		e = Up(tb, dispatchtest.Spec(t, t.TempDir(), "shop", dispatchtest.Held), binary(t))
	})
	require.Empty(t, r.fatal)
	assert.Equal(t, "127.0.0.1:1", e.Addr("api", 8080))
	assert.Equal(t, "http://127.0.0.1:1", e.URL("api", 8080))
	assert.Contains(t, e.Logs("api"), "stdout one")
	assert.Equal(t, Result{ExitCode: 7, Stderr: "ls -l"}, e.Exec("ls", "-l"))

	version, err := e.Stub("payments.example.com").GetAllRequests()
	require.NoError(t, err, "the stub's admin API answers")
	assert.NotNil(t, version)
	_, err = e.link.client.Renew(t.Context(), e.ID, lease)
	require.NoError(t, err)

	r.end()
	assert.False(t, r.failed, r.logged)
	_, err = e.link.client.Renew(t.Context(), e.ID, lease)
	assert.Error(t, err, "it is gone")
}

func TestUnknownAddressIsNamed(t *testing.T) {
	e := Up(t, dispatchtest.Spec(t, t.TempDir(), "shop", dispatchtest.Held), binary(t))
	r := try(t, func(tb testing.TB) {
		other := *e
		other.t = tb
		other.Addr("api", 9)
	})
	assert.Contains(t, r.fatal, "has no api:9; it has api:8080")
}

func TestWhatDoesNotComeUp(t *testing.T) {
	dir := t.TempDir()
	tests := []struct {
		name, want string
		up         func(testing.TB)
	}{
		{"a service that is not ready", "service api was not ready", func(tb testing.TB) {
			Up(tb, dispatchtest.Spec(t, dir, "shop", dispatchtest.Breaks), binary(t))
		}},
		{"a bad spec", "refused, as was asked for", func(tb testing.TB) {
			Up(tb, dispatchtest.Spec(t, dir, "shop", dispatchtest.Refuses), binary(t))
		}},
		{"no binary", "no such file", func(tb testing.TB) { Up(tb, "x.yaml", WithBinary(filepath.Join(dir, "envd"))) }},
		{"no daemon", "connection refused", func(tb testing.TB) { Up(tb, "x.yaml", WithServer("http://127.0.0.1:1", "t")) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := try(t, tt.up)
			assert.Contains(t, r.fatal, tt.want)
			r.end()
		})
	}
}

func TestNoBinaryAtAllTellsWhatToDo(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	t.Setenv("ENVD_BIN", "")
	t.Setenv("ENVD_SERVER", "")
	r := try(t, func(tb testing.TB) { Up(tb, "x.yaml") })
	assert.Contains(t, r.fatal, "put envd into PATH, name it with ENVD_BIN")
}

func TestAFailedTestShowsTheLogs(t *testing.T) {
	r := try(t, func(tb testing.TB) {
		Up(tb, dispatchtest.Spec(t, t.TempDir(), "shop", dispatchtest.Held), binary(t))
		tb.Errorf("broken")
	})
	r.end()
	assert.Contains(t, r.logged, "last lines of api: 2026-03-01T12:00:00Z stdout one")
}

func TestAnEnvironmentThatEndedByItselfIsAnError(t *testing.T) {
	var e *Env
	r := try(t, func(tb testing.TB) {
		e = Up(tb, dispatchtest.Spec(t, t.TempDir(), "shop", dispatchtest.Held), binary(t))
	})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, e.link.base+"/v1/environments/"+e.ID+"/standin/finish", nil)
	require.NoError(t, err)
	resp, err := e.link.transport.RoundTrip(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Eventually(t, func() bool {
		_, err := e.link.client.Renew(t.Context(), e.ID, lease)
		return err != nil
	}, time.Minute, 5*time.Millisecond, "it is gone")
	r.end()
	assert.True(t, r.failed)
	assert.Contains(t, r.logged, "taking "+e.ID+" down: ")
}

func TestThroughADaemon(t *testing.T) {
	exe, err := os.Executable()
	require.NoError(t, err)
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	listening, done := make(chan string, 1), make(chan error, 1)
	go func() {
		done <- daemon.Run(ctx, daemon.Config{
			Address: "127.0.0.1:0", StateDir: dir, Exe: exe, Listening: func(a net.Addr) { listening <- a.String() },
		})
	}()
	defer func() { cancel(); assert.NoError(t, <-done) }()
	address := <-listening
	token, err := os.ReadFile(filepath.Join(dir, "token"))
	require.NoError(t, err)
	r := try(t, func(tb testing.TB) {
		e := Up(tb, dispatchtest.Spec(t, dir, "shop", dispatchtest.Held), WithServer("http://"+address, string(token)))
		assert.Equal(t, "127.0.0.1:1", e.Addr("api", 8080))
		assert.Equal(t, 7, e.Exec("true").ExitCode)
		_, err := e.Stub("payments.example.com").GetAllRequests()
		assert.NoError(t, err)
	})
	assert.Empty(t, r.fatal)
	r.end()
	assert.False(t, r.failed, r.logged)
}
