//go:build linux

package procfs

import (
	"bufio"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

const headless = "PROCFS_TEST_HEADLESS"

// init makes the process that TestFirstThreadGone starts: its first thread ends, another lives on. Only here does Go
// promise that it runs on the first thread.
func init() {
	if os.Getenv(headless) == "" {
		return
	}
	runtime.LockOSThread()
	go func() {
		os.Stdout.WriteString("ready\n")
		_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
		os.Exit(0)
	}()
	_, _, _ = unix.RawSyscall(unix.SYS_EXIT, 0, 0, 0)
}

func TestFirstThreadGone(t *testing.T) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), headless+"=1")
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	line, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "ready", strings.TrimSpace(line))

	var s Stat
	require.Eventually(t, func() bool {
		s, err = Read(cmd.Process.Pid)
		return err == nil && s.State == 'Z'
	}, 20*time.Second, time.Millisecond, "the first thread ends")
	assert.Greater(t, s.Threads, 1)
	assert.False(t, s.Zombie(), "the others hold its files")
	require.NoError(t, stdin.Close())
	require.Eventually(t, func() bool {
		s, err = Read(cmd.Process.Pid)
		return err == nil && s.Zombie()
	}, 20*time.Second, time.Millisecond, "it has ended, and is not waited for yet")
	_ = cmd.Wait() // what it says is the thread's that ended last
}
