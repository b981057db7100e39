//go:build linux

package bench

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// bareAddr is the variable that makes the test binary a bare server on that address.
const bareAddr = "ENVD_BENCH_BARE"

func TestMain(m *testing.M) {
	if addr := os.Getenv(bareAddr); addr != "" {
		fmt.Fprintln(os.Stderr, http.ListenAndServe(addr, http.HandlerFunc(bare)))
		os.Exit(1)
	}
	if os.Getenv(idleServers) != "" {
		if err := holdIdle(os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// bare answers what the simple stub does.
func bare(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"id":1}`)
}

// server is a process that serves HTTP.
type server struct {
	addr  string
	ready time.Duration // from the process's start to the first answer
	cmd   *exec.Cmd
}

func (s *server) stop() {
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait() // it was killed, and says so
}

// cpu is the CPU time that the process, all of its threads, has used.
func (s *server) cpu(b *testing.B) time.Duration {
	var t unix.Timespec
	// clock_getcpuclockid(3): the complement of the process id, shifted by three, with CPUCLOCK_SCHED.
	require.NoError(b, unix.ClockGettime(int32(^s.cmd.Process.Pid<<3|2), &t))
	return time.Duration(t.Nano())
}

// resident is the process's resident memory in bytes.
func (s *server) resident(b *testing.B) int {
	f, err := os.Open(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	require.NoError(b, err)
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), "VmRSS:"); ok {
			kb, err := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(rest, "kB")))
			require.NoError(b, err)
			return kb << 10
		}
	}
	b.Fatal("the kernel does not tell VmRSS")
	return 0
}

const startTimeout = 60 * time.Second

// start runs what makes a command for an address and waits for the server's first answer there.
func start(b *testing.B, command func(host, port string) *exec.Cmd) *server {
	addr := freeAddr(b)
	host, port, err := net.SplitHostPort(addr)
	require.NoError(b, err)
	s := &server{addr: addr, cmd: command(host, port)}
	began := time.Now()
	require.NoError(b, s.cmd.Start())
	b.Cleanup(s.stop)
	for !answers(addr) {
		require.Less(b, time.Since(began), startTimeout, "%s does not answer", s.cmd)
		time.Sleep(200 * time.Microsecond)
	}
	s.ready = time.Since(began)
	return s
}

func freeAddr(b *testing.B) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(b, err)
	defer l.Close()
	return l.Addr().String()
}

func answers(addr string) bool {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return false
	}
	defer c.Close()
	return newClient(c).do(simple) == nil
}

func startBare(b *testing.B) *server {
	self, err := os.Executable()
	require.NoError(b, err)
	return start(b, func(host, port string) *exec.Cmd {
		cmd := exec.Command(self)
		cmd.Env = append(os.Environ(), bareAddr+"="+net.JoinHostPort(host, port))
		return cmd
	})
}

func startEnvd(b *testing.B, mappings ...string) *server {
	return start(b, envdCommand(b, rootDir(b, mappings)))
}

// envdCommand runs envd from the PATH, or one that it builds.
func envdCommand(b *testing.B, dir string) func(host, port string) *exec.Cmd {
	envd, err := exec.LookPath("envd")
	if err != nil {
		envd = filepath.Join(b.TempDir(), "envd")
		out, err := exec.Command("go", "build", "-o", envd, "github.com/envd-dev/envd/cmd/envd").CombinedOutput()
		require.NoError(b, err, "%s", out)
	}
	return func(host, port string) *exec.Cmd {
		return exec.Command(envd, "wiremock", "--bind-address", host, "--port", port, "--root-dir", dir)
	}
}

// startJar runs the real WireMock, with further flags. Its journal is not bounded then: bounded to 10,000 entries as envd's
// is, it counts them all at every request, which takes a millisecond.
func startJar(b *testing.B, flags []string, mappings ...string) *server {
	return start(b, jarCommand(b, rootDir(b, mappings), flags))
}

func jarCommand(b *testing.B, dir string, flags []string) func(host, port string) *exec.Cmd {
	jar := os.Getenv("ENVD_WIREMOCK_JAR")
	if _, err := os.Stat(jar); err != nil {
		b.Skip("set ENVD_WIREMOCK_JAR to the standalone jar to compare with it")
	}
	return func(host, port string) *exec.Cmd {
		args := []string{"-jar", jar, "--bind-address", host, "--port", port, "--root-dir", dir, "--disable-banner"}
		return exec.Command("java", append(args, flags...)...)
	}
}

// warm asks for long enough that the JVM has compiled what serves the requests; the first of them may take it seconds.
func (s *server) warm(b *testing.B, requests ...request) {
	const spell = 5 * time.Second
	for end := time.Now().Add(4 * spell); time.Now().Before(end); {
		for _, r := range requests {
			load(b, s.addr, r, spell)
		}
		s.forget(b)
	}
}

// forget empties the server's journal, so that one that is not bounded does not fill the machine.
func (s *server) forget(b *testing.B) {
	req, err := http.NewRequestWithContext(b.Context(), http.MethodDelete, "http://"+s.addr+"/__admin/requests", nil)
	require.NoError(b, err)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(b, err)
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	require.NoError(b, err)
}

// rootDir writes the mappings to one file, of which the last is the newest.
func rootDir(b *testing.B, mappings []string) string {
	dir := b.TempDir()
	require.NoError(b, os.Mkdir(filepath.Join(dir, "mappings"), 0o755))
	doc := `{"mappings":[` + strings.Join(mappings, ",\n") + `]}`
	require.NoError(b, os.WriteFile(filepath.Join(dir, "mappings", "all.json"), []byte(doc), 0o600))
	return dir
}

// output runs the test binary once more in another role and returns what it prints.
func output(ctx context.Context, b *testing.B, role string) string {
	self, err := os.Executable()
	require.NoError(b, err)
	cmd := exec.CommandContext(ctx, self)
	cmd.Env, cmd.Stderr = append(os.Environ(), role+"=1"), os.Stderr
	out, err := cmd.Output()
	require.NoError(b, err)
	return string(out)
}
