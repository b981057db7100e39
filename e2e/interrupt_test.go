package e2e

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestInterruptAtAnyMoment presses ^C, and again, at random moments of a run: the exit code is the interrupt's or, where the
// run had ended by itself, its verdict's; nothing is left.
func TestInterruptAtAnyMoment(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir()) // what others on this machine leave in theirs is not ours
	dir := t.TempDir()
	spec, _ := writeSpec(t, dir, killSpec)
	for i := range 10 {
		delay := time.Duration(rand.IntN(900)) * time.Millisecond
		id := fmt.Sprintf("interrupt-%d-%d", os.Getpid(), i)
		before := temporary(t)
		cmd := exec.Command(binary, "run", spec, "--id", id, "--out", filepath.Join(dir, id))
		cmd.Env = append(os.Environ(), "ENVD_STATE_DIR="+filepath.Join(dir, "state"))
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		require.NoError(t, cmd.Start())
		time.Sleep(50*time.Millisecond + delay) // before that the Go runtime may not have its handlers yet
		ended := cmd.Process.Signal(os.Interrupt) != nil
		_ = cmd.Process.Signal(os.Interrupt) // it may have ended
		cmd.Wait()
		early := cmd.ProcessState.Sys().(syscall.WaitStatus).Signaled() // before there was anybody to handle it
		if code := cmd.ProcessState.ExitCode(); !ended && !early {
			assert.Contains(t, []int{0, 130}, code, "interrupted after %s:\n%s", delay, out.String())
		}
		assert.Empty(t, leftovers(t, id, before), "interrupted after %s:\n%s", delay, out.String())
	}
}

// TestOrdinaryUser runs the whole way through as a user without privileges.
func TestOrdinaryUser(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("SKIPPED: this test run is an ordinary user already; every other test shows the same")
	}
	const nobody = 65534
	dir, err := os.MkdirTemp("", "nobody-*") // t.TempDir is closed to others
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, os.RemoveAll(dir)) })
	require.NoError(t, os.Chmod(dir, 0o755))
	spec, app := writeSpec(t, dir, killSpec)
	own := filepath.Join(dir, "own")
	require.NoError(t, os.Mkdir(own, 0o755))
	require.NoError(t, os.Chown(own, nobody, nobody))
	require.NoError(t, os.Remove(app)) // where it leads nobody may go; a copy will do
	for path, to := range map[string]string{binary: filepath.Join(dir, "envd"), os.Args[0]: app} {
		b, err := os.ReadFile(path)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(to, b, 0o755))
	}
	cmd := exec.Command(filepath.Join(dir, "envd"), "run", spec, "--out", filepath.Join(own, "run"))
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + own, "ENVD_STATE_DIR=" + filepath.Join(own, "state")}
	cmd.Dir = dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), "PASS")
}

// writeSpec writes a spec whose %s is the test program, and returns the paths of both.
func writeSpec(t *testing.T, dir, spec string) (path, app string) {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	app = filepath.Join(dir, "app")
	require.NoError(t, os.Symlink(self, app))
	path = filepath.Join(dir, "envd.yaml")
	require.NoError(t, os.WriteFile(path, fmt.Appendf(nil, spec, app), 0o644))
	return path, app
}
