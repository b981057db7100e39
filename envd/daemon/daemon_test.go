package daemon

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/envd"
	v1 "github.com/envd-dev/envd/envd/api/v1"
	"github.com/envd-dev/envd/envd/client"
	"github.com/envd-dev/envd/envd/internal/dispatch/dispatchtest"
	"github.com/envd-dev/envd/envd/internal/evidence"
	"github.com/envd-dev/envd/envd/internal/store"
)

// TestMain is a daemon process too, so that one can be killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv("ENVD_TEST_DAEMON"); dir != "" && len(os.Args) == 2 && os.Args[1] == "serve" {
		os.Unsetenv("ENVD_TEST_DAEMON")
		exe, err := os.Executable()
		if err == nil {
			err = Run(context.Background(), Config{Address: os.Getenv("ENVD_TEST_ADDRESS"), StateDir: dir, Exe: exe, Version: "test",
				Listening: func(a net.Addr) { fmt.Println(a) }})
		}
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	dispatchtest.Main(m)
}

const patience = 30 * time.Second

// serve runs a daemon in this process until the returned function is called.
func serve(t *testing.T, cfg Config) (address string, stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	listening, done := make(chan string, 1), make(chan error, 1)
	cfg.Address, cfg.Listening = "127.0.0.1:0", func(a net.Addr) { listening <- a.String() }
	exe, err := os.Executable()
	require.NoError(t, err)
	cfg.Exe = exe
	go func() { done <- Run(ctx, cfg) }()
	select {
	case address = <-listening:
	case err := <-done:
		t.Fatal(err)
	}
	stop = sync.OnceValue(func() error { cancel(); return <-done })
	t.Cleanup(func() { assert.NoError(t, stop()) })
	return address, stop
}

func connect(t *testing.T, address, tokenFile string) *client.Client {
	t.Helper()
	b, err := os.ReadFile(tokenFile)
	require.NoError(t, err)
	c, err := client.New("http://"+address, client.WithToken(string(b)))
	require.NoError(t, err)
	return c
}

// pid reads whose runner it is, and makes sure that it ends with the test.
func pid(t *testing.T, dir string) int {
	t.Helper()
	d, err := evidence.Open(dir)
	require.NoError(t, err)
	meta, err := d.Meta()
	require.NoError(t, err)
	t.Cleanup(func() { _ = syscall.Kill(meta.PID, syscall.SIGKILL) })
	return meta.PID
}

func alive(pid int) bool { return syscall.Kill(pid, 0) == nil }

func TestRunnersOutliveAGracefulEnd(t *testing.T) {
	dir := t.TempDir()
	address, stop := serve(t, Config{StateDir: dir})
	c := connect(t, address, filepath.Join(dir, "token"))
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	env, err := c.Up(ctx, client.Spec{Path: dispatchtest.Spec(t, dir, "shop", dispatchtest.Held)}, time.Hour)
	require.NoError(t, err)
	runner := pid(t, env.Dir)
	run, err := c.SubmitRun(ctx, client.Spec{Path: dispatchtest.Spec(t, dir, "shop", dispatchtest.Held)})
	require.NoError(t, err)
	followed := make(chan error, 1)
	follow, stopFollow := context.WithCancel(ctx)
	begun := make(chan struct{})
	go func() {
		_, err := c.Follow(follow, run.ID, func(envd.Observation) error { close(begun); return nil })
		followed <- err
	}()
	<-begun
	require.NoError(t, stop(), "open streams do not hold it up")
	stopFollow()
	assert.ErrorIs(t, <-followed, context.Canceled)
	assert.True(t, alive(runner))
	pid(t, filepath.Join(dir, "runs", run.ID))
}

// TestKilledDaemon: kill -9 in the middle of a run, another daemon, and the client that was following gets the end.
func TestKilledDaemon(t *testing.T) {
	dir := t.TempDir()
	begin := func(address string) (*exec.Cmd, string) {
		cmd := exec.Command(os.Args[0], "serve")
		cmd.Env = append(os.Environ(), "ENVD_TEST_DAEMON="+dir, "ENVD_TEST_ADDRESS="+address)
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		t.Cleanup(func() {
			_ = cmd.Process.Kill()
			_ = cmd.Wait() // killed
		})
		line, err := bufio.NewReader(out).ReadString('\n')
		require.NoError(t, err)
		return cmd, strings.TrimSpace(line)
	}
	first, address := begin("127.0.0.1:0")
	c := connect(t, address, filepath.Join(dir, "token"))
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	run, err := c.SubmitRun(ctx, client.Spec{Path: dispatchtest.Spec(t, dir, "shop", dispatchtest.Held)})
	require.NoError(t, err)

	var seen []string
	begun := make(chan struct{})
	end := make(chan v1.Run, 1)
	go func() {
		r, err := c.Follow(ctx, run.ID, func(o envd.Observation) error {
			if seen = append(seen, o.Run.Name); len(seen) == 1 {
				close(begun)
			}
			return nil
		})
		assert.NoError(t, err)
		end <- r
	}()
	<-begun
	runner := pid(t, run.Dir)
	require.NoError(t, first.Process.Kill())
	require.Error(t, first.Wait())
	require.True(t, alive(runner))

	_, again := begin(address)
	require.Equal(t, address, again)
	d, err := evidence.Open(run.Dir)
	require.NoError(t, err)
	meta, err := d.Meta()
	require.NoError(t, err)
	require.NoError(t, dispatchtest.Tell(ctx, meta.Control, "finish"))
	r := <-end
	assert.Equal(t, []string{"provisioned", "exercised"}, seen, "nothing twice, nothing missed")
	assert.Equal(t, v1.Finished, r.Status)
	assert.Equal(t, 4, *r.ExitCode)
	verdict, err := c.Verdict(ctx, run.ID)
	require.NoError(t, err)
	assert.Equal(t, envd.Inconclusive, verdict.Outcome)
	runs, err := c.Runs(ctx)
	require.NoError(t, err)
	assert.Len(t, runs, 1, "not run twice")
}

func TestOrphanedBundlesAreSwept(t *testing.T) {
	dir := t.TempDir()
	records, err := store.Open(t.Context(), filepath.Join(dir, "daemon.db"))
	require.NoError(t, err)
	orphan, kept := filepath.Join(dir, "bundles", "orphan"), filepath.Join(dir, "bundles", "kept")
	require.NoError(t, os.MkdirAll(orphan, 0o755))
	require.NoError(t, os.MkdirAll(kept, 0o755))
	require.NoError(t, records.Insert(t.Context(), store.Record{ID: "r", Kind: store.Run, Status: v1.Queued, Bundle: kept}))
	require.NoError(t, sweepBundles(t.Context(), filepath.Join(dir, "bundles"), records))
	require.NoError(t, records.Close())
	assert.NoDirExists(t, orphan)
	assert.DirExists(t, kept)
}

func TestOneDaemonForAStateDirectory(t *testing.T) {
	dir := t.TempDir()
	serve(t, Config{StateDir: dir})
	err := Run(t.Context(), Config{Address: "127.0.0.1:0", StateDir: dir})
	assert.ErrorContains(t, err, "another daemon serves")
}

func TestAddressInUse(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	err = Run(t.Context(), Config{Address: l.Addr().String(), StateDir: t.TempDir()})
	assert.True(t, errors.Is(err, syscall.EADDRINUSE), "%v", err)
}

func TestToken(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "token")
	token, err := ensureToken(path)
	require.NoError(t, err)
	assert.GreaterOrEqual(t, len(token), 26, "128 bits")
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode())
	again, err := ensureToken(path)
	require.NoError(t, err)
	assert.Equal(t, token, again)

	require.NoError(t, os.Chmod(path, 0o640))
	_, err = ensureToken(path)
	assert.ErrorContains(t, err, "others may read it (mode 0640)")
	require.NoError(t, os.Chmod(path, 0o600))
	require.NoError(t, os.WriteFile(path, []byte("short\n"), 0o600))
	_, err = ensureToken(path)
	assert.ErrorContains(t, err, "fewer than 16 characters")
	_, err = ensureToken(t.TempDir())
	assert.Error(t, err)
}

func TestRunnersDoNotAskTheDaemon(t *testing.T) {
	env := runnerEnv([]string{"A=1", "ENVD_SERVER=http://x", "ENVD_TOKEN=t", "ENVD_TOKEN_FILE=f", "ENVD_STATE_DIR=/old"}, "/state")
	assert.Equal(t, []string{"A=1", "ENVD_STATE_DIR=/state"}, env)
}
