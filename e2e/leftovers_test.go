package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// nothingLeft looks for a second until nothing of a run is there any more.
func nothingLeft(t *testing.T, id string, before map[string]bool, what string) {
	t.Helper()
	deadline := time.Now().Add(time.Second)
	for left := leftovers(t, id, before); len(left) > 0; left = leftovers(t, id, before) {
		if time.Now().After(deadline) {
			t.Fatalf("%s\nleft behind after 1 s:\n  %s", what, strings.Join(left, "\n  "))
		}
		time.Sleep(20 * time.Millisecond)
	}
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
