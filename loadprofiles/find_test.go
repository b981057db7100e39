package loadprofiles_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/loadprofiles"
)

// fakeK6 writes an executable named k6 with that answer to any arguments, and returns its directory.
func fakeK6(t *testing.T, script string) string {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "k6"), []byte("#!/bin/sh\n"+script+"\n"), 0o700))
	return dir
}

func TestFind(t *testing.T) {
	const right = `echo "k6 v` + loadprofiles.Version + ` (commit/abc, go1.26.0, linux/amd64)"`
	explicit, variable, beside, path := fakeK6(t, right), fakeK6(t, right), fakeK6(t, right), fakeK6(t, right)
	empty := t.TempDir()
	for name, tc := range map[string]struct {
		lookup              loadprofiles.Lookup
		variable, path, dir string
	}{
		"explicit first":    {loadprofiles.Lookup{Path: filepath.Join(explicit, "k6"), Beside: []string{beside}}, variable, path, explicit},
		"then the variable": {loadprofiles.Lookup{Beside: []string{beside}}, variable, path, variable},
		"then beside":       {loadprofiles.Lookup{Beside: []string{empty, beside}}, "", path, beside},
		"then PATH":         {loadprofiles.Lookup{}, "", path, path},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("PATH", tc.path)
			t.Setenv(loadprofiles.EnvironmentVariable, "")
			if tc.variable != "" {
				t.Setenv(loadprofiles.EnvironmentVariable, filepath.Join(tc.variable, "k6"))
			}
			found, err := loadprofiles.Find(t.Context(), tc.lookup)
			require.NoError(t, err)
			assert.Equal(t, filepath.Join(tc.dir, "k6"), found.Path)
		})
	}
}

func TestFindRefuses(t *testing.T) {
	t.Setenv(loadprofiles.EnvironmentVariable, "")
	t.Setenv("PATH", "")
	_, err := loadprofiles.Find(t.Context(), loadprofiles.Lookup{Beside: []string{t.TempDir()}})
	require.ErrorIs(t, err, loadprofiles.ErrNotFound)
	assert.ErrorContains(t, err, "make k6")

	for name, tc := range map[string]struct{ script, want string }{
		"another version": {`echo "k6 v0.49.0 (go1.22, linux/amd64)"`, "is k6 v0.49.0, but v" + loadprofiles.Version + " is needed"},
		"another program": {`echo "hello v1 x"`, "is not a working k6"},
		"silent":          {``, "is not a working k6"},
		"failing":         {`exit 3`, "exit status 3"},
	} {
		_, err := loadprofiles.Find(t.Context(), loadprofiles.Lookup{Path: filepath.Join(fakeK6(t, tc.script), "k6")})
		require.ErrorContains(t, err, tc.want, name)
		assert.ErrorContains(t, err, loadprofiles.EnvironmentVariable, name)
	}
}

// The version in the code and the one in the nested module are the same.
func TestPinnedVersion(t *testing.T) {
	mod, err := os.ReadFile("k6/go.mod")
	require.NoError(t, err)
	assert.Contains(t, string(mod), "\tgo.k6.io/k6/v2 v"+loadprofiles.Version+" ")
	assert.Contains(t, string(mod), "tool go.k6.io/k6/v2\n")
}
