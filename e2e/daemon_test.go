package e2e

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/client"
)

// startDaemon starts `envd serve` and returns it with a client of it.
func startDaemon(t *testing.T, dir, address string) (*exec.Cmd, *client.Client) {
	t.Helper()
	cmd := exec.Command(binary, "serve", "--address", address)
	cmd.Env = append(os.Environ(), "ENVD_STATE_DIR="+dir, "PATH="+repository("bin")+":"+os.Getenv("PATH"))
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if t.Failed() {
			t.Logf("daemon:\n%s", log.String())
		}
	})
	var c *client.Client
	require.Eventually(t, func() bool {
		token, err := os.ReadFile(filepath.Join(dir, "token"))
		if err != nil {
			return false
		}
		c, err = client.New("http://"+address, client.WithToken(strings.TrimSpace(string(token))))
		require.NoError(t, err)
		_, err = c.Version(t.Context())
		return err == nil
	}, 20*time.Second, 20*time.Millisecond)
	return cmd, c
}

const daemonSpec = `apiVersion: envd/v1
name: survivor
environment:
  services:
    api:
      command: [%s, serve]
      ports: [8080]
      ready: {http: {port: 8080, path: /ready}}
stages:
  - name: load
    load: {profile: load, rate: 20/s, duration: 8s, requests: [GET http://api:8080/]}
gate:
  conditions: [error_rate < 1%%, requests > 50]
`

// TestRunSurvivesItsDaemon kills the daemon with SIGKILL while k6 runs, starts it again, and gets the verdict that the
// run would have had.
func TestRunSurvivesItsDaemon(t *testing.T) {
	needs(t, "k6")
	dir := t.TempDir()
	spec, _ := writeSpec(t, dir, daemonSpec)
	address := fmt.Sprintf("127.0.0.1:%d", freePort(t))

	daemon, c := startDaemon(t, filepath.Join(dir, "state"), address)
	run, err := c.SubmitRun(t.Context(), client.Spec{Path: spec})
	require.NoError(t, err)

	seen := make(chan struct{})
	followed := make(chan error, 1)
	go func() {
		samples := 0
		_, err := c.Follow(t.Context(), run.ID, func(o envd.Observation) error {
			if o.Sample != nil {
				if samples++; samples == 1 {
					close(seen)
				}
			}
			return nil
		})
		followed <- err
	}()
	<-seen // load is under way
	require.NoError(t, daemon.Process.Kill())
	daemon.Wait()

	_, c = startDaemon(t, filepath.Join(dir, "state"), address)
	ended, err := c.Follow(t.Context(), run.ID, func(envd.Observation) error { return nil })
	require.NoError(t, err)
	require.NotNil(t, ended.ExitCode, "%+v", ended)
	assert.Equal(t, 0, *ended.ExitCode)
	assert.Equal(t, envd.Pass, ended.Outcome)
	verdict, err := c.Verdict(t.Context(), run.ID)
	require.NoError(t, err)
	assert.Equal(t, envd.Pass, verdict.Outcome, "%v", verdict.Reasons)
	require.NoError(t, <-followed, "who followed the run before the kill was taken up again by the new daemon")
}
