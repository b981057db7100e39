package docker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/envd-dev/envd/envd/internal/footprint"
)

// leash is a detached process that removes an environment when this process ends. However it ends, the kernel then closes
// the lifeline, a pipe between the two.
type leash struct {
	cmd      *exec.Cmd
	lifeline *os.File
}

const leashVerb = "leash"

// released is written to the lifeline once the environment has been removed in an orderly way.
const released = 'r'

// IsLeash reports whether a command line, without the program's name, is that of a leash.
func IsLeash(args []string) bool { return len(args) == 3 && args[0] == leashVerb && args[1] == "--env" }

// startLeash starts the leash of an environment, before anything else of the environment exists.
func startLeash(exe, id string) (*leash, error) {
	theirs, ours, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(exe, leashVerb, "--env", id)
	cmd.Stdin = theirs
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // so that ^C on the runner's terminal does not reach it
	err = cmd.Start()
	if err = errors.Join(err, theirs.Close()); err != nil {
		return nil, errors.Join(err, ours.Close())
	}
	return &leash{cmd, ours}, nil
}

// release ends a leash whose environment is gone.
func (l *leash) release() error {
	if l == nil {
		return nil
	}
	_, err := l.lifeline.Write([]byte{released})
	return errors.Join(err, l.lifeline.Close(), l.cmd.Wait())
}

// cut makes the leash do its work now, without waiting for it.
func (l *leash) cut() error {
	err := l.lifeline.Close()
	go func() { _ = l.cmd.Wait() }() // only to reap it; Observe shows whether it has succeeded
	return err
}

const (
	leashTimeout = 2 * time.Minute
	settle       = 500 * time.Millisecond
)

// LeashMain is the body of the hidden command `envd leash --env ID`: it waits for its standard input to end and then
// removes the environment. args are those for which IsLeash is true; it returns the exit code.
func LeashMain(args []string) int {
	shrink := time.AfterFunc(settle, func() { _ = footprint.Shrink() }) // a courtesy; it works without
	var word [1]byte
	n, err := io.ReadFull(os.Stdin, word[:])
	shrink.Stop()
	if n == 1 && err == nil && word[0] == released {
		return 0
	}
	ctx, cancel := context.WithTimeout(context.Background(), leashTimeout)
	defer cancel()
	if err := sweep(ctx, args[2], func(o objects) objects { return o }, QueueUp); err != nil {
		fmt.Fprintln(os.Stderr, "envd leash:", err)
		return 1
	}
	return 0
}
