package docker_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/moby/moby/client"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/runtime/docker"
)

// collectedElsewhere is what a collector would remove of an environment that cannot tell whether its runner lives: it has
// processes of its own.
func collectedElsewhere(t *testing.T, id string) (lines []string) {
	t.Helper()
	cmd := exec.Command(os.Args[0], collectVerb)
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID}
	out, err := cmd.Output()
	require.NoError(t, err)
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, "of environment "+id+":") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines
}

// Who only knows the labels sees that a lease was renewed, though labels never change.
func TestRenew(t *testing.T) {
	needEngine(t)
	if os.Getuid() != 0 {
		t.Skip("NOT TESTED: only root makes a PID namespace without a user namespace, in which the engine would be out of reach")
	}
	ctx := t.Context()
	id := fmt.Sprintf("renew-%d", os.Getpid())
	o := options(t)
	o.Lease = time.Second
	rt := docker.New(o)
	require.ErrorIs(t, rt.Renew(ctx, id, time.Now()), envd.ErrNotFound)
	require.NoError(t, rt.Do(ctx, id, envd.Operation{Kind: envd.OpCreate, Environment: &envd.Environment{}}))
	t.Cleanup(func() {
		left, err := rt.Destroy(context.Background(), id)
		assert.NoError(t, err)
		assert.Empty(t, left)
	})
	require.Eventually(t, func() bool { return len(collectedElsewhere(t, id)) > 0 }, 20*time.Second, 100*time.Millisecond, "without a renewal it is collected")

	volumes := func() (names []string) {
		found, err := engine(t).VolumeList(ctx, client.VolumeListOptions{Filters: client.Filters{}.Add("label", "dev.envd.environment="+id)})
		require.NoError(t, err)
		for _, v := range found.Items {
			names = append(names, v.Name)
		}
		return names
	}
	require.NoError(t, rt.Renew(ctx, id, time.Now().Add(time.Hour)))
	assert.Empty(t, collectedElsewhere(t, id))
	first := volumes()
	require.Len(t, first, 1)
	require.NoError(t, rt.Renew(ctx, id, time.Now().Add(time.Minute)))
	assert.Equal(t, first, volumes(), "it may stay that long already")
	require.NoError(t, docker.New(docker.Options{}).Renew(ctx, id, time.Now().Add(2*time.Hour)), "by another process")
	assert.Empty(t, collectedElsewhere(t, id))
	assert.Len(t, volumes(), 1, "the last renewal is all that counts")
	assert.NotEqual(t, first, volumes())

	left, err := rt.Destroy(ctx, id)
	require.NoError(t, err)
	assert.Empty(t, left)
	assert.Empty(t, volumes())
	assert.ErrorIs(t, rt.Renew(ctx, id, time.Now().Add(time.Hour)), envd.ErrNotFound)
	assert.Empty(t, volumes(), "what comes too late makes nothing")
}

// Of runs that were killed with their leashes everything goes; who lives loses nothing.
func TestSettle(t *testing.T) {
	needEngine(t)
	doomed, living := fmt.Sprintf("settle-doomed-%d", os.Getpid()), fmt.Sprintf("settle-living-%d", os.Getpid())
	runner := startTrial(t, doomed, 2)
	startTrial(t, living, 3)
	require.NoError(t, syscall.Kill(leashOf(t, doomed), syscall.SIGKILL))
	require.NoError(t, runner.Process.Signal(syscall.SIGKILL)) // in the middle of a start
	require.Error(t, runner.Wait(), "it was killed")

	require.NoError(t, docker.Settle(t.Context(), []string{doomed, living, "nobody-" + doomed}, docker.QueueUp))
	gone(t, doomed, time.Second)
	state, err := docker.New(docker.Options{}).Observe(t.Context(), living)
	require.NoError(t, err)
	assert.True(t, state.Gateway)
	assert.True(t, state.Services["web"].Running)
}
