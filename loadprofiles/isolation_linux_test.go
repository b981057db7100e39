package loadprofiles_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/loadprofiles"
)

// k6 needs no network, no home and no resolver of its own, and writes nothing but its samples.
func TestWithoutNetwork(t *testing.T) {
	k6 := testK6(t)
	cfg := loadprofiles.Config{Profile: "smoke", Load: constant(10), Script: script(t, `export default function () {}`)}
	inspection, err := k6.Inspect(t.Context(), cfg)
	require.NoError(t, err)
	dir := t.TempDir()
	inv, err := loadprofiles.Command(cfg, inspection, loadprofiles.Layout{K6: k6.Path, Dir: dir, Output: "-"})
	require.NoError(t, err)
	for _, f := range inv.Files {
		require.NoError(t, os.WriteFile(f.Path, f.Data, 0o600))
	}
	cmd := exec.Command(inv.Args[0], inv.Args[1:]...)
	cmd.Dir, cmd.Env = inv.Dir, inv.Env
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
	}
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if os.IsPermission(err) {
		t.Skipf("SKIPPED, NOTHING PROVEN: no user namespaces here: %v", err)
	}
	require.NoError(t, err, stderr.String())
	assert.Empty(t, stderr.String())
	rec := loadprofiles.NewRecorder(inv.Plan)
	require.NoError(t, rec.ReadSamples(strings.NewReader(string(out)), nil))
	assert.Empty(t, rec.Summary(loadprofiles.Exit{}).Doubts())

	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 1)
	assert.Equal(t, "main.js", entries[0].Name())
}

// k6 writes what it collected in a burst, which must not wait for the reader.
func TestPipeHoldsABurst(t *testing.T) {
	path := filepath.Join(t.TempDir(), "samples.csv")
	pipe, err := loadprofiles.NewPipe(path)
	require.NoError(t, err)
	writer, err := os.Create(path)
	require.NoError(t, err)
	require.NoError(t, writer.SetWriteDeadline(time.Now().Add(5*time.Second)))
	_, err = writer.Write(make([]byte, 1<<20))
	require.NoError(t, err)
	require.NoError(t, writer.Close())
	require.NoError(t, pipe.Close())
}
