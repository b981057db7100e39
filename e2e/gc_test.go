package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/moby/moby/client"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const abandonedSpec = `apiVersion: envd/v1
name: abandoned
environment:
  runtime: docker
  services:
    api:
      command: [%s, serve]
      ports: [8080]
      ready: {tcp: 8080}
`

// TestGCRemovesWhatIsAbandoned kills the runner of containers and the leash that should have removed them, so that nobody is
// left to do it. `envd gc --dry-run` names them, `envd gc` removes them, and neither touches what envd did not make.
func TestGCRemovesWhatIsAbandoned(t *testing.T) {
	needs(t, "docker")
	engine, err := client.New(client.FromEnv)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, engine.Close()) })
	bystander := fmt.Sprintf("envd-e2e-bystander-%d", os.Getpid())
	_, err = engine.VolumeCreate(t.Context(), client.VolumeCreateOptions{Name: bystander})
	require.NoError(t, err)
	t.Cleanup(func() {
		_, err := engine.VolumeRemove(context.WithoutCancel(t.Context()), bystander, client.VolumeRemoveOptions{})
		assert.NoError(t, err)
	})
	dir := t.TempDir()
	spec, _ := writeSpec(t, dir, abandonedSpec)
	state := filepath.Join(dir, "state")
	envd := func(args ...string) string {
		t.Helper()
		cmd := exec.Command(binary, args...)
		cmd.Env = append(os.Environ(), "ENVD_STATE_DIR="+state)
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "envd %v: %s", args, out)
		return string(out)
	}

	// Another envd of this machine may come first and collect them, as it should; then there is nothing to see here.
	for range 5 {
		id := fmt.Sprintf("gc-%d", freePort(t))
		envd("up", spec, "--id", id, "--ttl", "10m")
		abandon(t, id, filepath.Join(state, "runs", id))
		listed := envd("gc", "--dry-run")
		left := containersOf(t, engine, id)
		if len(left) == 0 {
			continue
		}
		for _, c := range left {
			assert.Contains(t, listed, "container "+c)
		}
		removed := envd("gc")
		assert.Empty(t, containersOf(t, engine, id))
		networks, err := engine.NetworkList(t.Context(), client.NetworkListOptions{Filters: client.Filters{}.Add("label", "dev.envd.environment="+id)})
		require.NoError(t, err)
		assert.Empty(t, networks.Items)
		assert.NotContains(t, listed+removed, bystander)
		_, err = engine.VolumeInspect(t.Context(), bystander, client.VolumeInspectOptions{})
		require.NoError(t, err, "what bears no label of envd's stays")
		if strings.Contains(removed, "container "+left[0]) {
			return
		}
	}
	require.Fail(t, "envd gc removed nothing in five attempts")
}

// abandon kills the leash and the runner of an environment, and waits for their end.
func abandon(t *testing.T, id, dir string) {
	t.Helper()
	var meta struct{ PID int }
	b, err := os.ReadFile(filepath.Join(dir, "run.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(b, &meta))
	pids := []int{meta.PID}
	for _, p := range allProcesses(t) {
		if slices.Contains(p.args, "leash") && slices.Contains(p.args, id) {
			pids = append([]int{p.pid}, pids...) // the leash first: it acts as soon as the runner is gone
		}
	}
	require.Len(t, pids, 2, "a runner and its leash")
	for _, pid := range pids {
		require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
	}
	awaitDeath(t, pids)
}

// awaitDeath waits until processes that were killed have ended: one that is still dying counts as alive.
func awaitDeath(t *testing.T, pids []int) {
	t.Helper()
	for slices.ContainsFunc(pids, func(pid int) bool {
		line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		return err == nil && len(line) > 0 // a zombie has none
	}) {
		require.NoError(t, t.Context().Err())
	}
}

// containersOf lists the IDs of an environment's containers.
func containersOf(t *testing.T, engine *client.Client, id string) (ids []string) {
	t.Helper()
	list, err := engine.ContainerList(t.Context(), client.ContainerListOptions{All: true, Filters: client.Filters{}.Add("label", "dev.envd.environment="+id)})
	require.NoError(t, err)
	for _, c := range list.Items {
		ids = append(ids, c.ID)
	}
	return ids
}
