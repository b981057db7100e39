package docker

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestIsStatic(t *testing.T) {
	script := filepath.Join(t.TempDir(), "script")
	require.NoError(t, os.WriteFile(script, []byte("#!/bin/sh\n"), 0o755))
	static, err := isStatic(script)
	require.NoError(t, err)
	assert.False(t, static)
	static, err = isStatic("/bin/sh")
	require.NoError(t, err)
	assert.False(t, static)
	_, err = isStatic(filepath.Join(t.TempDir(), "none"))
	assert.ErrorIs(t, err, os.ErrNotExist)
}

func TestRefused(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct{ content, want string }{
		{"#!/bin/sh\n", ""},
		{"#! /bin/sh -e\nexit\n", ""},
		{"#!/bin/sh", ""},
		{"", "neither a program for this machine nor a script with #!: exec format error"},
		{"#!\n", "neither a program"},
		{"echo hello\n", "neither a program"},
		{"\x7fELF", "neither a program"},
		{strings.Repeat("x", 10_000), "neither a program"},
		{"#!/no/such/shell\n", "its interpreter or dynamic loader does not exist: stat /no/such/shell"},
	} {
		program := filepath.Join(dir, "program")
		require.NoError(t, os.WriteFile(program, []byte(c.content), 0o755))
		if strings.HasPrefix(c.want, "neither") && foreignFormats() { // then the kernel may know what to do with it
			c.want = ""
		}
		if err := refused(program); c.want == "" {
			assert.NoError(t, err, "%q", c.content)
		} else {
			assert.ErrorContains(t, err, c.want, "%q", c.content)
		}
	}
	assert.NoError(t, refused("/bin/sh"))
	assert.ErrorIs(t, refused(filepath.Join(dir, "none")), os.ErrNotExist)
}

func TestSeenFrom(t *testing.T) {
	root, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	at := func(name string) string { return filepath.Join(root, name) }
	for _, dir := range []string{"spec", "bin", "elsewhere"} {
		require.NoError(t, os.Mkdir(at(dir), 0o755))
	}
	for _, program := range []string{"spec/own", "bin/real"} {
		require.NoError(t, os.WriteFile(at(program), nil, 0o755))
	}
	for name, target := range map[string]string{
		"spec/beside": "own", "spec/out": "../bin/real", "spec/far": at("elsewhere/link"), "elsewhere/link": at("bin/real"), "spec/folder": at("bin"),
	} {
		require.NoError(t, os.Symlink(target, at(name)))
	}
	for _, c := range []struct {
		program, at string
		links       []link
	}{
		{"spec/own", "spec/own", nil},
		{"spec/beside", "spec/own", nil},
		{"spec/out", "bin/real", nil},
		{"spec/far", "bin/real", []link{{at("elsewhere/link"), at("bin/real")}}},
		{"spec/folder/real", "bin/real", nil},
		{"elsewhere/link", "elsewhere/link", nil},
	} {
		got, err := seenFrom(at("spec"), at(c.program))
		require.NoError(t, err, c.program)
		assert.Equal(t, content{program: at(c.program), at: at(c.at), links: c.links}, got, c.program)
	}
	got, err := seenFrom("", at("spec/out"))
	require.NoError(t, err)
	assert.Equal(t, content{program: at("spec/out"), at: at("spec/out")}, got)
}
