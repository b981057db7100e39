package docker_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/client"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/runtime/docker"
	"github.com/envd-dev/envd/envd/internal/runtime/runtimetest"
)

// eatVerb makes the test binary a program that takes more and more memory.
const eatVerb = "docker-eat-memory"

func eat() int {
	var kept [][]byte
	for {
		kept = append(kept, bytes.Repeat([]byte{1}, 1<<20))
		_ = kept
	}
}

// environment creates one that is destroyed with t.
func environment(t *testing.T, env *envd.Environment) (*docker.Runtime, string) {
	t.Helper()
	needEngine(t)
	rt := docker.New(options(t))
	id := fmt.Sprintf("docker-%d-%d", os.Getpid(), time.Now().UnixNano())
	require.NoError(t, rt.Do(context.Background(), id, envd.Operation{Kind: envd.OpCreate, Environment: env}))
	t.Cleanup(func() {
		left, err := rt.Destroy(context.Background(), id)
		assert.NoError(t, err)
		assert.Empty(t, left)
	})
	return rt, id
}

func start(rt *docker.Runtime, id string, svc *envd.Service) error {
	return rt.Do(context.Background(), id, envd.Operation{
		Kind: envd.OpStart, Target: svc.Name, Service: svc, Env: map[string]string{"PATH": os.Getenv("PATH"), "HOME": "/of/the/host"},
	})
}

func logOf(t *testing.T, rt *docker.Runtime, id, service string) string {
	t.Helper()
	logs, err := rt.Logs(context.Background(), id, service, true)
	require.NoError(t, err)
	defer logs.Close()
	b, err := io.ReadAll(logs)
	require.NoError(t, err)
	return string(b)
}

func TestOutOfMemory(t *testing.T) {
	rt, id := environment(t, nil)
	began := time.Now()
	require.NoError(t, start(rt, id, &envd.Service{
		Name: "hungry", Command: []string{program, eatVerb}, Resources: envd.Resources{MemoryBytes: 64 << 20},
	}))
	exit, err := rt.Wait(context.Background(), id, "hungry")
	require.NoError(t, err)
	ended := exit.At
	again, err := rt.Wait(context.Background(), id, "hungry")
	require.NoError(t, err)
	assert.Equal(t, ended, again.At, "it is the end's time, and not that of its being noticed")
	assert.WithinRange(t, ended, began, time.Now())
	exit.At = time.Time{}
	assert.Equal(t, envd.Exit{Code: 137, Signal: "killed", Reason: "out of memory"}, exit)
}

// An image brings its own surroundings: what envd passes on of the host's is not for it.
func TestImage(t *testing.T) {
	rt, id := environment(t, nil)
	require.NoError(t, start(rt, id, &envd.Service{Name: "packed", Command: []string{program, runtimetest.Verb}}))
	cli, err := client.New(client.FromEnv)
	require.NoError(t, err)
	defer cli.Close()
	packed, err := cli.ContainerInspect(context.Background(), "envd-"+id+"-packed", client.ContainerInspectOptions{})
	require.NoError(t, err)
	require.NoError(t, start(rt, id, &envd.Service{
		Name: "imaged", Image: packed.Container.Config.Image, Command: []string{program, runtimetest.Verb, "env:HOME", "pwd"}, WorkDir: "/made",
	}))
	logs := logOf(t, rt, id, "imaged")
	assert.Contains(t, logs, " stdout /made\n")
	assert.NotContains(t, logs, "/of/the/host")

	err = start(rt, id, &envd.Service{Name: "missing", Image: "localhost:1/no/such:tag"})
	assert.ErrorContains(t, err, "image localhost:1/no/such:tag is not on this machine")
}

// A program may be a link in its working directory, to somewhere that the container does not have.
func TestLinkedProgram(t *testing.T) {
	dir := t.TempDir()
	linked := filepath.Join(dir, "program")
	require.NoError(t, os.Symlink(program, linked))
	rt, id := environment(t, nil)
	require.NoError(t, start(rt, id, &envd.Service{Name: "linked", Command: []string{linked, runtimetest.Verb, "pwd"}, WorkDir: dir}))
	_, err := rt.Wait(context.Background(), id, "linked")
	require.NoError(t, err)
	assert.Contains(t, logOf(t, rt, id, "linked"), " stdout "+dir+"\n")
}

// Scripts and programs with shared libraries find the machine's folders.
func TestDynamicProgram(t *testing.T) {
	dir, err := os.MkdirTemp("/var/tmp", "envd-docker-test-")
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, os.RemoveAll(dir)) })
	require.NoError(t, os.WriteFile(filepath.Join(dir, "serve.sh"), []byte("#!/bin/sh\necho in $PWD; cat data; trap \"exit 4\" TERM; echo waiting; sleep 60 & wait\n"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "data"), []byte("of the folder\n"), 0o644))
	rt, id := environment(t, nil)
	require.NoError(t, start(rt, id, &envd.Service{Name: "script", Command: []string{filepath.Join(dir, "serve.sh")}, WorkDir: dir}))
	following, err := rt.Logs(context.Background(), id, "script", true)
	require.NoError(t, err)
	lines := bufio.NewScanner(following)
	for lines.Scan() && !strings.HasSuffix(lines.Text(), " waiting") {
	}
	require.NoError(t, following.Close())
	require.NoError(t, rt.Do(context.Background(), id, envd.Operation{
		Kind: envd.OpStop, Service: &envd.Service{Name: "script", Stop: envd.Stop{Signal: "TERM", Grace: envd.Duration(20 * time.Second)}},
	}))
	exit, err := rt.Wait(context.Background(), id, "script")
	require.NoError(t, err)
	assert.Equal(t, 4, exit.Code, "the signal reaches the script")
	logs := logOf(t, rt, id, "script")
	assert.Contains(t, logs, "in "+dir)
	assert.Contains(t, logs, "of the folder")

	svc := &envd.Service{Name: "filed", Command: []string{filepath.Join(dir, "serve.sh")}}
	require.NoError(t, rt.Do(context.Background(), id, envd.Operation{
		Kind: envd.OpFile, Service: svc, File: &envd.File{Path: "/etc/of-envd.conf"}, Content: []byte("x"),
	}))
	err = start(rt, id, svc)
	assert.ErrorIs(t, err, envd.ErrUnsupported)
	assert.ErrorContains(t, err, "/etc/of-envd.conf")
	assert.NoFileExists(t, "/etc/of-envd.conf")
}

// What another process records is read from the engine.
func TestForeignLogs(t *testing.T) {
	rt, id := environment(t, nil)
	require.NoError(t, start(rt, id, &envd.Service{Name: "svc", Command: []string{program, runtimetest.Verb, "print:out", "error:err"}}))
	_, err := rt.Wait(context.Background(), id, "svc")
	require.NoError(t, err)
	logs := logOf(t, docker.New(docker.Options{}), id, "svc")
	assert.Regexp(t, `(?m)^\d{4}-\d\d-\d\dT\S+Z stdout out$`, logs)
	assert.Regexp(t, `(?m)^\d{4}-\d\d-\d\dT\S+Z stderr err$`, logs)
}

func TestNoEngine(t *testing.T) {
	t.Setenv("DOCKER_HOST", "unix:///no/such/docker.sock")
	_, err := docker.New(docker.Options{}).Capabilities(context.Background())
	require.ErrorIs(t, err, docker.ErrNoEngine)
	assert.ErrorContains(t, err, "/no/such/docker.sock")
	assert.ErrorContains(t, err, "systemctl start docker")
	_, err = docker.Collect(context.Background(), true)
	assert.ErrorIs(t, err, docker.ErrNoEngine)
}

// What the engine would hide is refused instead.
func TestFilesOfTheEngine(t *testing.T) {
	rt, id := environment(t, nil)
	for _, path := range []string{"/etc/hosts", "/etc//hostname", "/etc/resolv.conf"} {
		err := rt.Do(t.Context(), id, envd.Operation{Kind: envd.OpFile, Target: "web:" + path, Service: &envd.Service{Name: "web"}, File: &envd.File{Path: path}})
		require.ErrorIs(t, err, envd.ErrUnsupported)
		assert.ErrorContains(t, err, path)
	}
}
