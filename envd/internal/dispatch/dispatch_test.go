package dispatch_test

import (
	"errors"
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
	"github.com/envd-dev/envd/envd/internal/evidence"
	"github.com/envd-dev/envd/envd/internal/launch"
	"github.com/envd-dev/envd/envd/internal/store"
	"github.com/envd-dev/envd/envd/spec"
)

func TestMain(m *testing.M) { dispatchtest.Main(m) }

func TestRunToItsEnd(t *testing.T) {
	h := newHost(t, 1)
	r := h.submit(store.Run, dispatchtest.Held)
	r = h.wait(r.ID, is(v1.Exercising))
	assert.Equal(t, "peak", r.Stage)
	h.tell(r, "finish")
	r = h.wait(r.ID, ended)
	assert.Equal(t, v1.Finished, r.Status)
	assert.Equal(t, envd.Inconclusive, r.Outcome)
	require.NotNil(t, r.ExitCode)
	assert.Equal(t, 4, *r.ExitCode)
	assert.Empty(t, r.Stage)
	assert.False(t, r.Started.IsZero() || r.Ended.IsZero())
	assert.ErrorIs(t, h.d.End(t.Context(), r.ID), dispatch.ErrEnded)
}

func TestQueueKeepsToItsLimitAndOrder(t *testing.T) {
	h := newHost(t, 2)
	var all []store.Record
	for range 4 {
		all = append(all, h.submit(store.Run, dispatchtest.Held))
	}
	h.wait(all[0].ID, is(v1.Exercising))
	h.wait(all[1].ID, is(v1.Exercising))
	for _, r := range all[2:] {
		got, err := h.d.Get(t.Context(), store.Run, r.ID)
		require.NoError(t, err)
		assert.Equal(t, v1.Queued, got.Status)
	}
	require.NoError(t, h.d.End(t.Context(), all[2].ID), "a queued run is canceled")
	assert.Equal(t, v1.Canceled, h.wait(all[2].ID, ended).Status)

	h.tell(h.wait(all[0].ID, is(v1.Exercising)), "finish")
	h.wait(all[0].ID, ended)
	h.wait(all[3].ID, is(v1.Exercising))
	assert.NoDirExists(t, all[2].Dir, "what was canceled never started")
	require.NoError(t, h.d.End(t.Context(), all[3].ID))
	r := h.wait(all[3].ID, ended)
	assert.Equal(t, 130, *r.ExitCode)
}

func TestRunnersSurviveTheDispatcher(t *testing.T) {
	h := newHost(t, 1)
	running := h.submit(store.Run, dispatchtest.Held)
	up := h.submit(store.Up, dispatchtest.Held)
	queued := h.submit(store.Run, dispatchtest.Quick)
	running = h.wait(running.ID, is(v1.Exercising))
	up = h.wait(up.ID, is(v1.Ready))
	h.stop()
	h.start()

	again := h.wait(running.ID, is(v1.Exercising))
	assert.Equal(t, running.PID, again.PID, "the same process")
	got, err := h.d.Get(t.Context(), store.Run, queued.ID)
	require.NoError(t, err)
	assert.Equal(t, v1.Queued, got.Status, "the adopted run still takes its place")
	h.tell(again, "finish")
	r := h.wait(running.ID, ended)
	assert.Equal(t, v1.Finished, r.Status)
	assert.Equal(t, 4, *r.ExitCode, "as run.json says, though it is no child of this dispatcher")
	h.wait(queued.ID, ended)

	require.NoError(t, h.d.End(t.Context(), up.ID))
	assert.Equal(t, v1.Finished, h.wait(up.ID, ended).Status)
}

func TestWhatEndedMeanwhileIsSettledAndNotRunTwice(t *testing.T) {
	h := newHost(t, 2)
	finished, killed := h.submit(store.Run, dispatchtest.Held), h.submit(store.Run, dispatchtest.Held)
	finished, killed = h.wait(finished.ID, is(v1.Exercising)), h.wait(killed.ID, is(v1.Exercising))
	address, err := h.d.ControlAddress(finished)
	require.NoError(t, err)
	claimed := store.Record{ID: "shop-claimed", Kind: store.Run, Status: v1.Starting, Dir: filepath.Join(h.dir, "runs", "shop-claimed")}
	require.NoError(t, h.s.Insert(t.Context(), claimed))
	h.stop()

	require.NoError(t, dispatchtest.Tell(t.Context(), address, "finish"))
	require.NoError(t, syscall.Kill(killed.PID, syscall.SIGKILL))
	for _, r := range []store.Record{finished, killed} {
		_, err := syscall.Wait4(r.PID, nil, 0, nil) // our children: reap them as init would
		require.NoError(t, err)
	}
	h.start()
	r := h.wait(finished.ID, ended)
	assert.Equal(t, v1.Finished, r.Status)
	assert.Equal(t, envd.Inconclusive, r.Outcome)
	r = h.wait(killed.ID, ended)
	assert.Equal(t, v1.Lost, r.Status)
	assert.Equal(t, envd.Errored, r.Outcome)
	assert.Contains(t, r.Message, "not started again")
	r = h.wait(claimed.ID, ended)
	assert.Equal(t, v1.Lost, r.Status, "claimed by a daemon that died before it started it")
	assert.NoDirExists(t, claimed.Dir)
}

func TestKilledRunnerIsLost(t *testing.T) {
	h := newHost(t, 1)
	r := h.wait(h.submit(store.Run, dispatchtest.Held).ID, is(v1.Exercising))
	require.NoError(t, syscall.Kill(r.PID, syscall.SIGKILL))
	r = h.wait(r.ID, ended)
	assert.Equal(t, v1.Lost, r.Status)
	assert.Nil(t, r.ExitCode)
}

// What a lost runner left is removed at once.
func TestWhatALostRunnerLeftIsRemoved(t *testing.T) {
	h := newHost(t, 1)
	r := h.wait(h.submit(store.Run, dispatchtest.Held).ID, is(v1.Exercising))
	assert.Empty(t, h.cleared)
	require.NoError(t, syscall.Kill(r.PID, syscall.SIGKILL))
	select {
	case id := <-h.cleared:
		assert.Equal(t, r.ID, id)
	case <-time.After(patience):
		assert.Fail(t, "nothing was removed")
	}
}

func TestRunnerThatDoesNotBegin(t *testing.T) {
	h := newHost(t, 1)
	r := h.wait(h.submit(store.Run, dispatchtest.Refuses).ID, ended)
	assert.Equal(t, v1.Finished, r.Status)
	assert.Equal(t, envd.Errored, r.Outcome)
	assert.Equal(t, 2, *r.ExitCode)
	assert.Contains(t, r.Message, "refused, as was asked for")

	r = h.wait(h.submit(store.Up, dispatchtest.Breaks).ID, ended)
	assert.Equal(t, envd.Errored, r.Outcome)
	assert.Equal(t, "envd: service api was not ready, as was asked for", r.Message)

	r = h.wait(h.submit(store.Run, dispatchtest.Breaks).ID, ended)
	assert.Equal(t, "the environment did not come up: as was asked for", r.Message, "a run has a verdict with the reason")
}

func TestExeThatIsNotThere(t *testing.T) {
	h := newHost(t, 1)
	h.stop()
	h.exe = filepath.Join(h.dir, "missing")
	h.start()
	r := h.wait(h.submit(store.Run, dispatchtest.Quick).ID, ended)
	assert.Equal(t, envd.Errored, r.Outcome)
	assert.Contains(t, r.Message, "no such file")
}

func TestEnvironmentsHaveALimit(t *testing.T) {
	h := newHost(t, 1)
	first := h.submit(store.Up, dispatchtest.Held)
	h.submit(store.Up, dispatchtest.Held)
	submission := dispatch.Submission{Kind: store.Up, Spec: dispatchtest.Spec(t, h.dir, "shop", dispatchtest.Held)}
	_, err := h.d.Submit(t.Context(), submission)
	require.ErrorIs(t, err, dispatch.ErrTooMany)
	require.NoError(t, h.d.End(t.Context(), first.ID), "told as soon as it can be")
	h.wait(first.ID, ended)
	_, err = h.d.Submit(t.Context(), submission)
	assert.NoError(t, err)
}

func TestBadSpecIsRefusedBeforeAnythingIsKept(t *testing.T) {
	h := newHost(t, 1)
	path := filepath.Join(h.dir, "bad.yaml")
	require.NoError(t, os.WriteFile(path, []byte("nme: x\n"), 0o644))
	_, err := h.d.Submit(t.Context(), dispatch.Submission{Kind: store.Run, Spec: path})
	var mistakes spec.Diagnostics
	require.ErrorAs(t, err, &mistakes)
	all, err := h.s.List(t.Context(), store.Run, 10)
	require.NoError(t, err)
	assert.Empty(t, all)
}

// TestRunsOfOthers: what `envd run` in a shell does is seen as well, whether it began before the dispatcher or after.
func TestRunsOfOthers(t *testing.T) {
	h := newHost(t, 1)
	begin := func(id string) {
		dir := filepath.Join(h.dir, "runs", id)
		cmd, err := launch.Start(launch.Options{Exe: h.exe, Dir: dir, Arg: []string{
			"run", dispatchtest.Spec(t, h.dir, "shop", dispatchtest.Held), "--id", id, "--out", dir}})
		require.NoError(t, err)
		t.Cleanup(func() {
			_ = cmd.Process.Kill()
			_ = cmd.Wait() // killed, or ended as it should
		})
	}
	begin("other-1")
	seen := func(id string) store.Record {
		for {
			moved := h.d.Moved("")
			r, err := h.s.Get(t.Context(), id)
			if err == nil && r.Status == v1.Exercising {
				return r
			}
			require.True(t, err == nil || errors.Is(err, store.ErrNotFound), "%v", err)
			select {
			case <-moved:
			case <-time.After(patience):
				t.Fatal("never seen")
			}
		}
	}
	seen("other-1")
	h.stop()
	begin("other-2")
	require.Eventually(t, func() bool {
		_, err := os.Stat(filepath.Join(h.dir, "runs", "other-2", evidence.MetaFile))
		return err == nil
	}, patience, 5*time.Millisecond)
	h.start()
	r := seen("other-2")
	require.NoError(t, h.d.End(t.Context(), r.ID))
	assert.Equal(t, v1.Finished, h.wait(r.ID, ended).Status)
}

func TestAnotherRuntime(t *testing.T) {
	h := newHost(t, 1)
	path := dispatchtest.Spec(t, h.dir, "shop", dispatchtest.Quick)
	r, err := h.d.Submit(t.Context(), dispatch.Submission{Kind: store.Run, Spec: path, Runtime: "fake"})
	require.NoError(t, err)
	assert.Equal(t, "fake", r.Runtime)
	h.wait(r.ID, ended)
}

func TestBundleIsRemovedAtTheEnd(t *testing.T) {
	h := newHost(t, 1)
	dir := t.TempDir()
	r, err := h.d.Submit(t.Context(), dispatch.Submission{Kind: store.Run, Bundle: dir, Spec: dispatchtest.Spec(t, dir, "shop", dispatchtest.Quick)})
	require.NoError(t, err)
	h.wait(r.ID, ended)
	assert.NoDirExists(t, dir)
}

// TestOldEvidenceIsRemoved: what ended longer ago than the dispatcher keeps it goes, directory and record; what is alive
// stays.
func TestOldEvidenceIsRemoved(t *testing.T) {
	h := newHost(t, 2)
	old := h.wait(h.submit(store.Run, dispatchtest.Quick).ID, is(v1.Finished))
	alive := h.wait(h.submit(store.Up, dispatchtest.Held).ID, is(v1.Ready))
	h.stop()
	h.keep = time.Nanosecond
	h.start()
	assert.Eventually(t, func() bool {
		_, err := h.s.Get(t.Context(), old.ID)
		return errors.Is(err, store.ErrNotFound)
	}, patience, 10*time.Millisecond)
	assert.NoDirExists(t, old.Dir)
	assert.DirExists(t, alive.Dir)
	r, err := h.s.Get(t.Context(), alive.ID)
	require.NoError(t, err)
	assert.Equal(t, v1.Ready, r.Status)
	h.tell(alive, "finish")
}
