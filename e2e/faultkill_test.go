package e2e

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const faultKillSpec = `apiVersion: envd/v1
name: killed
artifact: {commit: 0123456789abcdef0123456789abcdef01234567}
environment:
  runtime: docker
  services:
    frozen: {command: [APP, serve], ports: [8080], ready: {tcp: 8080}}
    gone: {command: [APP, serve], ports: [8080], ready: {tcp: 8080}}
    down: {command: [APP, serve], ports: [8080], ready: {tcp: 8080}}
    asked: {command: [APP, serve], ports: [8080], ready: {tcp: 8080}}
stages:
  - name: faults
    load: {profile: smoke, rate: 1/s, duration: 2m, requests: [GET http://asked:8080/]}
    faults:
      - {name: a, kind: service.pause, target: frozen, at: 0s, for: 100s}
      - {name: b, kind: network.disconnect, target: gone, at: 0s, for: 100s}
      - {name: c, kind: service.kill, target: down, at: 0s, for: 100s}
gate: {conditions: [error_rate < 1%]}
`

// TestFaultsEndWithTheirRunner kills a runner while its faults act on containers: they, and all that they act on, are gone
// soon after.
func TestFaultsEndWithTheirRunner(t *testing.T) {
	needs(t, "docker", "k6")
	dir := t.TempDir()
	self, err := os.Executable()
	require.NoError(t, err)
	app, spec := filepath.Join(dir, "app"), filepath.Join(dir, "envd.yaml")
	require.NoError(t, os.Symlink(self, app))
	require.NoError(t, os.WriteFile(spec, []byte(strings.ReplaceAll(faultKillSpec, "APP", app)), 0o644))
	const id = "e2e-fault-kill"
	cmd := exec.Command(binary, "run", spec, "--id", id, "--out", filepath.Join(dir, "run"))
	cmd.Env = append(os.Environ(), "ENVD_STATE_DIR="+filepath.Join(dir, "state"), "PATH="+repository("bin")+":"+os.Getenv("PATH"))
	progress, err := cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	defer cmd.Process.Kill()
	active, told := 0, ""
	for lines := bufio.NewScanner(progress); active < 3 && lines.Scan(); {
		told += lines.Text() + "\n"
		if strings.Contains(lines.Text(), " active") {
			active++
		}
	}
	require.Equal(t, 3, active, told)
	require.NoError(t, cmd.Process.Kill())
	cmd.Wait()
	require.Eventually(t, func() bool {
		out, err := exec.Command(binary, "gc", "--dry-run").CombinedOutput()
		return err == nil && !strings.Contains(string(out), id)
	}, time.Minute, 100*time.Millisecond)
	assertGone(t, id)
}
