package docker

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// apartVariable tells TestSockets that it is the process in another network.
const apartVariable = "ENVD_TEST_APART"

// What is dialled through sockets of another network reaches those who listen there.
func TestSockets(t *testing.T) {
	if os.Getenv(apartVariable) != "" {
		answerApart(t)
		return
	}
	there := exec.Command(os.Args[0], "-test.run", "^TestSockets$")
	there.Env, there.Stderr = append(os.Environ(), apartVariable+"=1"), os.Stderr
	there.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWUSER | unix.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}, GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
	}
	said, err := there.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, there.Start())
	t.Cleanup(func() {
		assert.NoError(t, there.Process.Kill())
		_ = there.Wait() // it was killed
	})
	text, err := bufio.NewReader(said).ReadString('\n')
	require.NoError(t, err)
	address, err := netip.ParseAddrPort(text[:len(text)-1])
	require.NoError(t, err)
	require.NoError(t, otherNetwork(there.Process.Pid))

	s := &sockets{engine: there.Process.Pid, exe: os.Args[0]}
	engine := traits{rootless: true, inside: s}
	hears := func() {
		t.Helper()
		conn, err := engine.reach(t.Context(), 10*time.Second, address)
		require.NoError(t, err)
		defer conn.Close()
		require.NoError(t, conn.SetDeadline(time.Now().Add(10*time.Second)), "deadlines work as on any connection")
		b, err := io.ReadAll(conn)
		assert.NoError(t, err)
		assert.Equal(t, "apart", string(b))
	}
	hears()
	_, err = traits{}.reach(t.Context(), time.Second, address)
	assert.ErrorIs(t, err, syscall.ECONNREFUSED, "here nobody listens at %s", address)
	_, err = engine.reach(t.Context(), 10*time.Second, netip.AddrPortFrom(address.Addr(), 1))
	assert.ErrorIs(t, err, syscall.ECONNREFUSED)
	over, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = engine.reach(over, 10*time.Second, address)
	assert.ErrorIs(t, err, context.Canceled)

	first := s.helper
	require.NoError(t, first.conn.Close())
	_, err = engine.reach(t.Context(), 10*time.Second, address)
	assert.Error(t, err, "the helper has gone")
	hears()
	assert.NotSame(t, first, s.helper)
	require.NoError(t, s.helper.end(), "a helper ends with its connection, without an error")

	gone := traits{rootless: true, inside: &sockets{engine: 1 << 30, exe: os.Args[0]}}
	_, err = gone.reach(t.Context(), 10*time.Second, address)
	assert.ErrorContains(t, err, "nsenter: ", "what nsenter says is passed on")
}

// answerApart tells everybody who connects that they have come to another network, until it is killed.
func answerApart(t *testing.T) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	request, err := unix.NewIfreq("lo")
	require.NoError(t, err)
	request.SetUint16(unix.IFF_UP)
	require.NoError(t, unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, request))
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	fmt.Println(l.Addr())
	for {
		conn, err := l.Accept()
		require.NoError(t, err)
		_, _ = io.WriteString(conn, "apart") // some do not listen
		conn.Close()
	}
}
