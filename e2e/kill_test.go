package e2e

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// killSpec is a run whose service leaves a daemonised child that ignores SIGTERM behind.
const killSpec = `apiVersion: envd/v1
name: kill
environment:
  services:
    api:
      command: [%s, serve, -daemonise]
      ports: [8080]
      ready: {tcp: 8080}
      stop: {grace: 100ms}
  stubs:
    payments.example.com:
      inline: [{request: {url: /}, response: {}}]
stages:
  - name: busy
    functional: {command: [sleep, "0.6"]}
gate: {conditions: [no undeclared connections]}
`

// TestNothingSurvivesSIGKILL kills the runner, the gateway and PID 1 in turn at random moments of a run. One second
// after, nothing of the run is left: no process, mount, namespace, socket or temporary directory.
// ENVD_KILL_TRIALS says how many runs; `make kill-trials` makes 1,000.
func TestNothingSurvivesSIGKILL(t *testing.T) {
	trials := 12
	if n, err := strconv.Atoi(os.Getenv("ENVD_KILL_TRIALS")); err == nil {
		trials = n
	}
	dir := t.TempDir()
	spec, _ := writeSpec(t, dir, killSpec)

	for i := range trials {
		victim := []string{"runner", "gateway", "init"}[i%3]
		delay := time.Duration(rand.IntN(700)) * time.Millisecond
		id := fmt.Sprintf("kill-%d-%d", os.Getpid(), i)
		before := temporary(t)

		cmd := exec.Command(binary, "run", spec, "--id", id, "--out", filepath.Join(dir, id))
		cmd.Env = append(os.Environ(), "ENVD_STATE_DIR="+filepath.Join(dir, "state"))
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		require.NoError(t, cmd.Start())
		time.Sleep(delay) // the random moment
		struck := strike(t, victim, id, cmd.Process.Pid)
		cmd.Wait() // whatever it says: a killed runner says nothing
		what := fmt.Sprintf("trial %d: %s killed after %s (struck: %t)\n%s", i, victim, delay, struck, out.String())

		deadline := time.Now().Add(time.Second)
		for left := leftovers(t, id, before); ; left = leftovers(t, id, before) {
			if len(left) == 0 {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("%s\nleft behind after 1 s:\n  %s", what, strings.Join(left, "\n  "))
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
}

// strike kills the victim of that run, if it is there yet.
func strike(t *testing.T, victim, id string, runner int) bool {
	t.Helper()
	if victim == "runner" {
		return syscall.Kill(runner, syscall.SIGKILL) == nil
	}
	for _, p := range allProcesses(t) {
		command := strings.Join(p.args, " ")
		isInit := strings.Contains(command, " init --env "+id)
		isGateway := strings.Contains(command, " gateway ") && p.env["ENVD_ENVIRONMENT"] == id
		if victim == "init" && isInit || victim == "gateway" && isGateway {
			return syscall.Kill(p.pid, syscall.SIGKILL) == nil
		}
	}
	return false
}

type processInfo struct {
	pid  int
	args []string
	env  map[string]string
}

// allProcesses lists what runs on this machine, in whatever namespace.
func allProcesses(t testing.TB) []processInfo {
	t.Helper()
	dirs, err := filepath.Glob("/proc/[0-9]*")
	require.NoError(t, err)
	var all []processInfo
	for _, dir := range dirs {
		args, err := os.ReadFile(dir + "/cmdline")
		if err != nil || len(args) == 0 {
			continue // it has just ended, or is a kernel thread or a zombie
		}
		environ, _ := os.ReadFile(dir + "/environ") // another user's cannot be read, and is not ours
		p := processInfo{args: strings.Split(strings.Trim(string(args), "\x00"), "\x00"), env: map[string]string{}}
		p.pid, _ = strconv.Atoi(filepath.Base(dir))
		for pair := range strings.SplitSeq(string(environ), "\x00") {
			name, value, _ := strings.Cut(pair, "=")
			p.env[name] = value
		}
		all = append(all, p)
	}
	return all
}

// leftovers lists everything of a run that is still there.
func leftovers(t *testing.T, id string, before map[string]bool) (left []string) {
	t.Helper()
	for _, p := range allProcesses(t) {
		if p.env["ENVD_ENVIRONMENT"] == id || strings.Contains(strings.Join(p.args, " "), id) {
			left = append(left, fmt.Sprintf("process %d %v", p.pid, p.args)) // with it its namespaces and their mounts
		}
	}
	for _, file := range []string{"/proc/net/unix", "/proc/self/mountinfo"} {
		b, err := os.ReadFile(file)
		require.NoError(t, err)
		for line := range strings.Lines(string(b)) {
			if strings.Contains(line, id) {
				left = append(left, file+": "+strings.TrimSpace(line))
			}
		}
	}
	for name := range temporary(t) {
		if !before[name] && strings.Contains(name, "envd") {
			left = append(left, "temporary "+name)
		}
	}
	return left
}

// temporary lists the places for temporary things.
func temporary(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	for _, root := range []string{os.TempDir(), "/dev/shm", "/run"} {
		entries, err := os.ReadDir(root)
		require.NoError(t, err)
		for _, e := range entries {
			names[filepath.Join(root, e.Name())] = true
		}
	}
	return names
}
