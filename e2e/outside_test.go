package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestOutsideModule tests with a module that is not this one, as its users have it: go.mod names envd, go test does the rest.
func TestOutsideModule(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS(filepath.Join("testdata", "outside"))))
	sums, err := os.ReadFile(repository("go.sum"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.sum"), sums, 0o644)) // nothing is asked of the network
	gotool := func(env []string, args ...string) (string, error) {
		cmd := exec.Command("go", args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod -trimpath", "GOWORK=off", "GOPROXY=off", "CGO_ENABLED=0", "ENVD_SERVER=",
			"PATH="+filepath.Dir(binary)+":"+os.Getenv("PATH"))
		cmd.Env = append(cmd.Env, env...)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	out, err := gotool(nil, "mod", "edit", "-require=github.com/envd-dev/envd@v0.0.0", "-replace=github.com/envd-dev/envd="+repository())
	require.NoError(t, err, out)

	t.Run("environments of its tests", func(t *testing.T) {
		out, err := gotool(nil, "test", "-count=1", "-run", "TestShop", ".")
		require.NoError(t, err, out)
		out, err = gotool(nil, "test", "-count=1", "-run", "TestMistakes", ".")
		require.Error(t, err)
		assert.Contains(t, out, `bad.yaml:3:1: "environmnt" is not a key of the spec [unknown-key]`)
		assert.Contains(t, out, `did you mean "environment"?`)
	})
	t.Run("through a daemon", func(t *testing.T) {
		state, address := filepath.Join(dir, "state"), fmt.Sprintf("127.0.0.1:%d", freePort(t))
		startDaemon(t, state, address)
		server := []string{"ENVD_SERVER=http://" + address, "ENVD_TOKEN_FILE=" + filepath.Join(state, "token")}
		out, err := gotool(server, "test", "-count=1", "-run", "TestShop|TestRun", ".")
		require.NoError(t, err, out)
		out, err = gotool(server, "test", "-count=1", "-run", "TestMistakes", ".")
		require.Error(t, err)
		assert.Contains(t, out, `"environmnt" is not a key of the spec`)
	})
}
