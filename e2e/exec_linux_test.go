package e2e

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

const execSpec = `apiVersion: envd/v1
name: exec
environment:
  services:
    api: {command: [%s, serve], ports: [8080], ready: {tcp: 8080}}
`

// TestExec runs commands in environments of both runtimes as a person at a terminal does, and as a script that is
// interrupted: in the surroundings of a service, and in the environment's own.
func TestExec(t *testing.T) {
	for _, runtime := range []string{"process", "docker"} {
		t.Run(runtime, func(t *testing.T) {
			if runtime == "docker" {
				needs(t, "docker")
			}
			dir := t.TempDir()
			spec, app := writeSpec(t, dir, execSpec)
			id := fmt.Sprintf("exec-%s-%d", runtime, os.Getpid())
			envd := func(args ...string) *exec.Cmd {
				cmd := exec.Command(binary, args...)
				cmd.Env = append(os.Environ(), "ENVD_STATE_DIR="+filepath.Join(dir, "state"), "TERM=xterm")
				return cmd
			}
			out, err := envd("up", spec, "--runtime", runtime, "--id", id, "--ttl", "10m").CombinedOutput()
			require.NoError(t, err, "%s", out)
			defer func() {
				out, err := envd("down", id).CombinedOutput()
				assert.NoError(t, err, "%s", out)
			}()
			for _, in := range [][]string{nil, {"--service", "api"}} {
				where := append([]string{"exec", id}, in...)
				t.Run(strings.Join(in, " "), func(t *testing.T) {
					onScreen(t, envd(append(where, "-t", "--", app, "screen")...))
					interrupted(t, envd(append(where, "--", app, "screen")...))
					missing(t, envd(append(where, "--", "no-such-program")...))
					abandoned(t, envd(append(where, "--", app, "patient", id)...), id)
				})
			}
			silenced(t, envd("exec", id, "--", "sh", "-c", `exec "$0" patient "$1" >/dev/null`, app, id), id)
		})
	}
}

// onScreen runs `app screen` under -t: its terminal has the size of this one and follows it, and ^C is typed.
func onScreen(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	screen, line := newTerminal(t, 31, 117)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = line, line, line
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true} // so that the kernel tells it of the terminal's size
	require.NoError(t, cmd.Start())
	require.NoError(t, line.Close())
	said := bufio.NewReader(screen)
	shows(t, said, "31x117 xterm\r\n") // with what a terminal makes of the end of a line
	resize(t, screen, 20, 70)
	shows(t, said, "20x70 xterm\r\n")
	_, err := screen.WriteString("\x03")
	require.NoError(t, err)
	shows(t, said, "interrupted\r\n")
	exitsWith(t, cmd, 6)
}

// interrupted runs `app screen` without a terminal: ^C is a signal, and the command's to handle.
func interrupted(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	said := bufio.NewReader(out)
	shows(t, said, "no terminal\n")
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	shows(t, said, "interrupted\n")
	exitsWith(t, cmd, 6)
}

// missing runs what is not there, with a shell's exit code for that.
func missing(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	out, _ := cmd.CombinedOutput()
	assert.Equal(t, 127, cmd.ProcessState.ExitCode())
	assert.Contains(t, string(out), "no-such-program")
}

// abandoned runs a command that heeds no signal: the second ^C ends it and its child, which bears a mark.
func abandoned(t *testing.T, cmd *exec.Cmd, mark string) {
	t.Helper()
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	shows(t, bufio.NewReader(out), "patient\n")
	require.NotEmpty(t, withVariable(t, "PATIENT="+mark), "the child runs")
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM)) // another one: two of a kind might become one
	exitsWith(t, cmd, 130)
	assert.Eventually(t, func() bool { return len(withVariable(t, "PATIENT="+mark)) == 0 }, 20*time.Second, 10*time.Millisecond)
}

// silenced is abandoned with a command that has said nothing yet.
func silenced(t *testing.T, cmd *exec.Cmd, mark string) {
	t.Helper()
	require.NoError(t, cmd.Start())
	require.Eventually(t, func() bool { return len(withVariable(t, "PATIENT="+mark)) > 0 }, 20*time.Second, 10*time.Millisecond)
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	exitsWith(t, cmd, 130)
	assert.Eventually(t, func() bool { return len(withVariable(t, "PATIENT="+mark)) == 0 }, 20*time.Second, 10*time.Millisecond)
}

// shows reads lines until one is the given.
func shows(t *testing.T, r *bufio.Reader, want string) {
	t.Helper()
	var before strings.Builder
	for {
		line, err := r.ReadString('\n')
		if strings.HasSuffix(line, want) {
			return
		}
		before.WriteString(line)
		require.NoError(t, err, "before %q came: %s", want, before.String())
	}
}

func exitsWith(t *testing.T, cmd *exec.Cmd, code int) {
	t.Helper()
	_ = cmd.Wait() // an exit code other than 0 is what some of them are to have
	assert.Equal(t, code, cmd.ProcessState.ExitCode(), cmd.String())
}

// withVariable lists the processes of this machine whose environment has a variable.
func withVariable(t *testing.T, variable string) (found []string) {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/environ")
	require.NoError(t, err)
	for _, name := range all {
		b, err := os.ReadFile(name)
		if err == nil && strings.Contains("\x00"+string(b), "\x00"+variable+"\x00") {
			found = append(found, filepath.Base(filepath.Dir(name)))
		}
	}
	return found
}

// appScreen says what terminal it is on, and says it again whenever that changes, until it is interrupted.
func appScreen() {
	changed, interrupt := make(chan os.Signal, 16), make(chan os.Signal, 1)
	signal.Notify(changed, unix.SIGWINCH)
	signal.Notify(interrupt, unix.SIGINT)
	for {
		if size, err := unix.IoctlGetWinsize(0, unix.TIOCGWINSZ); err != nil {
			fmt.Println("no terminal")
		} else {
			fmt.Printf("%dx%d %s\n", size.Row, size.Col, os.Getenv("TERM"))
		}
		select {
		case <-changed:
		case <-interrupt:
			fmt.Println("interrupted")
			os.Exit(6)
		}
	}
}
