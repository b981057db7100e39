package process

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/runtime/process/internal/control"
)

func TestSpaceOf(t *testing.T) {
	visible, got, err := spaceOf(&envd.Environment{
		Services: []envd.Service{
			{Name: "web", Hostnames: []string{"www.example.com"}, WorkDir: "/srv/web", Command: []string{"/opt/web/bin", "-x"}},
			{Name: "db", WorkDir: "relative", Command: []string{"postgres"}},
		},
		Stubs:  []envd.Stub{{Host: "pay.example.com"}},
		Egress: []string{"api.example.org:443", "api.example.org:80", "10.1.2.3:5432", "other.example.org:443", "[2001:db8::9]:25"},
	}, []string{"/run/dir", "/run/dir/below"})
	require.NoError(t, err)
	assert.Equal(t, []string{"/opt/web/bin", "/run/dir", "/srv/web"}, visible)
	assert.Equal(t, control.Furnish{
		Hosts: []control.HostAddress{
			{Address: "127.0.0.1", Names: []string{"web", "www.example.com"}},
			{Address: "127.0.0.1", Names: []string{"db"}},
			{Address: "127.0.1.1", Names: []string{"pay.example.com"}},
			{Address: "127.0.2.1", Names: []string{"api.example.org"}},
			{Address: "127.0.2.3", Names: []string{"other.example.org"}},
		},
		Egress: []control.Egress{
			{Address: "127.0.2.1:443", Destination: "api.example.org:443"},
			{Address: "127.0.2.1:80", Destination: "api.example.org:80"},
			{Address: "10.1.2.3:5432", Destination: "10.1.2.3:5432"},
			{Address: "127.0.2.3:443", Destination: "other.example.org:443"},
			{Address: "[2001:db8::9]:25", Destination: "[2001:db8::9]:25"},
		},
	}, got)
	_, _, err = spaceOf(&envd.Environment{Egress: []string{"no-port.example.org"}}, nil)
	assert.ErrorContains(t, err, "no-port.example.org")
}

func TestOutermostFollowsSymlinks(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	target, link := filepath.Join(dir, "target"), filepath.Join(dir, "link")
	require.NoError(t, os.Mkdir(target, 0o755))
	require.NoError(t, os.Symlink(target, link))
	assert.Equal(t, []string{link, target}, outermost([]string{link + "/", "", "relative", target + "/a/..", target}))
	assert.Equal(t, []string{"/a", "/a-b"}, outermost([]string{"/a-b", "/a/c", "/a"}))
}

func TestSignalNumber(t *testing.T) {
	for name, want := range map[string]unix.Signal{"": unix.SIGTERM, "TERM": unix.SIGTERM, "SIGINT": unix.SIGINT, "quit": unix.SIGQUIT, "9": unix.SIGKILL} {
		got, err := signalNumber(name)
		require.NoError(t, err, name)
		assert.Equal(t, want, got, name)
	}
	for _, name := range []string{"NOPE", "0", "-1", "65"} {
		_, err := signalNumber(name)
		assert.ErrorContains(t, err, name)
	}
}

func TestPlainAddress(t *testing.T) {
	seen := map[string]bool{}
	for _, id := range []string{"a", "b", "run-1", "run-2", ""} {
		ip := net.ParseIP(plainAddress(id))
		require.NotNil(t, ip, id)
		assert.True(t, ip.IsLoopback())
		assert.GreaterOrEqual(t, ip.To4()[1], byte(64), "127.0.0.0/10 is everybody's")
		assert.Less(t, ip.To4()[1], byte(128))
		seen[ip.String()] = true
	}
	assert.Len(t, seen, 5)
}

func TestIdentityMap(t *testing.T) {
	path := filepath.Join(t.TempDir(), "uid_map")
	require.NoError(t, os.WriteFile(path, []byte("         0       1000          1\n         1     100000      65536\n"), 0o644))
	ids, err := identityMap(path)
	require.NoError(t, err)
	require.Len(t, ids, 2)
	assert.Equal(t, [3]int{1, 1, 65536}, [3]int{ids[1].ContainerID, ids[1].HostID, ids[1].Size}, "as its own namespace names them")
	require.NoError(t, os.WriteFile(path, []byte("broken"), 0o644))
	_, err = identityMap(path)
	assert.Error(t, err)
}

// A destination that cannot be reached is a broken connection inside, not one that hangs.
func TestEgressToNowhere(t *testing.T) {
	e := newEgress()
	defer e.close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	inside, err := net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	defer inside.Close()
	accepted, err := l.Accept()
	require.NoError(t, err)
	f, err := accepted.(*net.TCPConn).File()
	require.NoError(t, err)
	require.NoError(t, accepted.Close())
	e.carry("127.0.0.1:1", f)
	_, err = inside.Read(make([]byte, 1))
	assert.True(t, errors.Is(err, unix.ECONNRESET), "%v", err)
}
