package loadprofiles_test

import (
	"os"
	"os/exec"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/envd-dev/envd/loadprofiles"
)

// k6 needs no network but its own loopback interface, no home and no resolver, and leaves nothing behind.
func TestWithoutNetwork(t *testing.T) {
	if os.Getenv("LOAD_INSIDE") != "" {
		inside(t)
		return
	}
	testK6(t) // builds it while there is a network
	cmd := exec.Command(os.Args[0], "-test.run=^TestWithoutNetwork$", "-test.v")
	cmd.Env = append(os.Environ(), "LOAD_INSIDE=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
	}
	out, err := cmd.CombinedOutput()
	if os.IsPermission(err) && os.Getenv("CI") == "" {
		t.Skipf("SKIPPED, NOTHING PROVEN: no user namespaces here: %v", err)
	}
	require.NoError(t, err, string(out))
	require.Contains(t, string(out), "--- PASS: TestWithoutNetwork")
}

func inside(t *testing.T) {
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	require.NoError(t, err)
	loopback, err := unix.NewIfreq("lo")
	require.NoError(t, err)
	loopback.SetUint16(unix.IFF_UP)
	require.NoError(t, unix.IoctlIfreq(socket, unix.SIOCSIFFLAGS, loopback))
	require.NoError(t, unix.Close(socket))

	t.Setenv("TMPDIR", t.TempDir())
	summary := run(t, loadprofiles.Config{Profile: "smoke", Load: constant(10), Script: script(t, `export default function () {}`)})
	assert.Empty(t, summary.Doubts())
	assert.Empty(t, summary.Notices)
	entries, err := os.ReadDir(os.TempDir())
	require.NoError(t, err)
	assert.Empty(t, entries)
}
