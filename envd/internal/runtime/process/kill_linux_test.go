package process_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
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
	"golang.org/x/sys/unix"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/runtime/process"
	"github.com/envd-dev/envd/envd/internal/runtime/runtimetest"
)

// trialRunner is the verb by which the test binary becomes a runner that will be killed.
const trialRunner = "trial-runner"

// runTrialRunner brings up an environment of a gateway, an ordinary service and one that daemonises itself without a
// trace of its origin in its environment, says so, and tears it down when its input ends.
func runTrialRunner(id, dir string, plain bool) int {
	ctx := context.Background()
	exe, err := os.Executable()
	if err != nil {
		return fail(err)
	}
	rt := process.New(process.Options{LogDir: dir, Visible: []string{exe}, Plain: plain})
	web := envd.Service{Name: "web", Command: []string{exe, runtimetest.Verb, "listen:9898", "print:" + id, "stubborn"}}
	daemon := envd.Service{Name: "daemon", Command: []string{exe, runtimetest.Verb, "daemonise:" + daemonPort(id), "print:" + id}}
	for _, op := range []envd.Operation{
		{Kind: envd.OpCreate, Environment: &envd.Environment{Services: []envd.Service{web, daemon}}},
		{Kind: envd.OpGateway, Target: envd.GatewayName},
		{Kind: envd.OpStart, Target: "web", Service: &web},
		{Kind: envd.OpStart, Target: "daemon", Service: &daemon},
	} {
		if err := rt.Do(ctx, id, op); err != nil {
			return fail(err)
		}
	}
	if !plain {
		file := envd.Operation{Kind: envd.OpFile, File: &envd.File{Path: "/etc/trial.conf"}, Content: []byte(id)}
		if err := rt.Do(ctx, id, file); err != nil {
			return fail(err)
		}
	}
	state, err := rt.Observe(ctx, id)
	if err != nil {
		return fail(err)
	}
	fmt.Println("ready", state.Services["web"].PID)
	_, _ = io.Copy(io.Discard, os.Stdin)
	left, err := rt.Destroy(ctx, id)
	if err != nil || len(left) > 0 {
		return fail(fmt.Errorf("left %v: %w", left, err))
	}
	return 0
}

// daemonPort gives each trial's daemon an argument that no other process has.
func daemonPort(id string) string {
	n, _ := strconv.Atoi(id[strings.LastIndexByte(id, '-')+1:])
	return strconv.Itoa(10000 + n)
}

func fail(err error) int {
	fmt.Fprintln(os.Stderr, err)
	return 1
}

// Nothing may be left a second after any process of an environment was killed at any moment.
func TestKillTrials(t *testing.T) {
	trials := 12
	if n, err := strconv.Atoi(os.Getenv("ENVD_KILL_TRIALS")); err == nil {
		trials = n
	}
	victims := []string{"starting runner", "runner", "init", "gateway", "service"}
	for i := range trials {
		victim := victims[i%len(victims)]
		id := fmt.Sprintf("trial-%d-%d", os.Getpid(), i)
		if !t.Run(fmt.Sprintf("%d %s", i, victim), func(t *testing.T) { killTrial(t, id, victim, false) }) {
			break // one leak is enough to know
		}
	}
	assert.NotRegexp(t, " - (tmpfs|overlay) envd ", readFile(t, "/proc/self/mountinfo"), "no mount reaches the host")
}

// Without namespaces the end of the runner, at any moment, is still the end of everything.
func TestKillRunnerPlain(t *testing.T) {
	if testing.Short() {
		t.Skip("kill trials are bounded in time; they run without the race detector")
	}
	for i := range 6 {
		victim := []string{"starting runner", "runner"}[i%2]
		killTrial(t, fmt.Sprintf("plain-%d-%d", os.Getpid(), i), victim, true)
	}
}

func killTrial(t *testing.T, id, victim string, plain bool) {
	t.Helper()
	dir := t.TempDir()
	logs := filepath.Join(dir, "logs")
	require.NoError(t, os.Mkdir(logs, 0o755))
	stderr, err := os.Create(filepath.Join(logs, "runner.err"))
	require.NoError(t, err)
	defer stderr.Close()
	runner := exec.Command(os.Args[0], trialRunner, id, logs, strconv.FormatBool(plain))
	runner.Env = append(os.Environ(), "TMPDIR="+dir)
	runner.Stderr = stderr
	stdin, err := runner.StdinPipe()
	require.NoError(t, err)
	stdout, err := runner.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, runner.Start())

	if victim == "starting runner" {
		time.Sleep(rand.N(60 * time.Millisecond)) // any moment of its start
		require.NoError(t, runner.Process.Kill())
		_ = runner.Wait() // killed, or done before
		nothingLeft(t, id, dir, nil)
		return
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err, "see %s", stderr.Name())
	web, err := strconv.Atoi(strings.TrimPrefix(strings.TrimSpace(line), "ready "))
	require.NoError(t, err)
	require.Positive(t, web)
	init := parentOf(t, web)
	var spaces []string
	if !plain {
		spaces = namespacesOf(t, init)
	}
	time.Sleep(rand.N(20 * time.Millisecond)) // any moment of its life
	switch victim {
	case "runner":
		require.NoError(t, runner.Process.Kill())
	case "init":
		require.NoError(t, syscall.Kill(init, syscall.SIGKILL))
		nothingLeft(t, id, dir, spaces) // though the runner lives
	case "gateway":
		require.NoError(t, syscall.Kill(gatewayOf(t, init), syscall.SIGKILL))
	case "service":
		require.NoError(t, syscall.Kill(web, syscall.SIGKILL))
	}
	require.NoError(t, stdin.Close())
	err = runner.Wait()
	if victim != "runner" {
		require.NoError(t, err, "the runner tears down, or says in %s why not", stderr.Name())
	}
	nothingLeft(t, id, dir, spaces)
}

// nothingLeft checks that a second from now, at the latest, only the logs remain.
func nothingLeft(t *testing.T, id, dir string, spaces []string) {
	t.Helper()
	now, begin := ticksSinceBoot(t), time.Now()
	for {
		late := time.Since(begin) > time.Second // looking takes its time too
		found := remains(id, spaces, now)
		if len(found) == 0 {
			break
		}
		require.False(t, late, "left behind: %q", found)
		time.Sleep(5 * time.Millisecond) // the end of a process in another namespace is no event here
	}
	t.Logf("gone after %s", time.Since(begin).Round(time.Millisecond))
	assert.NotRegexp(t, "@envd-gateway(\n|-"+id+")", readFile(t, "/proc/net/unix"), "no socket in the host's namespace")
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 1, "the logs alone")
	assert.NoFileExists(t, "/etc/trial.conf")
}

// remains lists processes that name the environment in their arguments or environment, or live in its namespaces, and
// open files that keep one of those alive. The kernel gives a namespace's number to the next one that is made, by
// anybody on this machine: what was started after the kill is not of the environment.
func remains(id string, spaces []string, killed int64) (found []string) {
	daemon := []byte("\x00listen:" + daemonPort(id) + "\x00")
	processes, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return []string{err.Error()}
	}
	for _, p := range processes {
		argv, _ := os.ReadFile(p + "/cmdline") // a process that ends meanwhile has nothing
		if bytes.Contains(argv, []byte(trialRunner)) {
			continue // a runner that is still alive on purpose
		}
		stat, _ := os.ReadFile(p + "/stat")
		if bytes.Contains(stat, []byte(") Z ")) {
			continue // it has ended, and waits for the machine's own init to take note
		}
		environ, _ := os.ReadFile(p + "/environ")
		if bytes.Contains(argv, []byte(id+"\x00")) || bytes.Contains(argv, daemon) || bytes.Contains(environ, []byte("="+id+"\x00")) {
			found = append(found, p+" "+string(argv))
		}
		if startOf(stat) > killed {
			continue
		}
		if len(spaces) > 0 && inside(p, spaces) {
			found = append(found, p+" "+string(argv))
		}
		files, _ := filepath.Glob(p + "/fd/*")
		for _, file := range files {
			if target, _ := os.Readlink(file); len(spaces) > 0 && target == spaces[0] {
				found = append(found, file+" "+target)
			}
		}
	}
	return found
}

// inside reports whether a process lives in all of the namespaces; single numbers may have been given away meanwhile.
func inside(process string, spaces []string) bool {
	for _, space := range spaces {
		kind, _, _ := strings.Cut(space, ":")
		if target, _ := os.Readlink(process + "/ns/" + kind); target != space {
			return false
		}
	}
	return true
}

// startOf reads a process's start, in ticks since boot, from /proc/PID/stat.
func startOf(stat []byte) int64 {
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) < 20 {
		return 0
	}
	n, _ := strconv.ParseInt(string(fields[19]), 10, 64)
	return n
}

func ticksSinceBoot(t *testing.T) int64 {
	t.Helper()
	var now unix.Timespec
	require.NoError(t, unix.ClockGettime(unix.CLOCK_BOOTTIME, &now))
	return now.Nano() / int64(10*time.Millisecond)
}

func namespacesOf(t *testing.T, pid int) (spaces []string) {
	t.Helper()
	for _, kind := range []string{"user", "pid", "net", "mnt", "ipc", "uts"} {
		space, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/%s", pid, kind))
		require.NoError(t, err)
		own, err := os.Readlink("/proc/self/ns/" + kind)
		require.NoError(t, err)
		require.NotEqual(t, own, space)
		spaces = append(spaces, space)
	}
	return spaces
}

func parentOf(t *testing.T, pid int) int {
	t.Helper()
	for line := range strings.Lines(readFile(t, fmt.Sprintf("/proc/%d/status", pid))) {
		if rest, ok := strings.CutPrefix(line, "PPid:"); ok {
			parent, err := strconv.Atoi(strings.TrimSpace(rest))
			require.NoError(t, err)
			return parent
		}
	}
	t.Fatalf("process %d has no parent", pid)
	return 0
}

func gatewayOf(t *testing.T, init int) int {
	t.Helper()
	for child := range strings.FieldsSeq(childrenOf(t, init)) {
		argv, _ := os.ReadFile("/proc/" + child + "/cmdline")
		if bytes.Contains(argv, []byte("\x00gateway\x00")) {
			pid, err := strconv.Atoi(child)
			require.NoError(t, err)
			return pid
		}
	}
	t.Fatal("no gateway")
	return 0
}

// childrenOf lists the children that any thread of a process has forked.
func childrenOf(t *testing.T, pid int) string {
	t.Helper()
	lists, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	require.NoError(t, err)
	var all strings.Builder
	for _, list := range lists {
		b, _ := os.ReadFile(list) // a thread may end meanwhile
		all.WriteByte(' ')
		all.Write(b)
	}
	return all.String()
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(b)
}
