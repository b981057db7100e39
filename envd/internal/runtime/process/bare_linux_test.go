package process

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/envd"
)

// began asks the machine what it allows on behalf of an environment to come, and returns what was begun with it: PID 1's
// number on this host.
func began(t *testing.T, rt *Runtime, id string) int {
	t.Helper()
	caps, err := rt.Capabilities(t.Context())
	require.NoError(t, err)
	if !caps.Isolated && os.Getenv("CI") == "" {
		t.Skip("NOT TESTED: no user namespaces here: " + caps.Guarantee)
	}
	require.True(t, caps.Isolated, caps.Guarantee)
	return onlyInit(t, id)
}

// onlyInit returns the one process that is PID 1 of the environment.
func onlyInit(t *testing.T, id string) int {
	t.Helper()
	inits, err := findInits(id)
	require.NoError(t, err)
	require.Len(t, inits, 1)
	return inits[0].pid
}

func TestCreateTakesOverWhatCapabilitiesBegan(t *testing.T) {
	rt := New(Options{ID: "bare-1", LogDir: t.TempDir()})
	pid := began(t, rt, "bare-1")
	_, err := rt.Exec(t.Context(), "bare-1", envd.Exec{Command: []string{"true"}})
	require.ErrorIs(t, err, envd.ErrNotFound, "it is none yet")

	env := &envd.Environment{Services: []envd.Service{{Name: "web", Hostnames: []string{"web.example"}}}}
	require.NoError(t, rt.Do(t.Context(), "bare-1", envd.Operation{Kind: envd.OpCreate, Environment: env}))
	defer destroy(t, rt, "bare-1")
	assert.Equal(t, pid, onlyInit(t, "bare-1"))
	code, err := rt.Exec(t.Context(), "bare-1", envd.Exec{Command: []string{"grep", "-q", "127.0.0.1.*web.example", "/etc/hosts"}})
	require.NoError(t, err)
	assert.Zero(t, code, "its names are there")
	require.Error(t, rt.Do(t.Context(), "bare-1", envd.Operation{Kind: envd.OpCreate, Environment: env}), "it exists")
}

func TestCreateBeginsAnewWhereMoreMustBeSeen(t *testing.T) {
	rt := New(Options{ID: "bare-2", LogDir: t.TempDir()})
	pid := began(t, rt, "bare-2")
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "file"), nil, 0o644))
	env := &envd.Environment{Services: []envd.Service{{Name: "web", WorkDir: dir}}}
	require.NoError(t, rt.Do(t.Context(), "bare-2", envd.Operation{Kind: envd.OpCreate, Environment: env}))
	defer destroy(t, rt, "bare-2")
	assert.NotEqual(t, pid, onlyInit(t, "bare-2"))
	code, err := rt.Exec(t.Context(), "bare-2", envd.Exec{Command: []string{"test", "-f", filepath.Join(dir, "file")}})
	require.NoError(t, err)
	assert.Zero(t, code)
}

func TestDestroyEndsWhatWasOnlyBegun(t *testing.T) {
	rt := New(Options{ID: "bare-3", LogDir: t.TempDir()})
	began(t, rt, "bare-3")
	destroy(t, rt, "bare-3")
	inits, err := findInits("bare-3")
	require.NoError(t, err)
	assert.Empty(t, inits)
}

func TestCapabilitiesLeaveTheEnvironmentOfAnotherAlone(t *testing.T) {
	first := New(Options{ID: "bare-4", LogDir: t.TempDir()})
	pid := began(t, first, "bare-4")
	defer destroy(t, first, "bare-4")
	second := New(Options{ID: "bare-4", LogDir: t.TempDir()})
	assert.Equal(t, pid, began(t, second, "bare-4"), "nothing new was begun")
	err := second.Do(t.Context(), "bare-4", envd.Operation{Kind: envd.OpCreate, Environment: &envd.Environment{}})
	assert.ErrorContains(t, err, "exists already")
}

func destroy(t *testing.T, rt *Runtime, id string) {
	t.Helper()
	left, err := rt.Destroy(t.Context(), id)
	require.NoError(t, err)
	assert.Empty(t, left)
}
