package docker

import (
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestListens(t *testing.T) {
	tests := map[string]struct {
		status string
		signal unix.Signal
		want   bool
	}{
		"caught":           {"Name:\tgo\nSigBlk:\t0000000000000000\nSigCgt:\tfffffffd7fc1feff\n", unix.SIGTERM, true},
		"blocked":          {"SigBlk:\t0000000000004000\nSigCgt:\t0000000000000000\n", unix.SIGTERM, true},
		"neither":          {"SigBlk:\t0000000000000000\nSigCgt:\t0000000000000000\n", unix.SIGTERM, false},
		"another":          {"SigBlk:\t0000000000000000\nSigCgt:\t0000000000000002\n", unix.SIGTERM, false},
		"that other":       {"SigBlk:\t0000000000000000\nSigCgt:\t0000000000000002\n", unix.SIGINT, true},
		"cannot be read":   {"SigCgt:\tzz\n", unix.SIGTERM, true},
		"of another kind":  {"SigIgn:\tffffffffffffffff\n", unix.SIGTERM, false},
		"the highest, too": {"SigCgt:\t8000000000000000\n", unix.Signal(64), true},
	}
	for name, test := range tests {
		assert.Equal(t, test.want, listens(test.status, test.signal), name)
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
