package runtimetest

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/envd"
)

var logLine = regexp.MustCompile(`^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z) (stdout|stderr) (.*)$`)

// logLines reads a service's log to its end, and returns each line's stream and text.
func (b *bench) logLines(service string) []string {
	b.t.Helper()
	r, err := b.rt.Logs(b.ctx, b.id, service, true)
	require.NoError(b.t, err)
	defer r.Close()
	var lines []string
	for s := bufio.NewScanner(r); s.Scan(); {
		m := logLine.FindStringSubmatch(s.Text())
		require.NotNil(b.t, m, "log line %q", s.Text())
		_, err := time.Parse(time.RFC3339Nano, m[1])
		require.NoError(b.t, err)
		lines = append(lines, m[2]+" "+m[3])
	}
	return lines
}

func testLogsComplete(t *testing.T, b *bench) {
	const n = 3000
	b.create(nil)
	b.start(b.workload("chatty", "lines:"+strconv.Itoa(n), "print:last words", "exit:1"))
	seen := map[string][]string{}
	for _, line := range b.logLines("chatty") {
		stream, text, _ := strings.Cut(line, " ")
		seen[stream] = append(seen[stream], text)
	}
	require.Len(t, seen["stdout"], n+1)
	require.Len(t, seen["stderr"], n)
	for i := range n {
		require.Equal(t, "out "+strconv.Itoa(i), seen["stdout"][i])
		require.Equal(t, "err "+strconv.Itoa(i), seen["stderr"][i])
	}
	assert.Equal(t, "last words", seen["stdout"][n])
}

// Follow delivers what is there while the service runs, and ends with the context.
func testLogsFollow(t *testing.T, b *bench) {
	b.create(nil)
	b.start(b.workload("svc", "print:early", "hold", "print:late"))
	ctx, cancel := context.WithCancel(b.ctx)
	defer cancel()
	r, err := b.rt.Logs(ctx, b.id, "svc", true)
	require.NoError(t, err)
	defer r.Close()
	lines := bufio.NewReader(r)
	line, err := lines.ReadString('\n')
	require.NoError(t, err)
	assert.Contains(t, line, " stdout early")

	ended := make(chan error, 1)
	go func() {
		_, err := lines.ReadString('\n')
		ended <- err
	}()
	cancel()
	select {
	case err := <-ended:
		assert.Error(t, err)
	case <-time.After(patience):
		t.Fatal("following goes on after its context has ended")
	}
	require.NoError(t, b.stop(b.workload("svc")))
	assert.Equal(t, []string{"stdout early", "stdout late"}, b.logLines("svc"))
}

// The environment is complete: what the operation says, and nothing of the runner's own.
func testSurroundings(t *testing.T, b *bench) {
	t.Setenv("OF_THE_RUNNER", "secret")
	b.create(nil)
	svc := b.workload("svc", "env:PLAIN", "env:OF_THE_RUNNER", "pwd")
	svc.WorkDir = "/usr"
	b.start(svc)
	b.wait("svc")
	assert.Equal(t, []string{"stdout value of svc", "stdout ", "stdout /usr"}, b.logLines("svc"))

	out, _ := b.exec("svc", "env:PLAIN")
	assert.Equal(t, "value of svc", out, "a command in the surroundings of a service sees its environment")
	var stdout bytes.Buffer
	_, err := b.rt.Exec(b.ctx, b.id, envd.Exec{
		Service: "svc", Command: []string{b.h.Exe, Verb, "pwd", "env:ADDED"}, Env: map[string]string{"ADDED": "here"}, Stdout: &stdout,
	})
	require.NoError(t, err)
	assert.Equal(t, "/usr\nhere\n", stdout.String())

	gone := b.workload("lost")
	gone.WorkDir = "/no/such/directory"
	assert.ErrorContains(t, b.tryStart(gone), "/no/such/directory")
}

// Files appear inside, wherever they are to be, and nowhere else.
func testFiles(t *testing.T, b *bench) {
	b.need(b.caps.Hostnames, "a file system of its own")
	host := t.TempDir()
	existing := filepath.Join(host, "existing.conf")
	require.NoError(t, os.WriteFile(existing, []byte("of the host"), 0o644))
	svc := b.workload("svc", "hold")
	svc.WorkDir = host
	b.create(&envd.Environment{Services: []envd.Service{*svc}})
	paths := []string{
		existing, filepath.Join(host, "new.conf"), filepath.Join(host, "deep/er/new.conf"), filepath.Join(host, "deep/sibling.conf"),
		"/tmp/.private/a.pem", "/top-level-of-nobody/app.yaml", "/etc/of-nobody/app.yaml", "/etc/app-of-nobody.yaml",
	}
	for _, version := range []string{"longer first", "second before the start", "third"} { // writing again replaces
		for i, path := range paths {
			require.NoError(t, b.rt.Do(b.ctx, b.id, envd.Operation{
				Kind: envd.OpFile, Target: path, Service: svc, File: &envd.File{Path: path, Mode: 0o640}, Content: []byte(fmt.Sprint(version, " ", i)),
			}))
		}
		if version == "longer first" {
			continue // nobody has seen it
		}
		if version != "third" {
			b.start(svc)
		}
		for i, path := range paths {
			got, _ := b.exec("svc", "read:"+path)
			assert.Equal(t, fmt.Sprint(version, " ", i), got, path)
		}
	}
	kept, err := os.ReadFile(existing)
	require.NoError(t, err)
	assert.Equal(t, "of the host", string(kept))
	entries, err := os.ReadDir(host)
	require.NoError(t, err)
	assert.Len(t, entries, 1, "the host's directory gained nothing")
	assert.NoDirExists(t, "/top-level-of-nobody")
	assert.NoFileExists(t, "/etc/app-of-nobody.yaml")
	if b.caps.Hostnames {
		hosts, _ := b.exec("", "read:/etc/hosts")
		assert.Contains(t, hosts, "localhost", "what was there before is still there")
	}
	err = b.rt.Do(b.ctx, b.id, envd.Operation{Kind: envd.OpFile, File: &envd.File{Path: "/usr"}, Content: []byte("x")})
	assert.ErrorContains(t, err, "/usr")
}

func testHostnames(t *testing.T, b *bench) {
	b.need(b.caps.Hostnames, "hostnames")
	web := b.workload("web", "listen:9898", "stubborn")
	web.Hostnames = []string{"www.example.com"}
	b.create(&envd.Environment{Services: []envd.Service{*web}})
	b.start(web)
	b.answers("web", 9898, "web ping")
	for _, name := range []string{"web", "www.example.com"} {
		out, _ := b.exec("", "connect:"+name+":9898")
		assert.Equal(t, "web ping", out, name)
	}
}

func testStopGracefully(t *testing.T, b *bench) {
	b.create(nil)
	svc := b.workload("svc", "print:up", "hold", "print:cleaned up", "exit:5")
	b.start(svc)
	b.awaitLog("svc", "up")
	require.NoError(t, b.stop(svc))
	state := b.observe().Services["svc"]
	assert.False(t, state.Running, "a stopped service is gone when the operation returns")
	assert.Equal(t, 5, b.wait("svc").Code, "it was let finish")
	assert.Equal(t, []string{"stdout up", "stdout cleaned up"}, b.logLines("svc"))
	require.NoError(t, b.stop(svc), "stopping what has ended is no error")
}

func testStopStubborn(t *testing.T, b *bench) {
	b.create(nil)
	svc := b.workload("svc", "print:up", "stubborn")
	b.start(svc)
	b.awaitLog("svc", "up")
	svc.Stop.Grace = envd.Duration(50 * time.Millisecond)
	begin := time.Now()
	require.NoError(t, b.stop(svc))
	assert.GreaterOrEqual(t, time.Since(begin), svc.Stop.Grace.Std())
	assert.Equal(t, 137, b.wait("svc").Code)
}

// Before an environment is destroyed, its services have their time to end as at any other moment.
func testStopLast(t *testing.T, b *bench) {
	b.create(nil)
	patient, stubborn := b.workload("patient", "print:up", "hold", "print:cleaned up"), b.workload("stubborn", "print:up", "stubborn")
	stubborn.Stop.Grace = envd.Duration(50 * time.Millisecond)
	for _, svc := range []*envd.Service{patient, stubborn} {
		b.start(svc)
		b.awaitLog(svc.Name, "up")
	}
	for _, svc := range []*envd.Service{patient, stubborn} {
		begin := time.Now()
		require.NoError(t, b.rt.Do(b.ctx, b.id, envd.Operation{ID: "stop " + svc.Name, Kind: envd.OpStop, Target: svc.Name, Service: svc, Final: true}))
		if svc == stubborn {
			assert.GreaterOrEqual(t, time.Since(begin), svc.Stop.Grace.Std())
		}
	}
	assert.Equal(t, []string{"stdout up", "stdout cleaned up"}, b.logLines("patient"))
	left, err := b.rt.Destroy(b.ctx, b.id)
	require.NoError(t, err)
	assert.Empty(t, left)
}

// awaitLog waits until the service has printed a line.
func (b *bench) awaitLog(service, text string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	r, err := b.rt.Logs(ctx, b.id, service, true)
	require.NoError(b.t, err)
	defer r.Close()
	for s := bufio.NewScanner(r); s.Scan(); {
		if strings.HasSuffix(s.Text(), " "+text) {
			return
		}
	}
	b.t.Fatalf("%s never printed %q", service, text)
}

// What a service daemonised is the service's: stopping it ends that too.
func testStopDaemon(t *testing.T, b *bench) {
	b.create(nil)
	svc := b.workload("svc", "daemonise:9701", "print:up", "hold")
	b.start(svc)
	other := b.workload("other", "listen:9702", "stubborn")
	b.start(other)
	b.answers("svc", 9701, "daemon ping")
	b.answers("other", 9702, "other ping")
	b.awaitLog("svc", "up")
	svc.Stop.Grace = envd.Duration(100 * time.Millisecond)
	require.NoError(t, b.stop(svc))
	_, err := b.ask(b.rt, b.id, "svc", 9701)
	assert.Error(t, err, "the daemon is gone")
	b.answers("other", 9702, "other ping")
}

// A service may end after it has daemonised; what it left is the environment's, and goes with it.
func testDestroyDaemon(t *testing.T, b *bench) {
	b.create(nil)
	b.start(b.workload("svc", "daemonise:9703"))
	assert.Equal(t, 0, b.wait("svc").Code)
	if !b.h.EndsTogether {
		b.answers("svc", 9703, "daemon ping")
	}
	left, err := b.rt.Destroy(b.ctx, b.id)
	require.NoError(t, err)
	assert.Empty(t, left)
	b.create(nil)
	b.start(b.workload("svc", "listen:9703", "stubborn")) // its port is free again
	b.answers("svc", 9703, "svc ping")
}

func testStats(t *testing.T, b *bench) {
	b.create(nil)
	b.start(b.workload("busy", "burn:300ms", "print:burnt", "hold"))
	b.start(b.workload("idle", "hold"))
	b.awaitLog("busy", "burnt")
	usage, err := b.rt.Stats(b.ctx, b.id)
	require.NoError(t, err)
	of := map[string]envd.Usage{}
	for _, u := range usage {
		of[u.Service] = u
	}
	require.Contains(t, of, "busy")
	require.Contains(t, of, "idle")
	cpu := time.Duration(-1)
	_, err = b.rt.Exec(b.ctx, b.id, envd.Exec{Command: []string{b.h.Exe, Verb, "burn:200ms"}, WorkDir: "/", CPU: &cpu})
	require.NoError(t, err)
	assert.GreaterOrEqual(t, cpu, time.Duration(0), "a command's own figure")
	if b.h.Measures {
		assert.Greater(t, cpu, 60*time.Millisecond)
		assert.Less(t, cpu, 2*time.Second)
		assert.Greater(t, of["busy"].CPU.Std(), 100*time.Millisecond)
		assert.Less(t, of["idle"].CPU, of["busy"].CPU)
		assert.Greater(t, of["idle"].RSSBytes, int64(100<<10))
	}
}
