package docker

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/volume"
	"github.com/moby/moby/client"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/envd"
)

func TestUnreachable(t *testing.T) {
	err := unreachable("unix:///var/run/docker.sock", os.ErrPermission)
	assert.ErrorIs(t, err, ErrNoEngine)
	assert.ErrorContains(t, err, "usermod -aG docker")
	assert.Equal(t, context.Canceled, unreachable("x", context.Canceled))
	assert.NotErrorIs(t, unreachable("x", errors.New("server error")), ErrNoEngine)
}

func TestRefusedStart(t *testing.T) {
	for text, want := range map[string]string{
		`OCI runtime create failed: exec: "/x": exec format error`:                                        "not for this machine's architecture",
		`exec: "serve": executable file not found in $PATH: unknown`:                                      "there is no program serve",
		`exec: "/x": permission denied: unknown`:                                                          "serve is not executable",
		`driver failed programming external connectivity: Bind for 0.0.0.0:80: port is already allocated`: "is taken",
		`unable to find user app: no matching entries in passwd file`:                                     "no such user",
	} {
		assert.ErrorContains(t, refusedStart("web", []string{"serve"}, errors.New(text)), want)
	}
}

func TestExecFailure(t *testing.T) {
	const at = "2026-11-21T20:23:08.7185276Z stderr "
	for said, want := range map[string]string{
		"exec /app: exec format error\n":                                 "exec /app: exec format error: it is not a program for this machine",
		"exec /app: no such file or directory\n":                         "exec /app: no such file or directory: the image lacks what its program is loaded with",
		"exec /app: permission denied\n":                                 "exec /app: permission denied: it is not executable",
		"[FATAL tini (6)] exec /app failed: No such file or directory\n": "exec /app failed: No such file or directory: the image has no such program, or it is none for this machine",
	} {
		assert.Contains(t, execFailure(at+said), want)
	}
	assert.Empty(t, execFailure(at+"exec /app: exec format error\n"+at+"so says the program itself\n"))
	assert.Empty(t, execFailure(""))
}

func TestFullDisk(t *testing.T) {
	said := errors.New("Error processing tar file(exit status 1): write /layer.tar: no space left on device")
	assert.ErrorIs(t, fullDisk(said), said)
	assert.ErrorContains(t, fullDisk(said), "the engine's disk is full: docker system df")
	own := &os.PathError{Op: "write", Path: "/here/web.log", Err: syscall.ENOSPC}
	assert.Equal(t, error(own), fullDisk(own), "which is not the engine's")
	assert.NoError(t, fullDisk(nil))
}

func TestRefusedPull(t *testing.T) {
	for text, want := range map[string]string{
		"manifest for example.com/a:1 not found: manifest unknown":                          "example.com has none of that name and tag",
		"pull access denied for a, repository does not exist or may require 'docker login'": "docker login example.com",
		"Get https://example.com/v2/: dial tcp: lookup example.com: no such host":           "example.com cannot be reached from the engine",
		"something else": "could not be pulled",
	} {
		err := refusedPull("example.com/a:1", envd.PullMissing, false, errors.New(text))
		assert.ErrorContains(t, err, "image example.com/a:1 is not on this machine")
		assert.ErrorContains(t, err, want)
		assert.ErrorContains(t, err, text)
	}
	assert.ErrorContains(t, refusedPull("a", envd.PullAlways, true, errors.New("denied")), "docker.io does not let the credentials")
}

func TestBuildOutput(t *testing.T) {
	var said strings.Builder
	for i := range 30 {
		fmt.Fprintf(&said, `{"stream":"line %d\n"}`, i)
	}
	said.WriteString(`{"stream":" ---> 0123\n\u001b[91min two"}{"stream":" parts\u001b[0m\n"}{"errorDetail":{"message":"it failed"}}`)
	lines, err := buildOutput(strings.NewReader(said.String()))
	assert.EqualError(t, err, "it failed")
	assert.Len(t, lines, buildLines)
	assert.Equal(t, []string{"line 29", "in two parts"}, lines[buildLines-2:])
	_, err = buildOutput(strings.NewReader(`{"stream":"ok\n"}`))
	assert.NoError(t, err)
	_, err = buildOutput(strings.NewReader(`{"stream":`))
	assert.Error(t, err, "it broke off")
}

func TestDigestOf(t *testing.T) {
	digests := []string{"example.com/other@sha256:" + strings.Repeat("a", 64), "example.com/api@sha256:" + strings.Repeat("b", 64), "redis@sha256:" + strings.Repeat("c", 64)}
	assert.Equal(t, digests[1], digestOf("example.com/api:1", digests))
	assert.Equal(t, digests[2], digestOf("docker.io/library/redis:7", digests))
	assert.Empty(t, digestOf("example.com/none:1", digests))
}

func TestAbandoned(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	me := identity(os.Getpid())
	require.NotEmpty(t, me)
	dead := me[:strings.LastIndexByte(me, '/')] + "/1" // a PID that was somebody else's then
	over, later := now.Add(-time.Second).Format(time.RFC3339), now.Add(time.Second).Format(time.RFC3339)
	for _, c := range []struct{ runner, expires, want string }{
		{me, over, ""},
		{dead, later, "its runner is dead"},
		{"boot/pid:[1]/7/8", over, "its lease ended at " + over},
		{"boot/pid:[1]/7/8", later, ""},
		{"", "nonsense", ""},
	} {
		labels := map[string]string{labelEnvironment: "it", labelRunner: c.runner, labelExpires: c.expires}
		it := objects{containers: []container.Summary{{Labels: labels}}}
		assert.Equal(t, c.want, leasesOf(it).abandoned(labels, now), c.runner)
	}

	// What one object tells holds for all of its owner's, and for nobody else's.
	owned := func(environment, runner, expires string) map[string]string {
		return map[string]string{labelEnvironment: environment, labelRunner: runner, labelExpires: expires}
	}
	const elsewhere = "boot/pid:[1]/7/8"
	first := owned("it", elsewhere, over)
	ends := leasesOf(objects{
		containers: []container.Summary{{Labels: first}, {Labels: owned("another", elsewhere, over)}, {Labels: owned("it", "boot/pid:[1]/9/9", over)}},
		volumes:    []volume.Volume{{Labels: owned("it", elsewhere, later)}},
	})
	assert.Empty(t, ends.abandoned(first, now), "renewed")
	assert.NotEmpty(t, ends.abandoned(owned("another", elsewhere, over), now))
	assert.NotEmpty(t, ends.abandoned(owned("it", "boot/pid:[1]/9/9", over), now), "an earlier run's")
}

func TestSubnets(t *testing.T) {
	seen := map[netip.Prefix]bool{}
	for i := range subnets {
		p := subnetAt(i)
		assert.True(t, pool.Overlaps(p), p)
		seen[p] = true
	}
	assert.Len(t, seen, subnets)
	assert.Equal(t, "10.207.255.3", hostOf(subnetAt(subnets-1), gatewayHost).String())
}

func TestControlPort(t *testing.T) {
	assert.Equal(t, firstControlPort, controlPort(nil))
	assert.Equal(t, firstControlPort+2, controlPort(&envd.Environment{Stubs: []envd.Stub{{Ports: []int{firstControlPort + 1}, TLSPorts: []int{firstControlPort}}}}))
}

func TestTrailer(t *testing.T) {
	for _, d := range []time.Duration{0, 1234567, 100 * time.Hour} {
		got, ok := readTrailer([]byte(trailer(d)))
		assert.True(t, ok)
		assert.Equal(t, d, got)
	}
	var out strings.Builder
	cpu := time.Duration(-1)
	o := &output{to: &out, cpu: &cpu}
	for _, part := range []string{"a log", " line\n", trailer(5)[:7], trailer(5)[7:]} {
		_, err := io.WriteString(o, part)
		require.NoError(t, err)
	}
	require.NoError(t, o.end())
	assert.Equal(t, "a log line\n", out.String())
	assert.Equal(t, time.Duration(5), cpu)

	out.Reset()
	o = &output{to: &out, cpu: &cpu}
	_, err := io.WriteString(o, "killed before it could tell")
	require.NoError(t, err)
	require.NoError(t, o.end())
	assert.Equal(t, "killed before it could tell", out.String())
}

func TestNamedLines(t *testing.T) {
	var out strings.Builder
	n := &named{to: &out, stream: "stderr"}
	for _, part := range []string{"2026-01-02T03:04:05.6Z one", "\n2026-01-02T03:04:05.7Z two words\n2026-", "x y\n"} {
		_, err := io.WriteString(n, part)
		require.NoError(t, err)
	}
	assert.Equal(t, "2026-01-02T03:04:05.6Z stderr one\n2026-01-02T03:04:05.7Z stderr two words\n2026-x stderr y\n", out.String())
}

func TestFromContext(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("DOCKER_CONFIG", dir)
	t.Setenv("DOCKER_CONTEXT", "")
	t.Setenv(client.EnvOverrideHost, "")
	chosen, err := fromContext()
	require.NoError(t, err)
	assert.Empty(t, chosen)

	require.NoError(t, os.WriteFile(filepath.Join(dir, "config.json"), []byte(`{"currentContext": "mine"}`), 0o600))
	_, err = fromContext()
	assert.ErrorContains(t, err, "docker context mine")
	id := sha256.Sum256([]byte("mine"))
	meta := filepath.Join(dir, "contexts", "meta", hex.EncodeToString(id[:]))
	require.NoError(t, os.MkdirAll(meta, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(meta, "meta.json"), []byte(`{"Name":"mine","Endpoints":{"docker":{"Host":"unix:///run/mine.sock"}}}`), 0o600))
	cli, err := connect()
	require.NoError(t, err)
	assert.Equal(t, "unix:///run/mine.sock", cli.DaemonHost())
}

func TestOutermost(t *testing.T) {
	dir := t.TempDir()
	below := filepath.Join(dir, "below")
	require.NoError(t, os.Mkdir(below, 0o755))
	assert.Equal(t, []string{dir}, outermost([]string{below, dir, "relative", filepath.Join(dir, "none"), dir + "/"}))
}
