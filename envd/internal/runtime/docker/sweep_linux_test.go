package docker_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/moby/moby/api/types/events"
	"github.com/moby/moby/client"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/runtime/docker"
)

// slowFirewall stands in the place of iptables, which an engine calls some thirty times for a network. It notes that it was
// asked for one.
const slowFirewall = `#!/bin/sh
case "$*" in *br-*) : >"$0.asked" ;; esac
sleep 0.06
exec %s "$@"
`

// slowEngine starts an engine that takes seconds to create a network, in a network namespace of its own, and returns the
// file that is there once it has begun to. Clients find it by DOCKER_HOST.
func slowEngine(t *testing.T) (asked string) {
	t.Helper()
	var lack error
	paths := map[string]string{}
	for _, program := range []string{"dockerd", "iptables"} {
		path, err := exec.LookPath(program)
		if err != nil {
			lack = fmt.Errorf("%w; install docker.io", err)
		}
		paths[program] = path
	}
	if os.Getuid() != 0 {
		lack = fmt.Errorf("only root can start an engine")
	}
	if lack != nil && os.Getenv("CI") == "" {
		t.Skip("NOT TESTED: ", lack)
	}
	require.NoError(t, lack)
	dir, err := os.MkdirTemp("/var/tmp", "envd-slow-") // on a disk, and short: sockets' paths are bounded
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, os.RemoveAll(dir)) })
	require.NoError(t, os.Mkdir(filepath.Join(dir, "bin"), 0o755))
	firewall := filepath.Join(dir, "bin", "iptables")
	require.NoError(t, os.WriteFile(firewall, fmt.Appendf(nil, slowFirewall, paths["iptables"]), 0o755))

	host := "unix://" + filepath.Join(dir, "docker.sock")
	cmd := exec.Command(paths["dockerd"], "--host", host, "--data-root", filepath.Join(dir, "data"), "--exec-root", filepath.Join(dir, "exec"),
		"--pidfile", filepath.Join(dir, "pid"), "--bridge", "none")
	cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(firewall)+":"+os.Getenv("PATH"))
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGTERM}
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended
		_ = cmd.Wait()
	})
	t.Setenv("DOCKER_HOST", host)
	require.Eventually(t, func() bool { _, err := engine(t).Ping(t.Context(), client.PingOptions{}); return err == nil },
		2*time.Minute, 50*time.Millisecond, "%s", &said)
	return firewall + ".asked"
}

// An engine may take longer for a request than anybody would wait without knowing of it.
func TestKilledWithSlowEngine(t *testing.T) {
	asked := slowEngine(t)
	for name, sweep := range map[string]func(t *testing.T, id string) error{
		"of a known run": func(t *testing.T, id string) error {
			return docker.Settle(t.Context(), []string{id}, docker.QueueUp)
		},
		"of a known run, by another": func(t *testing.T, id string) error {
			ctx, created := context.WithCancel(t.Context())
			rt, next := docker.New(options(t)), id+"-next"
			go func() {
				defer created()
				assert.NoError(t, rt.Do(t.Context(), next, envd.Operation{Kind: envd.OpCreate, Environment: &envd.Environment{}}))
			}()
			err := docker.Settle(t.Context(), []string{id}, func(context.Context) { <-ctx.Done() })
			_, destroyErr := rt.Destroy(t.Context(), next)
			return errors.Join(err, destroyErr)
		},
		"of anybody": func(t *testing.T, _ string) error {
			docker.QueueUp(t.Context())
			_, err := docker.Collect(t.Context(), false)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			began := time.Now()
			id := fmt.Sprintf("slow-%d-%d", os.Getpid(), began.UnixMilli())
			runner := startTrial(t, id, 0)
			require.Eventually(t, func() bool { return os.Remove(asked) == nil }, time.Minute, time.Millisecond)
			require.NoError(t, syscall.Kill(leashOf(t, id), syscall.SIGKILL))
			require.NoError(t, runner.Process.Signal(syscall.SIGKILL))
			require.Error(t, runner.Wait(), "it was killed")

			require.NoError(t, sweep(t, id))
			assert.Equal(t, []string{"create", "destroy"}, networkEvents(t, id, began), "it was created, and removed")
			networks, err := engine(t).NetworkList(t.Context(), client.NetworkListOptions{Filters: client.Filters{}.Add("label", "dev.envd.environment")})
			require.NoError(t, err)
			assert.Empty(t, networks.Items)
			require.NoError(t, os.Remove(asked), "by those who queued up")
		})
	}
}

// networkEvents is what became of an environment's network.
func networkEvents(t *testing.T, id string, since time.Time) (what []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	stream := engine(t).Events(ctx, client.EventsListOptions{
		Since: since.Format(time.RFC3339Nano), Until: time.Now().Format(time.RFC3339Nano),
		Filters: client.Filters{}.Add("type", string(events.NetworkEventType)),
	})
	for {
		select {
		case e := <-stream.Messages:
			if e.Actor.Attributes["name"] == "envd-"+id {
				what = append(what, string(e.Action))
			}
		case <-stream.Err: // that there are no more
			return what
		}
	}
}
