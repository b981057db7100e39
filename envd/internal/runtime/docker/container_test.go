package docker_test

import (
	"archive/tar"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/runtime/runtimetest"
)

// sleeper is an image of this machine's sleep, which handles no signal.
func sleeper(t *testing.T, cli *client.Client) string {
	files := map[string]string{}
	libraries, err := exec.Command("ldd", "/bin/sleep").Output()
	require.NoError(t, err)
	for _, word := range append(strings.Fields(string(libraries)), "/bin/sleep") {
		if content, err := os.ReadFile(word); strings.HasPrefix(word, "/") && err == nil {
			files[word[1:]] = string(content)
		}
	}
	return importImage(t, cli, files)
}

// A first process that would not notice its signal is killed at once: the grace of this one is longer than any test.
func TestDeafServiceIsNotWaitedFor(t *testing.T) {
	rt, id := environment(t, nil)
	cli := engine(t)
	svc := &envd.Service{
		Name: "deaf", Image: sleeper(t, cli), Command: []string{"/bin/sleep", "3600"}, Pull: envd.PullNever,
		Stop: envd.Stop{Signal: "TERM", Grace: envd.Duration(24 * time.Hour)},
	}
	require.NoError(t, start(rt, id, svc))
	require.Eventually(t, func() bool { // until then it is the engine's own program, which listens
		top, err := cli.ContainerTop(context.Background(), "envd-"+id+"-deaf", client.ContainerTopOptions{})
		return err == nil && strings.Contains(fmt.Sprint(top.Processes), "sleep 3600")
	}, 30*time.Second, 5*time.Millisecond)
	require.NoError(t, rt.Do(context.Background(), id, envd.Operation{Kind: envd.OpStop, Target: svc.Name, Service: svc}))
	exit, err := rt.Wait(context.Background(), id, svc.Name)
	require.NoError(t, err)
	assert.Equal(t, 137, exit.Code)
}

// A container that was made ahead has what its service asks for, and runs only once it is started; its volume goes with
// the environment.
func TestMadeAhead(t *testing.T) {
	ctx, cli := context.Background(), engine(t)
	rt, id := environment(t, nil)
	yes := true
	svc := &envd.Service{
		Name: "web", Image: importImage(t, cli, map[string]string{}), Pull: envd.PullNever, Command: []string{"/program", runtimetest.Verb, "listen:8080", "hold"},
		Mounts: []envd.Mount{
			{Type: envd.MountVolume, Source: "data", Target: "/data", NoCopy: true},
			{Type: envd.MountTmpfs, Target: "/fast", SizeBytes: 1 << 20, Mode: 0o700},
			{Type: envd.MountBind, Source: t.TempDir(), Target: "/shared", ReadOnly: true},
		},
		Container: &envd.Container{
			CapAdd: []string{"CHOWN"}, CapDrop: []string{"ALL"}, Hostname: "shop", Domain: "example.com", TTY: true, NoNewPrivileges: true, Init: &yes, PidsLimit: 50, ShmBytes: 1 << 20,
			Labels: map[string]string{"team": "shop", "dev.envd.environment": "another"}, Hosts: []string{"legacy:10.0.0.1"},
			Sysctls: map[string]string{"net.core.somaxconn": "1024"}, Ulimits: map[string]envd.Ulimit{"nofile": {Soft: 100, Hard: 200}},
			CPUSet: "0", DNSSearch: []string{"corp.example"}, DNSOptions: []string{"timeout:7"}, IPC: "private", OOMScoreAdj: 300, PrivateCgroup: true,
		},
		Stop: envd.Stop{Grace: envd.Duration(10 * time.Second)},
	}
	do := func(op envd.Operation) {
		op.Target, op.Service = svc.Name, svc
		require.NoError(t, rt.Do(ctx, id, op))
	}
	key := envd.File{Path: "/etc/key", Mode: 0o440, Owner: &envd.Owner{UID: 103, GID: 104}}
	do(envd.Operation{Kind: envd.OpFile, File: &key, Content: []byte("key")})
	do(envd.Operation{Kind: envd.OpMake})
	made, err := cli.ContainerInspect(ctx, "envd-"+id+"-web", client.ContainerInspectOptions{})
	require.NoError(t, err)
	assert.Equal(t, container.StateCreated, made.Container.State.Status)
	state, err := rt.Observe(ctx, id)
	require.NoError(t, err)
	assert.False(t, state.Services["web"].Running)

	host, config := made.Container.HostConfig, made.Container.Config
	assert.Equal(t, []string{"CAP_CHOWN"}, host.CapAdd)
	assert.ElementsMatch(t, []string{"ALL", "CAP_NET_RAW"}, host.CapDrop)
	assert.Equal(t, []string{"legacy:10.0.0.1"}, host.ExtraHosts)
	assert.Equal(t, map[string]string{"net.core.somaxconn": "1024"}, host.Sysctls)
	assert.Equal(t, int64(1<<20), host.ShmSize)
	require.NotNil(t, host.PidsLimit)
	assert.Equal(t, int64(50), *host.PidsLimit)
	require.Len(t, host.Ulimits, 1)
	assert.Equal(t, container.Ulimit{Name: "nofile", Soft: 100, Hard: 200}, *host.Ulimits[0])
	assert.Equal(t, "0", host.CpusetCpus)
	assert.Equal(t, []string{"corp.example"}, host.DNSSearch)
	assert.Equal(t, []string{"timeout:7"}, host.DNSOptions)
	assert.Equal(t, container.IPCModePrivate, host.IpcMode)
	assert.Equal(t, 300, host.OomScoreAdj)
	assert.Equal(t, container.CgroupnsModePrivate, host.CgroupnsMode)
	assert.Equal(t, "shop.example.com", config.Hostname+"."+config.Domainname)
	assert.True(t, config.Tty)
	assert.Contains(t, host.SecurityOpt, "no-new-privileges")
	assert.Contains(t, host.SecurityOpt, "label=disable", "folders of this machine bear its labels")
	assert.Equal(t, "shop", config.Labels["team"])
	assert.Equal(t, id, config.Labels["dev.envd.environment"], "by that label it is found and removed")

	do(envd.Operation{Kind: envd.OpStart})
	started, err := cli.ContainerInspect(ctx, "envd-"+id+"-web", client.ContainerInspectOptions{})
	require.NoError(t, err)
	assert.Equal(t, made.Container.ID, started.Container.ID)
	require.True(t, started.Container.State.Running, "%+v", started.Container.State)
	copied, err := cli.CopyFromContainer(ctx, made.Container.ID, client.CopyFromContainerOptions{SourcePath: key.Path})
	require.NoError(t, err)
	defer copied.Content.Close()
	header, err := tar.NewReader(copied.Content).Next()
	require.NoError(t, err)
	assert.Equal(t, envd.Owner{UID: 103, GID: 104}, envd.Owner{UID: header.Uid, GID: header.Gid})
	assert.Equal(t, int64(0o440), header.Mode&0o777)
	volume := "envd-" + id + "-data"
	_, err = cli.VolumeInspect(ctx, volume, client.VolumeInspectOptions{})
	require.NoError(t, err)

	never := &envd.Service{Name: "never", Image: svc.Image, Command: svc.Command, Pull: envd.PullNever}
	require.NoError(t, rt.Do(ctx, id, envd.Operation{Kind: envd.OpMake, Target: never.Name, Service: never}))

	do(envd.Operation{Kind: envd.OpStop, Final: true})
	left, err := rt.Destroy(ctx, id) // what was never started ends no stream, and is not waited for
	require.NoError(t, err)
	assert.Empty(t, left)
	_, err = cli.VolumeInspect(ctx, volume, client.VolumeInspectOptions{})
	assert.ErrorContains(t, err, "no such volume")
}

// The engine's own listener is in every container.
func TestAwaitListening(t *testing.T) {
	image := importImage(t, engine(t), map[string]string{})
	rt, id := environment(t, nil)
	for name, command := range map[string][]string{"quiet": {"hold"}, "loud": {"listen:8080", "hold"}} {
		require.NoError(t, start(rt, id, &envd.Service{
			Name: name, Image: image, Pull: envd.PullNever, Command: append([]string{"/program", runtimetest.Verb}, command...), Stop: envd.Stop{Signal: "KILL"},
		}))
	}
	require.NoError(t, rt.AwaitListening(t.Context(), id, "loud"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, rt.AwaitListening(ctx, id, "quiet"), context.Canceled)
	require.ErrorIs(t, rt.AwaitListening(t.Context(), id, "nobody"), envd.ErrNoService)
}
