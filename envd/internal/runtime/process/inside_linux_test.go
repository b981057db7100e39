package process_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/runtime/process"
	"github.com/envd-dev/envd/envd/internal/runtime/runtimetest"
)

// started returns a namespaced runtime with an environment in it.
func started(t *testing.T, env *envd.Environment) (rt *process.Runtime, id string) {
	t.Helper()
	rt = process.New(process.Options{LogDir: t.TempDir(), Visible: []string{executable(t)}})
	caps, err := rt.Capabilities(context.Background())
	require.NoError(t, err)
	if !caps.Isolated && os.Getenv("CI") == "" {
		t.Skip("NOT TESTED: " + caps.Guarantee)
	}
	require.True(t, caps.Isolated, caps.Guarantee)
	id = strings.ToLower(strings.ReplaceAll(t.Name(), "/", "-"))
	require.NoError(t, rt.Do(context.Background(), id, envd.Operation{Kind: envd.OpCreate, Environment: env}))
	t.Cleanup(func() {
		left, err := rt.Destroy(context.Background(), id)
		assert.NoError(t, err)
		assert.Empty(t, left)
	})
	return rt, id
}

func executable(t testing.TB) string {
	t.Helper()
	exe, err := os.Executable()
	require.NoError(t, err)
	return exe
}

func shell(t *testing.T, rt *process.Runtime, id, service, script string) string {
	t.Helper()
	var out bytes.Buffer
	code, err := rt.Exec(context.Background(), id, envd.Exec{
		Service: service, Command: []string{"/bin/sh", "-c", script}, WorkDir: "/", Stdout: &out, Stderr: &out,
	})
	require.NoError(t, err)
	require.Zero(t, code, out.String())
	return strings.TrimSpace(out.String())
}

// A service has its user's identity, and none of PID 1's power over the namespaces.
func TestServicesAreUnprivileged(t *testing.T) {
	rt, id := started(t, nil)
	status := shell(t, rt, id, "", "grep -E '^Cap(Inh|Prm|Eff|Bnd|Amb)' /proc/self/status")
	assert.Contains(t, status, "CapInh:\t0000000000000000")
	assert.Contains(t, status, "CapAmb:\t0000000000000000")
	assert.Contains(t, status, "CapBnd:\t00000000a80425fb", "what a container has")
	if os.Getuid() != 0 {
		assert.Contains(t, status, "CapEff:\t0000000000000000")
	}
	assert.Contains(t, shell(t, rt, id, "", "mount -t tmpfs x /mnt 2>&1 || echo refused"), "refused")
	assert.Contains(t, shell(t, rt, id, "", "kill -KILL 1; kill -TERM 1; kill -INT 1; echo still here"), "still here")
	state, err := rt.Observe(context.Background(), id)
	require.NoError(t, err)
	assert.True(t, state.Exists)
}

func TestUser(t *testing.T) {
	rt, id := started(t, nil)
	user := "nobody"
	if os.Getuid() != 0 {
		user = "root"
	}
	svc := &envd.Service{Name: "svc", User: user, Command: []string{"/bin/sh", "-c", "id -un; exec sleep 60"}}
	start := envd.Operation{Kind: envd.OpStart, Target: "svc", Service: svc, Env: map[string]string{"PATH": os.Getenv("PATH")}}
	err := rt.Do(context.Background(), id, start)
	if os.Getuid() != 0 {
		require.ErrorIs(t, err, envd.ErrUnsupported)
		assert.ErrorContains(t, err, "only root")
		return
	}
	require.NoError(t, err)
	assert.Equal(t, "nobody", shell(t, rt, id, "svc", "id -un"), "a command in its surroundings is its user's too")
	assert.Contains(t, shell(t, rt, id, "svc", "grep CapEff /proc/self/status"), "0000000000000000")

	file := &envd.File{Path: "/etc/secret-of-nobody", Mode: 0o600}
	require.NoError(t, rt.Do(context.Background(), id, envd.Operation{Kind: envd.OpFile, Service: svc, File: file, Content: []byte("for you")}))
	assert.Equal(t, "for you", shell(t, rt, id, "svc", "cat /etc/secret-of-nobody"))
	assert.Equal(t, "600 nobody", shell(t, rt, id, "", "stat -c '%a %U' /etc/secret-of-nobody"))
	svc = &envd.Service{Name: "ghost", User: "no-such-user", Command: []string{"/bin/true"}}
	err = rt.Do(context.Background(), id, envd.Operation{Kind: envd.OpStart, Service: svc})
	assert.ErrorContains(t, err, `no user "no-such-user"`)
}

// What services leave in shared places is gone with the environment.
func TestPrivatePlaces(t *testing.T) {
	rt, id := started(t, nil)
	shell(t, rt, id, "", "echo x > /tmp/of-nobody; echo x > /dev/shm/of-nobody; hostname")
	assert.NoFileExists(t, "/tmp/of-nobody")
	assert.NoFileExists(t, "/dev/shm/of-nobody")
	assert.Equal(t, id, shell(t, rt, id, "", "hostname"))
	assert.Equal(t, "1", shell(t, rt, id, "", "tr '\\0' '\\n' </proc/1/cmdline | grep -c '^init$'"), "/proc is the environment's own")
	assert.Equal(t, "nameserver 127.0.0.1", shell(t, rt, id, "", "cat /etc/resolv.conf"))
}

// A directory's name may hold whatever the overlay's options give a meaning; mounts below it stay.
func TestFilesInAwkwardDirectories(t *testing.T) {
	host := filepath.Join(t.TempDir(), `a b,c:d\e`)
	require.NoError(t, os.MkdirAll(filepath.Join(host, "sub"), 0o755))
	rt, id := started(t, &envd.Environment{Services: []envd.Service{{Name: "svc", WorkDir: host}}})
	for _, name := range []string{"sub/first.conf", "second.conf"} { // the second overlay lies over the first
		path := filepath.Join(host, name)
		op := envd.Operation{Kind: envd.OpFile, File: &envd.File{Path: path, Mode: 0o600}, Content: []byte(name)}
		require.NoError(t, rt.Do(context.Background(), id, op))
		assert.NoFileExists(t, path)
	}
	assert.Equal(t, "sub/first.conf second.conf", shell(t, rt, id, "", `cat '`+host+`/sub/first.conf'; echo -n ' '; cat '`+host+`/second.conf'`))
}

// While the lifeline holds, the runner's other children must not keep the environment alive.
func TestLifelineIsNotInherited(t *testing.T) {
	rt, id := started(t, nil)
	svc := &envd.Service{Name: "svc", Command: []string{executable(t), runtimetest.Verb, "stubborn"}}
	require.NoError(t, rt.Do(context.Background(), id, envd.Operation{Kind: envd.OpStart, Target: "svc", Service: svc}))
	fds := shell(t, rt, id, "", "ls -l /proc/self/fd | grep -c -E 'socket|memfd' || true")
	assert.Equal(t, "0", fds, "nothing but the standard streams reaches a process inside")
}

func TestLogDirIsOneEnvironments(t *testing.T) {
	rt, _ := started(t, nil)
	err := rt.Do(context.Background(), "another", envd.Operation{Kind: envd.OpCreate})
	assert.ErrorContains(t, err, "log directory")
	none := process.New(process.Options{})
	assert.ErrorContains(t, none.Do(context.Background(), "e", envd.Operation{Kind: envd.OpCreate}), "log directory")
	for _, id := range []string{"", "a b", "-x", "a/b", strings.Repeat("x", 64)} {
		assert.ErrorContains(t, rt.Do(context.Background(), id, envd.Operation{Kind: envd.OpCreate}), "cannot name a run", id)
	}
}

// The end of PID 1 is told to everybody who waits, and observed.
func TestPID1Dies(t *testing.T) {
	rt, id := started(t, nil)
	svc := &envd.Service{Name: "svc", Command: []string{executable(t), runtimetest.Verb, "stubborn"}}
	require.NoError(t, rt.Do(context.Background(), id, envd.Operation{Kind: envd.OpStart, Target: "svc", Service: svc}))
	state, err := rt.Observe(context.Background(), id)
	require.NoError(t, err)
	init, err := os.FindProcess(parentOf(t, state.Services["svc"].PID))
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	ended := make(chan envd.Exit, 1)
	go func() {
		exit, err := rt.Wait(ctx, id, "svc")
		if assert.NoError(t, err) {
			ended <- exit
		}
	}()
	require.Never(t, func() bool { return len(ended) > 0 }, 50*time.Millisecond, 10*time.Millisecond, "it runs")
	require.NoError(t, init.Kill())
	select {
	case exit := <-ended:
		assert.Equal(t, 137, exit.Code)
	case <-ctx.Done():
		t.Fatal("Wait goes on")
	}
	require.Eventually(t, func() bool {
		state, err := rt.Observe(ctx, id)
		return err == nil && !state.Exists
	}, 30*time.Second, 5*time.Millisecond)
	_, err = rt.Exec(ctx, id, envd.Exec{Command: []string{"/bin/true"}})
	assert.ErrorIs(t, err, envd.ErrNotFound)
}

func TestExeThatDoesNotExist(t *testing.T) {
	rt := process.New(process.Options{Exe: "/no/such/envd", LogDir: t.TempDir()})
	_, err := rt.Capabilities(context.Background())
	assert.ErrorIs(t, err, os.ErrNotExist)
}

// PID 1 sleeps almost always, and keeps hardly a page of its program while it does.
func TestPID1IsSmall(t *testing.T) {
	rt, id := started(t, nil)
	svc := &envd.Service{Name: "svc", Command: []string{executable(t), runtimetest.Verb, "stubborn"}}
	require.NoError(t, rt.Do(context.Background(), id, envd.Operation{Kind: envd.OpStart, Target: "svc", Service: svc}))
	state, err := rt.Observe(context.Background(), id)
	require.NoError(t, err)
	init := parentOf(t, state.Services["svc"].PID)
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		for line := range strings.Lines(readFile(t, fmt.Sprintf("/proc/%d/status", init))) {
			if rest, ok := strings.CutPrefix(line, "RssFile:"); ok {
				kilobytes, err := strconv.Atoi(strings.Fields(rest)[0])
				assert.NoError(c, err)
				assert.Less(c, kilobytes, 2<<10)
			}
		}
	}, 30*time.Second, 20*time.Millisecond)
}

// refusedVerb makes the test binary a user of a machine that grants no user namespaces.
const refusedVerb = "refused"

func runRefused() int {
	if err := os.WriteFile("/proc/sys/user/max_user_namespaces", []byte("0"), 0); err != nil {
		return fail(err)
	}
	rt := process.New(process.Options{})
	caps, err := rt.Capabilities(context.Background())
	if err != nil {
		return fail(err)
	}
	fmt.Println(caps.Isolated, caps.KillSafe, caps.Hostnames, caps.Commands, caps.Guarantee)
	return 0
}

func TestRefusedNamespacesAreSaidSo(t *testing.T) {
	cmd := exec.Command(executable(t), refusedVerb)
	cmd.SysProcAttr = &syscall.SysProcAttr{ // a namespace whose own limit can be set to none
		Cloneflags:  syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	assert.Contains(t, string(out), "false false false true weaker: no namespaces (")
	assert.Contains(t, string(out), "no space left on device", "the kernel's reason")
}

// A test that envd runs may use envd itself.
func TestEnvironmentInAnEnvironment(t *testing.T) {
	rt, id := started(t, nil)
	exe := executable(t)
	out := shell(t, rt, id, "", "TMPDIR=/tmp "+exe+" -test.run '^TestPrivatePlaces$' -test.v 2>&1 || true")
	assert.Contains(t, out, "--- PASS: TestPrivatePlaces")
}
