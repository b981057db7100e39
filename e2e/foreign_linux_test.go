package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/envd"
)

// stateOf runs envd commands with a state directory of their own.
type stateOf struct {
	dir   string
	apart bool // without this user's other runners in sight: their control sockets are in another network namespace
}

func (s stateOf) envd(args ...string) (out string, code int) {
	cmd := exec.Command(binary, args...)
	cmd.Env = append(os.Environ(), "ENVD_STATE_DIR="+s.dir)
	if s.apart {
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	}
	b, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		return err.Error(), -1
	}
	return string(b), cmd.ProcessState.ExitCode()
}

// must returns what a command prints that ends with 0.
func (s stateOf) must(t *testing.T, args ...string) string {
	t.Helper()
	out, code := s.envd(args...)
	require.Zero(t, code, "envd %v: %s", args, out)
	return out
}

// TestAnothersEnvironmentStays has two state directories on one engine, and objects whose labels somebody forged. Neither
// `envd gc` nor a run under an ID that is taken touches what is not its own, on either runtime.
func TestAnothersEnvironmentStays(t *testing.T) {
	for _, runtime := range []string{"docker", "process"} {
		t.Run(runtime, func(t *testing.T) {
			if runtime == "docker" {
				needs(t, "docker")
			}
			dir := t.TempDir()
			spec, _ := writeSpec(t, dir, strings.ReplaceAll(abandonedSpec, "runtime: docker", "runtime: "+runtime))
			theirs, ours := stateOf{dir: filepath.Join(dir, "theirs")}, stateOf{dir: filepath.Join(dir, "ours")}
			id := fmt.Sprintf("theirs-%s-%d", runtime, os.Getpid())
			theirs.must(t, "up", spec, "--id", id, "--ttl", "10m")
			t.Cleanup(func() { theirs.envd("down", id) }) // it may be down already

			refused := func(why string) {
				out, code := ours.envd("up", spec, "--id", id)
				assert.Equal(t, envd.ExitEnvironment, code, out)
				assert.Contains(t, out, why)
				assert.NoError(t, os.RemoveAll(ours.dir))
			}
			refused(id + " is the ID of an environment that is up, of another state directory")
			if ours.apart = os.Getuid() == 0; ours.apart {
				refused("environment " + id + " exists already")
			}
			ours.apart = false
			ours.must(t, "gc")
			assert.Contains(t, theirs.must(t, "inspect", id), "running")
			theirs.must(t, "down", id)
		})
	}
}

// TestForgedLabelsStay has `envd gc` leave alone what bears envd's labels and nobody can tell to be abandoned.
func TestForgedLabelsStay(t *testing.T) {
	needs(t, "docker")
	engine, err := client.New(client.FromEnv)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, engine.Close()) })
	over, later := time.Now().Add(-time.Hour).Format(time.RFC3339), time.Now().Add(time.Hour).Format(time.RFC3339)
	const elsewhere = "another-boot/pid:[1]/1/1"
	var names []string
	for what, labels := range map[string]map[string]string{
		"nameless": {"dev.envd.environment": ""},
		"unleased": {"dev.envd.environment": "forged", "dev.envd.runner": elsewhere},
		"nonsense": {"dev.envd.environment": "forged", "dev.envd.expires": "yesterday", "dev.envd.runner": "me"},
		"leased":   {"dev.envd.environment": "forged-leased", "dev.envd.expires": later, "dev.envd.runner": elsewhere},
		"renewed":  {"dev.envd.environment": "forged-leased", "dev.envd.expires": over, "dev.envd.runner": elsewhere},
		"partly":   {"dev.envd.run": "forged", "dev.envd.expires": over},
	} {
		name := fmt.Sprintf("forged-%s-%d", what, os.Getpid())
		_, err := engine.VolumeCreate(t.Context(), client.VolumeCreateOptions{Name: name, Labels: labels})
		require.NoError(t, err)
		names = append(names, name)
		t.Cleanup(func() {
			_, err := engine.VolumeRemove(context.Background(), name, client.VolumeRemoveOptions{})
			assert.NoError(t, err)
		})
	}
	s := stateOf{dir: t.TempDir()}
	listed, removed := s.must(t, "gc", "--dry-run"), s.must(t, "gc")
	for _, name := range names {
		assert.NotContains(t, listed+removed, name)
		_, err := engine.VolumeInspect(t.Context(), name, client.VolumeInspectOptions{})
		assert.NoError(t, err)
	}
}

// TestRenewedLeaseIsOnTheObjects has `envd renew` write down, for collectors that see nothing else, that an environment may
// stay longer than it was made for.
func TestRenewedLeaseIsOnTheObjects(t *testing.T) {
	needs(t, "docker")
	engine, err := client.New(client.FromEnv)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, engine.Close()) })
	dir := t.TempDir()
	spec, _ := writeSpec(t, dir, abandonedSpec)
	s, id := stateOf{dir: filepath.Join(dir, "state")}, fmt.Sprintf("renewed-%d", os.Getpid())
	s.must(t, "up", spec, "--id", id, "--ttl", "10m")
	t.Cleanup(func() { s.envd("down", id) }) // it may be down already
	ends := func() (latest time.Time) {
		which := client.Filters{}.Add("label", "dev.envd.environment="+id)
		networks, err := engine.NetworkList(t.Context(), client.NetworkListOptions{Filters: which})
		require.NoError(t, err)
		volumes, err := engine.VolumeList(t.Context(), client.VolumeListOptions{Filters: which})
		require.NoError(t, err)
		var told []string
		for _, n := range networks.Items {
			told = append(told, n.Labels["dev.envd.expires"])
		}
		for _, v := range volumes.Items {
			told = append(told, v.Labels["dev.envd.expires"])
		}
		for _, text := range told {
			end, err := time.Parse(time.RFC3339, text)
			require.NoError(t, err)
			if end.After(latest) {
				latest = end
			}
		}
		return latest
	}
	renewed := time.Now().Add(1000 * time.Hour)
	require.True(t, ends().Before(renewed))
	s.must(t, "renew", id, "--ttl", "1000h")
	assert.True(t, ends().After(renewed.Add(-time.Minute)), "the end of the lease is %s", ends())
	s.must(t, "down", id)
	assert.True(t, ends().IsZero(), "and nothing of it is left")
}

// TestDownTellsWhatIsLeft has `envd down` say so if something could not be removed, here because somebody uses it. It goes as
// soon as it can.
func TestDownTellsWhatIsLeft(t *testing.T) {
	needs(t, "docker")
	engine, err := client.New(client.FromEnv)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, engine.Close()) })
	dir := t.TempDir()
	spec, _ := writeSpec(t, dir, abandonedSpec)
	s := stateOf{dir: filepath.Join(dir, "state")}
	id := fmt.Sprintf("left-%d", os.Getpid())
	s.must(t, "up", spec, "--id", id)
	t.Cleanup(func() { s.envd("down", id) })
	s.must(t, "renew", id, "--ttl", "1000h") // longer than its objects say, so a volume says it
	left := client.VolumeListOptions{Filters: client.Filters{}.Add("label", "dev.envd.environment="+id)}
	volumes, err := engine.VolumeList(t.Context(), left)
	require.NoError(t, err)
	require.NotEmpty(t, volumes.Items)
	own, err := engine.ContainerInspect(t.Context(), containersOf(t, engine, id)[0], client.ContainerInspectOptions{})
	require.NoError(t, err)
	user, err := engine.ContainerCreate(t.Context(), client.ContainerCreateOptions{
		Config: &container.Config{Image: own.Container.Image, Cmd: []string{"never-started"}}, HostConfig: &container.HostConfig{Binds: []string{volumes.Items[0].Name + ":/theirs"}},
	})
	require.NoError(t, err)
	release := sync.OnceFunc(func() {
		_, err := engine.ContainerRemove(context.Background(), user.ID, client.ContainerRemoveOptions{})
		assert.NoError(t, err)
	})
	t.Cleanup(release)

	out, code := s.envd("down", id, "-o", "json")
	assert.Equal(t, envd.ExitLeftovers, code, out)
	assert.Contains(t, out, id+" is down, but something of it was left behind")
	assert.Contains(t, out, `"exit_code": 5`)
	release()
	assert.Eventually(t, func() bool {
		volumes, err = engine.VolumeList(t.Context(), left)
		return err == nil && len(volumes.Items) == 0
	}, time.Minute, 50*time.Millisecond, "the leash goes on")
}
