//go:build linux

package procfs

import (
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const statLine = "4242 (%s) S 17 4242 4200 0 -1 4194304 1000 0 0 0 150 50 25 75 20 0 4 0 99 1000000 512 18446744073709551615 0"

func TestParseStat(t *testing.T) {
	for _, name := range []string{"web", "a b", "((sd-pam))", ") R 1 1 1", ""} {
		line := []byte("4242 (" + name + statLine[len("4242 (%s"):])
		s, err := parseStat(4242, line)
		require.NoError(t, err, name)
		assert.Equal(t, Stat{
			PID: 4242, Parent: 17, Group: 4242, Session: 4200, State: 'S', Threads: 4, CPU: 3 * time.Second, RSS: 512 * int64(os.Getpagesize()),
		}, s, name)
	}
	for _, bad := range []string{"", "4242", "4242 (web", "4242 (web) S 1 2", "4242 (web) S x 4242 4200 0 -1 4194304 1000 0 0 0 150 50 25 75 20 0 4 0 99 1 512 1 0"} {
		_, err := parseStat(4242, []byte(bad))
		assert.Error(t, err, bad)
	}
}

func TestZombie(t *testing.T) {
	for want, stats := range map[bool][]Stat{
		true:  {{State: 'Z', Threads: 1}, {State: 'X'}},
		false: {{State: 'Z', Threads: 2}, {State: 'S', Threads: 1}, {State: 'R', Threads: 3}},
	} {
		for _, s := range stats {
			assert.Equal(t, want, s.Zombie(), "%c, %d threads", s.State, s.Threads)
		}
	}
}

func FuzzParseStat(f *testing.F) {
	f.Add([]byte("1 (init" + statLine[len("4242 (%s"):]))
	f.Add([]byte("1 ()) Z 0 0"))
	f.Fuzz(func(t *testing.T, b []byte) { _, _ = parseStat(1, b) })
}

func TestReadOneself(t *testing.T) {
	s, err := Read(os.Getpid())
	require.NoError(t, err)
	assert.Equal(t, os.Getppid(), s.Parent)
	assert.False(t, s.Zombie())
	assert.Positive(t, s.RSS)
	argv, err := Cmdline(os.Getpid())
	require.NoError(t, err)
	assert.Equal(t, os.Args, argv)
}

func TestEnvironAndDescendants(t *testing.T) {
	cmd := exec.Command("/bin/sh", "-c", "sleep 60 & wait")
	cmd.Env = []string{"MARK=it is me", "EMPTY="}
	require.NoError(t, cmd.Start())
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		vars, err := Environ(cmd.Process.Pid)
		assert.NoError(c, err)
		assert.Contains(c, vars, "MARK=it is me")
		all, err := All()
		assert.NoError(c, err)
		found := Descendants(all, cmd.Process.Pid)
		if assert.Len(c, found, 1) {
			argv, err := Cmdline(found[0].PID)
			assert.NoError(c, err)
			assert.Equal(c, []string{"sleep", "60"}, argv)
		}
	}, 30*time.Second, 5*time.Millisecond)
	all, err := All()
	require.NoError(t, err)
	for _, s := range Descendants(all, cmd.Process.Pid) {
		p, err := os.FindProcess(s.PID)
		require.NoError(t, err)
		require.NoError(t, p.Kill())
	}
}

func TestDescendantsOfDescendants(t *testing.T) {
	all := []Stat{{PID: 5, Parent: 4}, {PID: 2, Parent: 1}, {PID: 4, Parent: 2}, {PID: 3, Parent: 1}, {PID: 9, Parent: 8}}
	var pids []int
	for _, s := range Descendants(all, 2) {
		pids = append(pids, s.PID)
	}
	assert.Equal(t, []int{4, 5}, pids)
	assert.Empty(t, Descendants(all, 7))
}
