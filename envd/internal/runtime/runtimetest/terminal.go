package runtimetest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/envd-dev/envd/envd"
)

// signalled waits for a signal, having said that it does.
func (w World) signalled(ctx context.Context, number unix.Signal) error {
	got := make(chan os.Signal, 1)
	signal.Notify(got, number)
	defer signal.Stop(got)
	if err := say(w.Stdout, "waiting"); err != nil {
		return err
	}
	select {
	case s := <-got:
		return say(w.Stdout, "got "+s.String())
	case <-ctx.Done():
		return ctx.Err()
	}
}

// size says how large the terminal is that the process controls.
func (w World) size() error {
	controlling, err := os.Open("/dev/tty")
	if err != nil {
		return err
	}
	defer controlling.Close()
	size, err := unix.IoctlGetWinsize(int(controlling.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return err
	}
	return say(w.Stdout, fmt.Sprintf("%dx%d", size.Row, size.Col))
}

// running is a command that a test talks to.
type running struct {
	b       *bench
	typed   *io.PipeWriter
	control chan envd.ExecControl
	ended   chan error
	code    int

	mu     sync.Mutex
	shown  bytes.Buffer
	change chan struct{} // closed and replaced with everything that is shown
}

func (r *running) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	close(r.change)
	r.change = make(chan struct{})
	return r.shown.Write(p)
}

// run runs steps in the surroundings of a service, or "" for the environment's own.
func (b *bench) run(service string, terminal *envd.TerminalSize, steps ...string) *running {
	stdin, typed := io.Pipe()
	r := &running{b: b, typed: typed, control: make(chan envd.ExecControl), ended: make(chan error, 1), change: make(chan struct{})}
	b.t.Cleanup(func() { _ = stdin.Close() })
	go func() {
		code, err := b.rt.Exec(b.ctx, b.id, envd.Exec{
			Service: service, Command: append([]string{b.h.Exe, Verb}, steps...), WorkDir: "/",
			Stdin: stdin, Stdout: r, Terminal: terminal, Control: r.control,
		})
		r.code = code
		r.ended <- err
	}()
	return r
}

// shows waits until the command has shown a text.
func (r *running) shows(text string) {
	r.b.t.Helper()
	late := time.After(patience)
	for {
		r.mu.Lock()
		shown, change := r.shown.String(), r.change
		r.mu.Unlock()
		if strings.Contains(shown, text) {
			return
		}
		select {
		case <-change:
		case err := <-r.ended:
			require.Failf(r.b.t, "the command has ended", "before %q: %v, code %d:\n%s", text, err, r.code, shown)
		case <-late:
			require.Failf(r.b.t, "not shown", "%q:\n%s", text, shown)
		}
	}
}

func (r *running) send(c envd.ExecControl) {
	r.b.t.Helper()
	select {
	case r.control <- c:
	case <-time.After(patience):
		require.Fail(r.b.t, "nobody takes what is to come to the command")
	}
}

// ends waits for the command's end and compares its exit code.
func (r *running) ends(code int) {
	r.b.t.Helper()
	select {
	case err := <-r.ended:
		require.NoError(r.b.t, err)
		assert.Equal(r.b.t, code, r.code)
	case <-time.After(patience):
		require.Fail(r.b.t, "the command does not end")
	}
}

// everywhere runs a test in the environment's own surroundings, and in those of a service that runs.
func (b *bench) everywhere(test func(service string)) {
	b.need(b.caps.Terminals, "terminals")
	b.create(nil)
	b.start(b.workload("keeper", "hold"))
	test("")
	test("keeper")
}

func testExecSignal(_ *testing.T, b *bench) {
	b.everywhere(func(service string) {
		r := b.run(service, nil, "signal:INT", "signal:USR1", "exit:7")
		r.shows("waiting")
		r.send(envd.ExecControl{Signal: "INT"})
		r.shows("got interrupt\nwaiting")
		r.send(envd.ExecControl{Signal: "NONSENSE"})
		r.send(envd.ExecControl{Signal: "USR1"})
		r.ends(7)

		r = b.run(service, nil, "print:begun", "signal:USR1")
		r.shows("waiting")
		r.send(envd.ExecControl{Signal: "KILL"})
		r.ends(128 + 9)
	})
}

func testExecTerminal(t *testing.T, b *bench) {
	b.everywhere(func(service string) {
		r := b.run(service, &envd.TerminalSize{Rows: 31, Columns: 117}, "size", "signal:WINCH", "size", "error:on the same screen", "exit:3")
		r.shows("31x117")
		r.shows("waiting")
		r.send(envd.ExecControl{Size: &envd.TerminalSize{Rows: 20, Columns: 70}})
		r.shows("20x70")
		r.ends(3)
		assert.Contains(t, r.shown.String(), "on the same screen\r\n", "lines end as on terminals")

		r = b.run(service, &envd.TerminalSize{Rows: 24, Columns: 80}, "signal:INT", "exit:4")
		r.shows("waiting")
		_, err := io.WriteString(r.typed, "\x03")
		require.NoError(t, err)
		r.shows("got interrupt")
		r.ends(4)
	})
}
