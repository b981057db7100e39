//go:build linux

// Package rootlesstest runs a rootless Docker engine for tests, as a user made for it. It needs root, which makes the user.
package rootlesstest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/moby/moby/client"
	"github.com/stretchr/testify/require"
)

// Engine is one that runs.
type Engine struct {
	Host string // as DOCKER_HOST has it
	Home string // the user's

	name         string
	uid, gid     uint32
	first, count uint32 // the numbers that containers' users have on this machine
}

// script is where engines' packages have what starts them.
var scripts = []string{"dockerd-rootless.sh", "/usr/share/docker.io/contrib/dockerd-rootless.sh", "/usr/share/docker/contrib/dockerd-rootless.sh"}

func script() (string, error) {
	var errs []error
	for _, name := range scripts {
		path, err := exec.LookPath(name)
		if err == nil {
			return path, nil
		}
		errs = append(errs, err)
	}
	return "", errors.Join(errs...)
}

// Lack tells what this machine lacks for one, and how to get it; nil where nothing.
func Lack() error {
	if os.Getuid() != 0 {
		return errors.New("only root can make the user of a rootless engine")
	}
	if _, err := script(); err != nil {
		return fmt.Errorf("a rootless engine: %w; install docker.io", err)
	}
	for program, from := range map[string]string{"rootlesskit": "rootlesskit", "newuidmap": "uidmap", "slirp4netns": "slirp4netns", "nsenter": "util-linux", "useradd": "passwd"} {
		if _, err := exec.LookPath(program); err != nil {
			return fmt.Errorf("a rootless engine: %w; install %s", err, from)
		}
	}
	if _, err := os.Stat("/dev/net/tun"); err != nil {
		return fmt.Errorf("a rootless engine's network: %w; modprobe tun", err)
	}
	return nil
}

// patience bounds what an engine takes to start and to end. It is generous, because machines that test are busy.
const patience = 2 * time.Minute

// Start starts an engine. With the test's end it is gone, and its user with everything they had.
func Start(t testing.TB) *Engine {
	t.Helper()
	start, err := script()
	require.NoError(t, err)
	dir, err := os.MkdirTemp("/var/tmp", "envd-rootless-") // on a disk, and short: sockets' paths are bounded
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o755))
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	e := &Engine{Home: filepath.Join(dir, "home"), Host: "unix://" + filepath.Join(dir, "run", "docker.sock"), name: "envd-test-" + strconv.Itoa(os.Getpid())}
	e.addUser(t)
	for _, own := range []string{e.Home, e.runtimeDir()} {
		require.NoError(t, os.Mkdir(own, 0o700))
		require.NoError(t, os.Chown(own, int(e.uid), int(e.gid)))
	}

	said := &bytes.Buffer{}
	// Not systemd's, from which it would get control groups on some machines: so it has none on any.
	cmd := e.Command(context.Background(), start, "--exec-opt", "native.cgroupdriver=cgroupfs")
	cmd.Stdout, cmd.Stderr = said, said
	cmd.SysProcAttr.Setsid = true
	require.NoError(t, cmd.Start())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait() // how it ended is in what it said
	}()
	t.Cleanup(func() { e.end(t, cmd.Process, ended) })
	cli, err := client.New(client.WithHost(e.Host))
	require.NoError(t, err)
	defer cli.Close()
	for limit := time.After(patience); ; {
		if _, err = cli.Ping(t.Context(), client.PingOptions{}); err == nil {
			return e
		}
		select {
		case <-ended:
			require.Fail(t, "the engine ended", "%s", said.Bytes()[max(0, said.Len()-4096):])
		case <-limit:
			require.Fail(t, "the engine does not answer", "%v", err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// addUser makes the user, who has further numbers to give to containers.
func (e *Engine) addUser(t testing.TB) {
	t.Helper()
	command(t, "useradd", "--no-create-home", "--home-dir", e.Home, "--shell", "/bin/sh", "--user-group", e.name)
	t.Cleanup(func() { command(t, "userdel", "--force", e.name) })
	made, err := user.Lookup(e.name)
	require.NoError(t, err)
	e.uid, e.gid = number(t, made.Uid), number(t, made.Gid)
	if e.given(t) { // as useradd does where the machine is set up for it
		return
	}
	first := 1<<30 + e.uid<<16%(1<<30)
	numbers := fmt.Sprintf("%d-%d", first, first+1<<16-1)
	command(t, "usermod", "--add-subuids", numbers, "--add-subgids", numbers, e.name)
	require.True(t, e.given(t), "the user has no numbers to give")
}

// given reads which numbers the user may give (subuid(5)), and tells whether there are any.
func (e *Engine) given(t testing.TB) bool {
	b, err := os.ReadFile("/etc/subuid")
	if !errors.Is(err, os.ErrNotExist) {
		require.NoError(t, err)
	}
	for line := range strings.Lines(string(b)) {
		if fields := strings.Split(strings.TrimSpace(line), ":"); len(fields) == 3 && fields[0] == e.name {
			e.first, e.count = number(t, fields[1]), number(t, fields[2])
		}
	}
	return e.count > 0
}

func number(t testing.TB, text string) uint32 {
	t.Helper()
	n, err := strconv.ParseUint(text, 10, 32)
	require.NoError(t, err)
	return uint32(n)
}

func command(t testing.TB, name string, args ...string) {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	require.NoError(t, err, "%s %s: %s", name, args, out)
}

func (e *Engine) runtimeDir() string { return filepath.Join(filepath.Dir(e.Home), "run") }

// Command is one of the engine's user, who has an environment of their own. Its program must be one that everybody may run.
func (e *Engine) Command(ctx context.Context, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = e.Home
	cmd.Env = []string{
		"HOME=" + e.Home, "USER=" + e.name, "LOGNAME=" + e.name, "TMPDIR=" + e.Home, "XDG_RUNTIME_DIR=" + e.runtimeDir(), "DOCKER_HOST=" + e.Host,
		"PATH=" + filepath.Join(e.Home, "bin") + ":/usr/sbin:/usr/bin:/sbin:/bin",
	}
	cmd.WaitDelay = 10 * time.Second // what it leaves running may hold its output
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: e.uid, Gid: e.gid}}
	return cmd
}

// Install gives the user a program, in their PATH under a name, and returns its path.
func (e *Engine) Install(t testing.TB, name, program string) string {
	t.Helper()
	bin := filepath.Join(e.Home, "bin")
	if err := os.Mkdir(bin, 0o755); !errors.Is(err, os.ErrExist) {
		require.NoError(t, err)
	}
	from, err := os.Open(program)
	require.NoError(t, err)
	defer from.Close()
	to, err := os.OpenFile(filepath.Join(bin, name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o755)
	require.NoError(t, err)
	_, err = io.Copy(to, from)
	require.NoError(t, errors.Join(err, to.Close()))
	return to.Name()
}

// Write gives the user a file, at a path below their home.
func (e *Engine) Write(t testing.TB, name, content string) {
	t.Helper()
	name = filepath.Join(e.Home, name)
	require.NoError(t, os.WriteFile(name, []byte(content), 0o644))
	require.NoError(t, os.Chown(name, int(e.uid), int(e.gid)))
}

// end ends the engine, and then whatever else runs as its user: what containers run outlives an engine that is killed.
func (e *Engine) end(t testing.TB, engine *os.Process, ended <-chan struct{}) {
	_ = engine.Signal(syscall.SIGTERM) // it may have ended
	select {
	case <-ended:
	case <-time.After(patience):
		t.Error("the engine did not end when asked to")
	}
	require.Eventually(t, func() bool { return e.killAll() == 0 }, patience, 20*time.Millisecond, "the user's processes end")
}

// killAll kills every process of the user and of their containers' users, and tells how many there were.
func (e *Engine) killAll() (killed int) {
	names, _ := filepath.Glob("/proc/[0-9]*/status")
	for _, name := range names {
		status, _ := os.ReadFile(name) // what has ended meanwhile has none
		var owner uint32
		_, uid, found := strings.Cut(string(status), "\nUid:\t")
		if _, err := fmt.Sscan(uid, &owner); !found || err != nil || strings.Contains(string(status), "\nState:\tZ") {
			continue
		}
		if owner != e.uid && (owner < e.first || owner-e.first >= e.count) {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(name)))
		if err == nil && syscall.Kill(pid, syscall.SIGKILL) == nil {
			killed++
		}
	}
	return killed
}
