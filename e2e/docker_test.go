package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestSameSpecInContainers runs the podinfo template, unchanged, with its services as containers: same hostnames, ports,
// stubs, faults and verdict; nothing is left in the engine.
func TestSameSpecInContainers(t *testing.T) {
	needs(t, "docker", "podinfo")
	dir := t.TempDir()
	id := "e2e-docker"
	cmd := exec.Command(binary, "run", repository("templates", "podinfo", "envd.yaml"), "--runtime", "docker", "--id", id, "--out", filepath.Join(dir, "run"))
	cmd.Env = append(os.Environ(), "ENVD_STATE_DIR="+filepath.Join(dir, "state"), "PATH="+repository("bin")+":"+os.Getenv("PATH"))
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	assert.Contains(t, string(out), "PASS")

	gc, err := exec.Command(binary, "gc", "--dry-run").CombinedOutput()
	require.NoError(t, err, "%s", gc)
	for line := range strings.Lines(string(gc)) {
		assert.NotContains(t, line, id)
	}
}
