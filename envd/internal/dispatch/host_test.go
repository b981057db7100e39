package dispatch_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/envd"
	v1 "github.com/envd-dev/envd/envd/api/v1"
	"github.com/envd-dev/envd/envd/internal/dispatch"
	"github.com/envd-dev/envd/envd/internal/dispatch/dispatchtest"
	"github.com/envd-dev/envd/envd/internal/store"
	"github.com/envd-dev/envd/envd/spec"
)

// patience bounds every wait for a process; reaching it is a failure.
const patience = 30 * time.Second

// host is a state directory that dispatchers come and go on.
type host struct {
	t       *testing.T
	dir     string
	exe     string
	runs    int
	keep    time.Duration
	cleared chan string // receives the IDs of runs whose remains are removed
	d       *dispatch.Dispatcher
	s       *store.Store
}

func newHost(t *testing.T, runs int) *host {
	t.Helper()
	exe, err := os.Executable()
	require.NoError(t, err)
	h := &host{t: t, dir: t.TempDir(), exe: exe, runs: runs, cleared: make(chan string, 100)}
	h.start()
	t.Cleanup(func() {
		for _, kind := range []store.Kind{store.Run, store.Up} {
			all, err := h.s.List(context.Background(), kind, 100)
			assert.NoError(t, err)
			for _, r := range all {
				if !r.Status.Ended() && r.PID != 0 {
					_ = syscall.Kill(r.PID, syscall.SIGKILL)
				}
			}
		}
		h.stop()
	})
	return h
}

// start is what a daemon does when it begins, stop what is left when it dies: nothing is told to the runners.
func (h *host) start() {
	h.t.Helper()
	var err error
	h.s, err = store.Open(h.t.Context(), filepath.Join(h.dir, "daemon.db"))
	require.NoError(h.t, err)
	h.d, err = dispatch.New(h.t.Context(), dispatch.Config{
		RunsDir: filepath.Join(h.dir, "runs"), Exe: h.exe, Env: os.Environ(), Store: h.s, MaxRuns: h.runs, MaxEnvironments: 2,
		Load: load, Keep: h.keep, Clear: h.clear, Log: slog.New(slog.DiscardHandler),
	})
	require.NoError(h.t, err)
}

func (h *host) clear(_ context.Context, id string) error {
	h.cleared <- id
	return nil
}

func (h *host) stop() {
	assert.NoError(h.t, h.d.Close())
	assert.NoError(h.t, h.s.Close())
}

func load(path, runtime string) (*envd.Spec, error) {
	s, diagnostics := spec.Load(path, spec.Options{Runtime: runtime})
	return s, diagnostics.Err()
}

func (h *host) submit(kind store.Kind, behaviour string) store.Record {
	h.t.Helper()
	r, err := h.d.Submit(h.t.Context(), dispatch.Submission{Kind: kind, Spec: dispatchtest.Spec(h.t, h.dir, "shop", behaviour), TTL: time.Hour})
	require.NoError(h.t, err)
	return r
}

func (h *host) wait(id string, until func(store.Record) bool) store.Record {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.t.Context(), patience)
	defer cancel()
	r, err := h.d.Wait(ctx, id, until)
	require.NoError(h.t, err, "%+v", r)
	return r
}

func (h *host) tell(r store.Record, word string) {
	h.t.Helper()
	address, err := h.d.ControlAddress(r)
	require.NoError(h.t, err)
	require.NoError(h.t, dispatchtest.Tell(h.t.Context(), address, word))
}

func is(s v1.Status) func(store.Record) bool {
	return func(r store.Record) bool { return r.Status == s }
}

func ended(r store.Record) bool { return r.Status.Ended() }
