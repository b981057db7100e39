package docker

import (
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestEarOf(t *testing.T) {
	const nothing = "Name:\tgo\nSigBlk:\t0000000000000000\nSigIgn:\tffffffffffffffff\nSigCgt:\t0000000000000000\n"
	tests := map[string]struct {
		status, place string
		signal        unix.Signal
		want          ear
	}{
		"neither":          {nothing, "do_wait", unix.SIGTERM, closed},
		"caught":           {"SigBlk:\t0000000000000000\nSigCgt:\tfffffffd7fc1feff\n", "do_wait", unix.SIGTERM, open},
		"another":          {"SigBlk:\t0000000000000000\nSigCgt:\t0000000000000002\n", "do_wait", unix.SIGTERM, closed},
		"that other":       {"SigBlk:\t0000000000000000\nSigCgt:\t0000000000000002\n", "do_wait", unix.SIGINT, open},
		"the highest, too": {"SigBlk:\t0000000000000000\nSigCgt:\t8000000000000000\n", "do_wait", unix.Signal(64), open},
		"waited for":       {nothing, "do_sigtimedwait", unix.SIGTERM, open},
		"blocked":          {"SigBlk:\t0000000000004000\nSigCgt:\t0000000000000000\n", "do_wait", unix.SIGTERM, uncertain},
		"runs":             {nothing, "0", unix.SIGTERM, uncertain},
		"runs and catches": {"SigBlk:\t0000000000000000\nSigCgt:\t0000000000004000\n", "0", unix.SIGTERM, open},
		"cannot be read":   {"SigBlk:\t0000000000000000\nSigCgt:\tzz\n", "do_wait", unix.SIGTERM, open},
	}
	for name, test := range tests {
		assert.Equal(t, test.want, earOf(test.status, test.place, test.signal), name)
	}
}

// A loop in a shell is deaf at whatever moment it is looked at, one that handles the signal never.
func TestDeaf(t *testing.T) {
	for script, want := range map[string]bool{"while :; do /bin/true; sleep 0.05; done": true, "trap 'exit' TERM; while :; do /bin/true; sleep 0.05; done": false} {
		cmd := exec.Command("sh", "-c", "echo; "+script)
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		_, err = out.Read(make([]byte, 1)) // it is no longer this program
		require.NoError(t, err)
		if !want {
			require.Eventually(t, func() bool { return (&process{pid: cmd.Process.Pid}).ear(unix.SIGTERM) == open }, 30*time.Second, time.Millisecond, "its trap is set")
		}
		for range 20 {
			assert.Equal(t, want, (&process{pid: cmd.Process.Pid}).deaf("TERM"), script)
		}
		require.NoError(t, cmd.Process.Kill())
		require.Error(t, cmd.Wait(), "it was killed")
	}
}

func TestProcessSignal(t *testing.T) {
	cmd := exec.Command("sleep", "60")
	require.NoError(t, cmd.Start())
	fd, err := unix.PidfdOpen(cmd.Process.Pid, unix.PIDFD_NONBLOCK)
	require.NoError(t, err)
	p := &process{pid: cmd.Process.Pid, fd: os.NewFile(uintptr(fd), "pidfd")}
	defer p.close()

	p.freeze(true)
	assert.False(t, p.signal("KILL"), "the engine has to thaw it")
	p.freeze(false)
	assert.False(t, p.signal("NONE"), "there is no such signal")
	assert.True(t, p.signal("KILL"))
	require.Error(t, cmd.Wait(), "it was killed")
	require.NoError(t, p.wait(t.Context()))
	assert.False(t, p.signal("KILL"), "it has gone")
	assert.False(t, (*process)(nil).signal("KILL"), "it cannot be watched")
}
