package spec

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTemplates reads every template with stand-ins for the programs that it wants in PATH.
func TestTemplates(t *testing.T) {
	bin := t.TempDir()
	for _, program := range []string{"podinfo", "podcli", "envd"} {
		require.NoError(t, os.WriteFile(filepath.Join(bin, program), []byte("#!/bin/sh\n"), 0o755))
	}
	opts := testOptions()
	opts.LookPath = func(program string) (string, error) {
		return exec.LookPath(filepath.Join(bin, program))
	}
	schema := compileSchema(t)
	specs, err := filepath.Glob("../../templates/*/envd.yaml")
	require.NoError(t, err)
	require.Len(t, specs, 4)
	for _, path := range specs {
		s, found := Load(path, opts)
		var b bytes.Buffer
		require.NoError(t, found.Render(&b, false))
		require.NotNil(t, s, b.String())
		assert.Equal(t, filepath.Base(filepath.Dir(path)), s.Name)
		assert.NotEmpty(t, s.Artifact.SHA256)
		assert.NotEmpty(t, s.Gate.Conditions)
		validates(t, schema, path)

		text, err := os.ReadFile(path)
		require.NoError(t, err)
		assert.True(t, bytes.HasPrefix(text, []byte("# yaml-language-server: $schema="+SchemaURL+"\n")), path)
	}
}
