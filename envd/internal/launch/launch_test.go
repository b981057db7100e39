package launch

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/envd/internal/evidence"
)

func TestAlive(t *testing.T) {
	now := time.Now()
	assert.True(t, Alive(evidence.Meta{PID: os.Getpid(), Started: now}))
	assert.False(t, Alive(evidence.Meta{PID: os.Getpid(), Started: now, Status: evidence.Finished}))
	assert.False(t, Alive(evidence.Meta{PID: os.Getpid(), Started: now.Add(-24 * time.Hour)}), "this process began after that run")

	child := exec.Command("sleep", "600")
	require.NoError(t, child.Start())
	meta := evidence.Meta{PID: child.Process.Pid, Started: time.Now()}
	assert.True(t, Alive(meta))
	gone := make(chan error, 1)
	go func() { gone <- WaitGone(t.Context(), meta) }()
	require.NoError(t, child.Process.Kill())
	require.NoError(t, <-gone, "told by the process's end, although nobody has waited for it")
	assert.False(t, Alive(meta))
	require.Error(t, child.Wait())
}

func TestFind(t *testing.T) {
	root := t.TempDir()
	for _, m := range []evidence.Meta{
		{ID: "shop-aaaaaa", PID: os.Getpid(), Started: time.Now()},
		{ID: "shop-bbbbbb", PID: os.Getpid(), Started: time.Now().Add(time.Millisecond)},
		{ID: "old-cccccc", Status: evidence.Finished, Started: time.Now().Add(-time.Hour)},
	} {
		d, err := evidence.Create(filepath.Join(root, m.ID))
		require.NoError(t, err)
		require.NoError(t, d.WriteMeta(m))
	}
	runs, err := Runs(root)
	require.NoError(t, err)
	require.Len(t, runs, 3)
	assert.Equal(t, "shop-bbbbbb", runs[0].ID, "the newest first")

	_, m, err := Find(root, "shop-a")
	require.NoError(t, err)
	assert.Equal(t, "shop-aaaaaa", m.ID)
	_, m, err = Find(root, "old-cccccc")
	require.NoError(t, err)
	assert.Equal(t, evidence.Finished, m.Status, "a run that has ended is found by its whole ID")
	_, _, err = Find(root, "shop")
	assert.ErrorContains(t, err, "shop-bbbbbb or shop-aaaaaa")
	_, _, err = Find(root, "old")
	assert.Error(t, err)
}
