//go:build linux

package netlink

import (
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// inside runs a test again in a network namespace of its own, and reports whether this is the one in there.
func inside(t *testing.T) bool {
	t.Helper()
	if os.Getenv("NETLINK_INSIDE") != "" {
		require.NoError(t, Up("lo", false))
		return true
	}
	cmd := exec.Command(os.Args[0], "-test.run", "^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), "NETLINK_INSIDE=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	if os.IsPermission(err) && os.Getenv("CI") == "" {
		t.Skip("NOT TESTED: no user namespaces here: ", err)
	}
	require.NoError(t, err)
	if strings.Contains(string(out), "--- SKIP") {
		t.Skip("NOT TESTED: it was skipped inside")
	}
	return false
}

func TestRedirect(t *testing.T) {
	if !inside(t) {
		return
	}
	err := ProbeNAT()
	if err != nil && os.Getenv("CI") == "" {
		t.Skip("NOT TESTED: this kernel cannot redirect: ", err)
	}
	require.NoError(t, err)
	serve := func(address, says string) {
		l, err := net.Listen("tcp", address)
		require.NoError(t, err)
		t.Cleanup(func() { l.Close() })
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				io.WriteString(c, says)
				c.Close()
			}
		}()
	}
	serve("0.0.0.0:443", "service")
	serve("127.0.1.1:30443", "stub")
	require.NoError(t, Redirect([]Redirection{{To: netip.MustParseAddrPort("127.0.1.1:443"), Port: 30443}}))
	for address, want := range map[string]string{"127.0.0.1:443": "service", "127.0.1.1:443": "stub", "127.0.1.1:30443": "stub", "127.0.0.9:443": "service"} {
		c, err := net.Dial("tcp", address)
		require.NoError(t, err, address)
		got, err := io.ReadAll(c)
		require.NoError(t, err, address)
		require.Equal(t, want, string(got), address)
		c.Close()
	}
}
