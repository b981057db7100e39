package launch

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/evidence"
)

func TestRegister(t *testing.T) {
	root, out := filepath.Join(t.TempDir(), "runs"), filepath.Join(t.TempDir(), "out")
	require.NoError(t, Register(root, "a", filepath.Join(root, "a")), "its place is its claim")
	assert.NoDirExists(t, root)
	require.NoError(t, Register(root, "a", out))
	assert.ErrorContains(t, Register(root, "a", out+"2"), "a run of the ID a already")
	assert.NoDirExists(t, out+"2")
	require.NoError(t, os.Remove(out))
	require.NoError(t, Register(root, "a", out+"2"), "who removes the evidence frees the ID")
	to, err := os.Readlink(filepath.Join(root, "a"))
	require.NoError(t, err)
	assert.Equal(t, out+"2", to)
	require.NoError(t, Unregister(root, "a", out+"2"))
	require.NoError(t, Register(root, "a", out))

	file := filepath.Join(root, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o644))
	assert.ErrorContains(t, Register(root, "b", filepath.Join(file, "out")), "not a directory")
}

// TestRegisterOnce: of many that want the ID of a run whose directory was removed, one gets it.
func TestRegisterOnce(t *testing.T) {
	root, dir := t.TempDir(), t.TempDir()
	require.NoError(t, os.Symlink("/nonexistent", filepath.Join(root, "a")))
	var mu sync.Mutex
	var all sync.WaitGroup
	won := 0
	for i := range 20 {
		all.Go(func() {
			if Register(root, "a", filepath.Join(dir, string(rune('a'+i)))) == nil {
				mu.Lock()
				won++
				mu.Unlock()
			}
		})
	}
	all.Wait()
	assert.Equal(t, 1, won)
	made, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, made, 1, "the others made nothing")
}

func TestPrune(t *testing.T) {
	root, elsewhere := t.TempDir(), filepath.Join(t.TempDir(), "evidence")
	now := time.Now()
	long := now.Add(-100 * time.Hour)
	put := func(path string, m evidence.Meta) {
		d, err := evidence.Create(path)
		require.NoError(t, err)
		require.NoError(t, d.WriteMeta(m))
		require.NoError(t, os.Chtimes(d.Path(evidence.MetaFile), long, long))
	}
	put(filepath.Join(root, "old"), evidence.Meta{ID: "old", Status: evidence.Finished, Ended: long})
	put(filepath.Join(root, "young"), evidence.Meta{ID: "young", Status: evidence.Finished, Ended: now.Add(-time.Hour)})
	put(filepath.Join(root, "alive"), evidence.Meta{ID: "alive", Status: evidence.Ready, PID: os.Getpid(), Started: now})
	put(filepath.Join(root, "lost"), evidence.Meta{ID: "lost", Status: evidence.Exercising, PID: os.Getpid(), Started: long})
	put(elsewhere, evidence.Meta{ID: "other", Status: evidence.Finished, Ended: long})
	require.NoError(t, os.Symlink(elsewhere, filepath.Join(root, "other")))
	require.NoError(t, os.Symlink("/nonexistent", filepath.Join(root, "gone")))
	for name, when := range map[string]time.Time{"begun-long-ago": long, "begun-now": now} {
		require.NoError(t, os.Mkdir(filepath.Join(root, name), 0o755))
		require.NoError(t, os.Chtimes(filepath.Join(root, name), when, when))
	}
	require.NoError(t, os.WriteFile(filepath.Join(root, "README"), nil, 0o644))
	names := func(found []envd.Leftover) (names []string) {
		for _, l := range found {
			assert.Equal(t, "run", l.Kind)
			assert.NotEmpty(t, l.Detail)
			names = append(names, l.ID)
		}
		return names
	}
	listed := func() (names []string) {
		entries, err := os.ReadDir(root)
		require.NoError(t, err)
		for _, e := range entries {
			names = append(names, e.Name())
		}
		return names
	}
	all := listed()

	want := []string{"begun-long-ago", "gone", "lost", "old", "other"}
	found, err := Prune(root, now.Add(-99*time.Hour), true)
	require.NoError(t, err)
	assert.Equal(t, want, names(found))
	assert.Equal(t, all, listed(), "a dry run removes nothing")

	found, err = Prune(root, now.Add(-99*time.Hour), false)
	require.NoError(t, err)
	assert.Equal(t, want, names(found))
	assert.Equal(t, []string{"README", "alive", "begun-now", "young"}, listed())
	assert.FileExists(t, filepath.Join(elsewhere, evidence.MetaFile), "evidence placed elsewhere is its user's")

	found, err = Prune(filepath.Join(root, "missing"), now, false)
	assert.NoError(t, err)
	assert.Empty(t, found)
}
