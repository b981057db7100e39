package docker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"github.com/envd-dev/envd/envd/internal/footprint"
)

// leash is a detached process that removes an environment once this one has ended: the kernel closes the lifeline then,
// however it came about.
type leash struct {
	cmd      *exec.Cmd
	lifeline *os.File
}

const leashVerb = "leash"

// released is written to a leash whose environment has been removed in an orderly way.
const released = 'r'

// IsLeash reports whether a command line, without the program's name, is that of a leash.
func IsLeash(args []string) bool { return len(args) == 3 && args[0] == leashVerb && args[1] == "--env" }

// startLeash starts the leash of an environment, before anything of that exists.
func startLeash(exe, id string) (*leash, error) {
	theirs, ours, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(exe, leashVerb, "--env", id)
	cmd.Stdin = theirs
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // a signal to the runner's terminal is not for it
	err = cmd.Start()
	if err = errors.Join(err, theirs.Close()); err != nil {
		return nil, errors.Join(err, ours.Close())
	}
	return &leash{cmd, ours}, nil
}

// release lets a leash go whose environment is gone.
func (l *leash) release() error {
	if l == nil {
		return nil
	}
	_, err := l.lifeline.Write([]byte{released})
	return errors.Join(err, l.lifeline.Close(), l.cmd.Wait())
}

// cut has the leash do its work now, however long that takes.
func (l *leash) cut() error {
	err := l.lifeline.Close()
	go func() { _ = l.cmd.Wait() }() // its exit code tells nobody anything that Observe does not
	return err
}

const (
	sweeps       = 4 // in which nothing is found, before a leash believes that nothing more comes
	sweepPause   = 500 * time.Millisecond
	leashTimeout = 2 * time.Minute
	settle       = 500 * time.Millisecond
)

// LeashMain is the body of the hidden command `envd leash --env ID`: it waits for its standard input to end and then
// removes the environment. args are those for which IsLeash is true; it returns the exit code.
func LeashMain(args []string) int {
	shrink := time.AfterFunc(settle, func() { _ = footprint.Shrink() }) // a leash that stays large works all the same
	var word [1]byte
	n, err := io.ReadFull(os.Stdin, word[:])
	shrink.Stop()
	if n == 1 && err == nil && word[0] == released {
		return 0
	}
	ctx, cancel := context.WithTimeout(context.Background(), leashTimeout)
	defer cancel()
	if err := sweep(ctx, args[2], func(o objects) objects { return o }); err != nil {
		fmt.Fprintln(os.Stderr, "envd leash:", err)
		return 1
	}
	return 0
}

// Settle removes what the engine still makes of environments whose runners have just been killed: what they asked for
// last may appear only now. What belongs to a runner that is alive stays. It returns once nothing of them has been found for a while.
func Settle(ctx context.Context, ids []string) error {
	ctx, cancel := context.WithTimeout(ctx, leashTimeout)
	defer cancel()
	errs := make([]error, len(ids))
	var all sync.WaitGroup
	for i, id := range ids {
		all.Go(func() { errs[i] = sweep(ctx, id, ownerless) })
	}
	all.Wait()
	return errors.Join(errs...)
}

// sweep removes what is doomed of an environment until nothing has been found for a while: what the runner asked for last may still be under way in the
// engine.
func sweep(ctx context.Context, id string, doomed func(objects) objects) error {
	cli, err := connect()
	if err != nil {
		return err
	}
	defer cli.Close()
	for clean := 0; clean < sweeps; {
		o, err := list(ctx, cli, of(id))
		o = doomed(o)
		switch {
		case err != nil:
			clean = 0
		case !o.any():
			clean++
		default:
			clean = 0
			if len(removeAll(ctx, cli, o)) == 0 {
				continue
			}
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(sweepPause):
		}
	}
	return nil
}
