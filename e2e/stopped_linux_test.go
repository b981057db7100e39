package e2e

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/moby/moby/client"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/envd"
)

// TestStoppedFromOutside stops the gateway's container under a run, as an engine does that is restarted: no service is blamed.
func TestStoppedFromOutside(t *testing.T) {
	needs(t, "docker")
	engine, err := client.New(client.FromEnv)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, engine.Close()) })
	dir := t.TempDir()
	spec, _ := writeSpec(t, dir, abandonedSpec+`artifact: {commit: 0123456789abcdef0123456789abcdef01234567}
stages: [{name: long, functional: {command: [sleep, "3600"]}}]
gate: {conditions: [no undeclared connections]}
`)
	id := fmt.Sprintf("stopped-%d", os.Getpid())
	cmd := exec.Command(binary, "run", spec, "--id", id)
	cmd.Env = append(os.Environ(), "ENVD_STATE_DIR="+filepath.Join(dir, "state"))
	var verdict strings.Builder
	cmd.Stdout = &verdict
	progress, err := cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	said := bufio.NewReader(progress)
	shows(t, said, "stage long\n")
	_, err = engine.ContainerStop(t.Context(), "envd-"+id+"-gateway", client.ContainerStopOptions{})
	require.NoError(t, err)
	rest, err := io.ReadAll(said)
	require.NoError(t, err)
	exitsWith(t, cmd, envd.ExitEnvironment)
	assert.Contains(t, string(rest), "somebody else stopped its gateway")
	assert.NotContains(t, string(rest), "left behind")
	assert.Contains(t, verdict.String(), "ERROR")
}
