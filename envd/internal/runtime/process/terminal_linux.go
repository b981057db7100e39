package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/runtime/process/internal/control"
)

// openTerminal opens a new terminal (pts(4)) as all three streams of a command.
func openTerminal(cmd envd.Exec) (*streams, error) {
	screen, line, err := newTerminal(*cmd.Terminal)
	if err != nil {
		return nil, fmt.Errorf("make a terminal: %w", err)
	}
	s := &streams{theirs: []*os.File{line, line, line}, close: []*os.File{line}, screen: screen}
	out := cmd.Stdout
	if out == nil {
		out = io.Discard
	}
	s.copying.Go(func() {
		_, err := io.Copy(out, screen)
		if errors.Is(err, syscall.EIO) { // nobody holds the line any more
			err = nil
		} else if err != nil { // the writer failed: the command must not block on a full screen
			_, _ = io.Copy(io.Discard, screen)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.err = errors.Join(s.err, err, screen.Close())
	})
	if cmd.Stdin != nil {
		go func() { _, _ = io.Copy(screen, cmd.Stdin) }() // not waited for, as with pipes
	}
	return s, nil
}

// newTerminal returns both ends of a terminal of that size. screen is non-blocking, so that Go's poller can wait for it.
func newTerminal(size envd.TerminalSize) (screen, line *os.File, err error) {
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, err
	}
	screen = os.NewFile(uintptr(fd), "/dev/ptmx")
	err = errors.Join(unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0), resize(screen, size))
	number, numberErr := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err = errors.Join(err, numberErr); err != nil {
		return nil, nil, errors.Join(err, screen.Close())
	}
	line, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		return nil, nil, errors.Join(err, screen.Close())
	}
	return screen, line, nil
}

// resize changes the size of a terminal; the kernel informs the command by SIGWINCH.
func resize(screen *os.File, size envd.TerminalSize) error {
	raw, err := screen.SyscallConn()
	if err != nil {
		return err
	}
	var set error
	err = raw.Control(func(fd uintptr) {
		set = unix.IoctlSetWinsize(int(fd), unix.TIOCSWINSZ, &unix.Winsize{Row: size.Rows, Col: size.Columns})
	})
	return errors.Join(err, set)
}

// steer passes signals and resizes on to a command until ctx ends. It is no error if the command has just ended.
func (e *environment) steer(ctx context.Context, name string, s *streams, controls <-chan envd.ExecControl) {
	for {
		select {
		case c := <-controls:
			if c.Size != nil && s.screen != nil {
				_ = resize(s.screen, *c.Size)
			}
			if number, err := signalNumber(c.Signal); err == nil && c.Signal != "" {
				_, _, _ = e.client.Call(ctx, control.Request{Signal: &control.Signal{Name: name, Number: int(number)}})
			}
		case <-ctx.Done():
			return
		}
	}
}
