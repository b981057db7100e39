//go:build unix

package wiremock

import (
	"context"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const childVariable = "WIREMOCK_TEST_CHILD"

// TestMain doubles as a parent that starts WireMock and is killed.
func TestMain(m *testing.M) {
	path := os.Getenv(childVariable)
	if path == "" {
		os.Exit(m.Run())
	}
	s, err := Start(context.Background(), Options{Jar: path, RootDir: os.TempDir()})
	if err != nil {
		panic(err)
	}
	if _, err := os.Stdout.WriteString(strconv.Itoa(s.process.Pid) + "\n"); err != nil {
		panic(err)
	}
	<-s.Exited()
}

func TestTheServerEndsWithItsParent(t *testing.T) {
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), childVariable+"="+jar(t), "TMPDIR="+t.TempDir())
	out, err := parent.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, parent.Start())
	text := make([]byte, 16)
	n, err := out.Read(text)
	require.NoError(t, err)
	pid, err := strconv.Atoi(strings.TrimSpace(string(text[:n])))
	require.NoError(t, err)
	require.NoError(t, syscall.Kill(pid, 0), "it runs")

	require.NoError(t, parent.Process.Kill())
	_, err = io.Copy(io.Discard, out)
	require.NoError(t, err)
	require.Error(t, parent.Wait())
	require.Eventually(t, func() bool { return syscall.Kill(pid, 0) != nil || zombie(pid) }, 10*time.Second, 10*time.Millisecond)
}

// zombie reports whether only the process's exit status is left.
func zombie(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return false
	}
	_, after, _ := strings.Cut(string(stat), ") ")
	return strings.HasPrefix(after, "Z")
}
