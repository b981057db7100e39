package docker_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/runtime/docker"
	"github.com/envd-dev/envd/envd/internal/runtime/runtimetest"
)

// trialVerb makes the test binary a runner that holds an environment until it is killed.
const trialVerb = "docker-trial-runner"

// trialRunner brings an environment up, says so, and waits for ever. Its exit code tells that it could not.
func trialRunner(id, dir string) int {
	ctx := context.Background()
	rt := docker.New(docker.Options{LogDir: dir, Dir: dir})
	env := &envd.Environment{Stubs: []envd.Stub{{Host: "pay.example.com", Ports: []int{80}}}}
	svc := &envd.Service{Name: "web", Command: []string{os.Args[0], runtimetest.Verb, "listen:80", "stubborn"}}
	for _, op := range []envd.Operation{
		{Kind: envd.OpCreate, Environment: env}, {Kind: envd.OpGateway, Environment: env}, {Kind: envd.OpStart, Service: svc},
	} {
		if err := rt.Do(ctx, id, op); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		fmt.Println(op.Kind)
	}
	select {}
}

// collectVerb makes the test binary say what it would collect.
const collectVerb = "docker-collect-dry-run"

func collectDryRun() int {
	found, err := docker.Collect(context.Background(), true)
	for _, l := range found {
		fmt.Println(l.Kind, l.Detail)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// startTrial runs a runner until it has carried out so many operations.
func startTrial(t *testing.T, id string, operations int) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(program, trialVerb, id, t.TempDir())
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it was, mostly
		_ = cmd.Wait()
		left, err := docker.New(docker.Options{}).Destroy(context.Background(), id)
		assert.NoError(t, err)
		assert.Empty(t, left)
	})
	lines := bufio.NewScanner(out)
	for range operations {
		require.True(t, lines.Scan(), "the trial runner ended: %v", lines.Err())
	}
	return cmd
}

// leashOf is the PID of an environment's leash, or 0.
func leashOf(t *testing.T, id string) int {
	t.Helper()
	names, err := filepath.Glob("/proc/[0-9]*/cmdline")
	require.NoError(t, err)
	for _, name := range names {
		line, err := os.ReadFile(name)
		if err != nil || !bytes.HasSuffix(line, []byte("\x00leash\x00--env\x00"+id+"\x00")) {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(name)))
		require.NoError(t, err)
		return pid
	}
	return 0
}

func gone(t *testing.T, id string, within time.Duration) {
	t.Helper()
	rt := docker.New(docker.Options{})
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		state, err := rt.Observe(context.Background(), id)
		assert.NoError(c, err)
		assert.Equal(c, envd.State{}, state)
	}, within, 50*time.Millisecond)
}

// Whenever the runner is killed, its leash removes everything, and goes.
func TestLeash(t *testing.T) {
	needEngine(t)
	for operations := range 4 {
		id := fmt.Sprintf("leash-%d-%d", os.Getpid(), operations)
		runner := startTrial(t, id, operations)
		require.NoError(t, runner.Process.Signal(syscall.SIGKILL))
		gone(t, id, 10*time.Second)
		require.Eventually(t, func() bool { return leashOf(t, id) == 0 }, 20*time.Second, 50*time.Millisecond, "the leash ends too")
	}
}

// The same at any moment, also in the middle of a request to the engine. ENVD_KILL_TRIALS sets how often.
func TestLeashAtAnyMoment(t *testing.T) {
	needEngine(t)
	trials := 3
	if n, err := strconv.Atoi(os.Getenv("ENVD_KILL_TRIALS")); err == nil {
		trials = n
	}
	for i := range trials {
		id := fmt.Sprintf("kill-%d-%d", os.Getpid(), i)
		runner := startTrial(t, id, 0)
		after := rand.N(1500 * time.Millisecond)
		time.Sleep(after) // the moment is what is tried
		require.NoError(t, runner.Process.Signal(syscall.SIGKILL))
		_ = runner.Wait() // it was killed
		require.Eventually(t, func() bool { return leashOf(t, id) == 0 }, 20*time.Second, 50*time.Millisecond, "killed after %s", after)
		gone(t, id, time.Second) // the leash went only when it was done
	}
}

// Where the leash was killed too, the next collection removes what is left, and only that.
func TestCollect(t *testing.T) {
	needEngine(t)
	ctx := context.Background()
	doomed, living := fmt.Sprintf("gc-doomed-%d", os.Getpid()), fmt.Sprintf("gc-living-%d", os.Getpid())
	runner := startTrial(t, doomed, 3)
	startTrial(t, living, 3)
	foreign := fmt.Sprintf("not-envds-%d", os.Getpid())
	cli, err := client.New(client.FromEnv)
	require.NoError(t, err)
	defer cli.Close()
	_, err = cli.NetworkCreate(ctx, foreign, client.NetworkCreateOptions{IPAM: &network.IPAM{
		Config: []network.IPAMConfig{{Subnet: netip.MustParsePrefix("10.199.199.0/24")}},
	}})
	require.NoError(t, err)
	defer func() {
		_, err := cli.NetworkRemove(ctx, foreign, client.NetworkRemoveOptions{})
		assert.NoError(t, err)
	}()

	require.NoError(t, syscall.Kill(leashOf(t, doomed), syscall.SIGKILL))
	require.NoError(t, runner.Process.Signal(syscall.SIGKILL)) // and not reaped: a zombie owns nothing
	require.Eventually(t, func() bool {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", runner.Process.Pid))
		return err == nil && bytes.Contains(stat, []byte(") Z "))
	}, 10*time.Second, time.Millisecond)

	ofDoomed := func(dryRun bool) (kinds []string) {
		found, err := docker.Collect(ctx, dryRun)
		require.NoError(t, err)
		for _, l := range found {
			assert.NotContains(t, l.Detail, living)
			assert.NotContains(t, l.Detail, foreign)
			if strings.Contains(l.Detail, doomed) {
				assert.Contains(t, l.Detail, "its runner is dead")
				kinds = append(kinds, l.Kind)
			}
		}
		return kinds
	}
	want := []string{"container", "container", "network"} // gateway, service
	assert.Equal(t, want, ofDoomed(true))
	state, err := docker.New(docker.Options{}).Observe(ctx, doomed)
	require.NoError(t, err)
	assert.True(t, state.Exists, "a dry run removes nothing")
	assert.Equal(t, want, ofDoomed(false))
	gone(t, doomed, time.Second)
	assert.Empty(t, ofDoomed(false))
	state, err = docker.New(docker.Options{}).Observe(ctx, living)
	require.NoError(t, err)
	assert.True(t, state.Gateway)
	assert.True(t, state.Services["web"].Running)
}
