package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

const liveSpec = `apiVersion: envd/v1
name: live
environment:
  services:
    api:
      command: [%s, serve]
      ports: [8080]
      ready: {http: {port: 8080, path: /ready}}
stages:
  - name: a-stage-whose-name-is-longer-than-a-narrow-terminal-is-wide
    load: {profile: smoke, rate: 10/s, duration: 3s, requests: [GET http://api:8080/]}
gate:
  conditions: [error_rate < 1%%]
`

// escape is a control sequence (ECMA-48); graphics those that set colours and weights.
var (
	escape   = regexp.MustCompile("\x1b\\[[0-9;]*[A-Za-z]")
	graphics = regexp.MustCompile("\x1b\\[[0-9;]*m")
)

// TestTerminal runs envd on terminals: one line is rewritten as the load goes on and never wraps; colours are for those who
// want them.
func TestTerminal(t *testing.T) {
	needs(t, "k6")
	dir := t.TempDir()
	spec, _ := writeSpec(t, dir, liveSpec)
	const columns = 48
	run := func(env ...string) string {
		t.Helper()
		cmd := exec.Command(binary, "run", spec)
		cmd.Env = append(os.Environ(), "ENVD_STATE_DIR="+filepath.Join(dir, "state"), "PATH="+repository("bin")+":"+os.Getenv("PATH"))
		cmd.Env = append(cmd.Env, env...)
		return onTerminal(t, cmd, columns)
	}

	out := run("TERM=xterm-256color", "NO_COLOR=")
	assert.Regexp(t, graphics, out)
	live := 0
	for line := range strings.SplitSeq(out, "\n") {
		for _, text := range strings.Split(line, "\r\x1b[K")[1:] {
			if text = strings.TrimRight(escape.ReplaceAllString(text, ""), "\r"); strings.Contains(text, "req/s") {
				live++
				assert.Less(t, utf8.RuneCountInString(text), columns, text)
			}
		}
	}
	assert.Positive(t, live, "%q", out)

	out = run("TERM=xterm-256color", "NO_COLOR=1")
	assert.NotRegexp(t, graphics, out, "no-color.org")
	assert.Contains(t, out, "PASS")

	out = run("TERM=dumb", "NO_COLOR=")
	assert.NotRegexp(t, escape, out, "a terminal that understands nothing but text")
	assert.Contains(t, out, "PASS")
}

// onTerminal runs a command on a new terminal of that width and returns what it would show (pts(4)).
func onTerminal(t *testing.T, cmd *exec.Cmd, columns uint16) string {
	t.Helper()
	screen, line := newTerminal(t, 24, columns)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = line, line, line
	require.NoError(t, cmd.Start())
	require.NoError(t, line.Close())
	var out bytes.Buffer
	if _, err := io.Copy(&out, screen); !errors.Is(err, syscall.EIO) { // nobody holds the other end any more
		require.NoError(t, err)
	}
	require.NoError(t, cmd.Wait(), "%s", out.String())
	return out.String()
}

// newTerminal returns both ends of a terminal: what a person sees and types on, and what a program gets.
func newTerminal(t *testing.T, rows, columns uint16) (screen, line *os.File) {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil && os.Getenv("CI") == "" {
		t.Skipf("SKIPPED: no terminals here: %v", err)
	}
	require.NoError(t, err)
	t.Cleanup(func() { screen.Close() })
	fd := int(screen.Fd())
	require.NoError(t, unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0))
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	require.NoError(t, err)
	resize(t, screen, rows, columns)
	line, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	require.NoError(t, err)
	return screen, line
}

func resize(t *testing.T, screen *os.File, rows, columns uint16) {
	t.Helper()
	require.NoError(t, unix.IoctlSetWinsize(int(screen.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: rows, Col: columns}))
}
