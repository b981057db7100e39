package templates_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/templates"
)

func TestList(t *testing.T) {
	var names []string
	for _, template := range templates.List() {
		names = append(names, template.Name)
		assert.NotEmpty(t, template.Summary, template.Name)
		text, err := templates.FS.ReadFile(template.Name + "/" + templates.SpecFile)
		require.NoError(t, err)
		first, _, _ := strings.Cut(string(text), "\n")
		assert.Equal(t, "# yaml-language-server: $schema=https://raw.githubusercontent.com/envd-dev/envd/main/envd/spec/schema.json", first)
	}
	assert.Equal(t, []string{"minimal", "outages", "podinfo", "podinfo-broken"}, names)
	assert.Equal(t, "A real service meets peak load while its dependency turns slow, then dies.", templates.List()[2].Summary)
}

func TestWrite(t *testing.T) {
	for _, template := range templates.List() {
		dir := filepath.Join(t.TempDir(), "new", "folder")
		written, err := templates.Write(template.Name, dir)
		require.NoError(t, err)
		for _, path := range written {
			rel, err := filepath.Rel(dir, path)
			require.NoError(t, err)
			want, err := templates.FS.ReadFile(template.Name + "/" + filepath.ToSlash(rel))
			require.NoError(t, err)
			got, err := os.ReadFile(path)
			require.NoError(t, err)
			assert.Equal(t, string(want), string(got), path)
		}
		assert.Contains(t, written, filepath.Join(dir, templates.SpecFile))
	}
}

func TestWriteReplacesNothing(t *testing.T) {
	dir := t.TempDir()
	mine := filepath.Join(dir, "load.js")
	require.NoError(t, os.WriteFile(mine, []byte("mine"), 0o644))
	_, err := templates.Write("podinfo", dir)
	require.ErrorIs(t, err, fs.ErrExist)
	require.ErrorContains(t, err, mine)
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, entries, 1, "nothing was written")
}

func TestWriteRefusesUnknownNames(t *testing.T) {
	for _, name := range []string{"", ".", "..", "podinf", "podinfo/stubs", "templates.go"} {
		_, err := templates.Write(name, t.TempDir())
		require.ErrorIs(t, err, templates.ErrUnknown, name)
		require.ErrorContains(t, err, "minimal, outages, podinfo, podinfo-broken")
	}
}

// TestBrokenDiffersInTheTimeoutOnly keeps podinfo-broken an experiment with one variable.
func TestBrokenDiffersInTheTimeoutOnly(t *testing.T) {
	err := fs.WalkDir(templates.FS, "podinfo", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		good, err := templates.FS.ReadFile(path)
		require.NoError(t, err)
		broken, err := templates.FS.ReadFile("podinfo-broken" + strings.TrimPrefix(path, "podinfo"))
		require.NoError(t, err)
		assert.Equal(t, differences[strings.TrimPrefix(path, "podinfo/")], diff(string(good), string(broken)), path)
		return nil
	})
	require.NoError(t, err)
}

var differences = map[string][]string{
	"envd.yaml": {"name: podinfo → name: podinfo-broken", "- --http-client-timeout=500ms → - --http-client-timeout=3s"},
}

// diff compares two specs line by line, comments left out.
func diff(a, b string) (changed []string) {
	la, lb := statements(a), statements(b)
	if len(la) != len(lb) {
		return []string{"another number of lines"}
	}
	for i := range la {
		if la[i] != lb[i] {
			changed = append(changed, la[i]+" → "+lb[i])
		}
	}
	return changed
}

func statements(text string) (lines []string) {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			lines = append(lines, line)
		}
	}
	return lines
}
