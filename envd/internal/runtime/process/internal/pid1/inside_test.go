//go:build linux

package pid1

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/envd/internal/runtime/process/internal/control"
)

func TestLookPath(t *testing.T) {
	dir := t.TempDir()
	for name, mode := range map[string]os.FileMode{"tool": 0o755, "plain": 0o644} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"), mode))
	}
	require.NoError(t, os.Mkdir(filepath.Join(dir, "sub"), 0o755))
	env := []string{"A=b", "PATH=/nowhere:" + dir}
	for _, c := range []struct{ name, want, err string }{
		{"tool", dir + "/tool", ""},
		{dir + "/tool", dir + "/tool", ""},
		{"./tool", dir + "/tool", ""},
		{"sub/../tool", dir + "/tool", ""},
		{"absent", "", `command "absent" not found in PATH /nowhere:` + dir},
		{"plain", "", `command "plain" not found in PATH`},
		{"./plain", "", "is not executable (mode 0644)"},
		{"./sub", "", "is a directory"},
		{"./absent", "", "not found inside the environment"},
	} {
		got, err := lookPath(c.name, dir, env)
		if c.err != "" {
			assert.ErrorContains(t, err, c.err, c.name)
			continue
		}
		require.NoError(t, err, c.name)
		assert.Equal(t, c.want, got, c.name)
	}
	got, err := lookPath("tool", dir, []string{"PATH=."})
	require.NoError(t, err)
	assert.Equal(t, dir+"/tool", got, "relative entries are relative to the working directory")
	_, err = lookPath("absent", dir, nil)
	assert.ErrorContains(t, err, defaultPath)
}

func TestExecErrorSaysWhatIsMissing(t *testing.T) {
	script := filepath.Join(t.TempDir(), "script")
	require.NoError(t, os.WriteFile(script, []byte("#!/no/such/interpreter\n"), 0o755))
	assert.ErrorContains(t, execError(script, syscall.ENOENT), "interpreter")
	assert.ErrorContains(t, execError(script, syscall.ENOEXEC), "#!")
	assert.ErrorIs(t, execError(script, syscall.EACCES), syscall.EACCES)
}

func TestLookupUser(t *testing.T) {
	for _, c := range []struct {
		spec     string
		uid, gid uint32
		err      string
	}{
		{"root", 0, 0, ""},
		{"0", 0, 0, ""},
		{"root:0", 0, 0, ""},
		{"12345", 12345, 12345, ""},
		{"12345:678", 12345, 678, ""},
		{"no-such-user", 0, 0, `no user "no-such-user"`},
		{"root:no-such-group", 0, 0, `no group "no-such-group"`},
	} {
		uid, gid, _, err := lookupUser(c.spec)
		if c.err != "" {
			assert.ErrorContains(t, err, c.err, c.spec)
			continue
		}
		require.NoError(t, err, c.spec)
		assert.Equal(t, []uint32{c.uid, c.gid}, []uint32{uid, gid}, c.spec)
	}
}

func TestMountinfoPaths(t *testing.T) {
	for in, want := range map[string]string{
		`/plain`: "/plain", `/a\040b`: "/a b", `/tab\011end`: "/tab\tend", `/back\134slash`: `/back\slash`, `/short\04`: `/short\04`, `/x\999`: `/x\999`,
	} {
		assert.Equal(t, want, unescape(in))
	}
	assert.Equal(t, `/a\,b\:c\\d`, escape(`/a,b:c\d`))
}

func TestHidden(t *testing.T) {
	for path, want := range map[string]bool{
		"/tmp/x": true, "/tmp/x/../y": true, "/dev/shm/a": true, "/tmp": false, "/tmpx/y": false, "/home/tmp/x": false, "/tmp/../etc": false,
	} {
		assert.Equal(t, want, Hidden(path), path)
	}
}

func TestHostsFile(t *testing.T) {
	got := hostsFile("env-1", []control.HostAddress{
		{Address: "127.0.0.1", Names: []string{"web", "www.example.com"}}, {Address: "127.0.1.1", Names: []string{"pay.example.com"}},
	})
	assert.Equal(t, "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n127.0.0.1\tenv-1\n"+
		"127.0.0.1\tweb\n127.0.0.1\twww.example.com\n127.0.1.1\tpay.example.com\n", string(got))
}
