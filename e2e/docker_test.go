package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestSameSpecInContainers runs templates, unchanged, with their services as containers: same folders, hostnames, ports, stubs,
// faults and verdict; nothing is left in the engine.
func TestSameSpecInContainers(t *testing.T) {
	needs(t, "docker", "podinfo")
	for _, template := range []string{"minimal", "outages", "podinfo"} {
		t.Run(template, func(t *testing.T) {
			if testing.Short() && template != "minimal" {
				t.Skip("takes half a minute")
			}
			dir := t.TempDir()
			id := fmt.Sprintf("e2e-%s-%d", template, os.Getpid())
			cmd := exec.Command(binary, "run", repository("templates", template, "envd.yaml"), "--runtime", "docker", "--id", id, "--out", filepath.Join(dir, "run"))
			cmd.Env = append(os.Environ(), "ENVD_STATE_DIR="+filepath.Join(dir, "state"), "PATH="+filepath.Dir(binary)+":"+repository("bin")+":"+os.Getenv("PATH"))
			out, err := cmd.CombinedOutput()
			require.NoError(t, err, "%s", out)
			assert.Contains(t, string(out), "PASS")

			gc, err := exec.Command(binary, "gc", "--dry-run").CombinedOutput()
			require.NoError(t, err, "%s", gc)
			for line := range strings.Lines(string(gc)) {
				assert.NotContains(t, line, id)
			}
		})
	}
}
