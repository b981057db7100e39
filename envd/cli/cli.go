// Package cli is the command line of envd: its commands, what they print and their exit codes. It is the composition
// root of everything but the daemon. It lies below envd/, because only code there may import the internal packages.
package cli

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/signal"
	"syscall"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/launch"
	"github.com/envd-dev/envd/envd/internal/runner"
	"github.com/envd-dev/envd/envd/internal/runtime/docker"
)

// Main runs the command line and returns the exit code.
func Main(args []string) int {
	// The helper processes of environments are this binary too. They are recognised before anything else, to stay small.
	switch {
	case docker.IsShim(args):
		return docker.ShimMain(args)
	case docker.IsLeash(args):
		return docker.LeashMain(args)
	}
	launch.Inherited()
	ctx, again, stop := interruptible()
	defer stop()
	root := newRoot(again)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return envd.ExitPass
	}
	var coded *exitError
	if !errors.As(err, &coded) {
		coded = &exitError{codeOf(err), err}
	}
	// An error that only says that ^C came is no failure.
	if errors.Is(context.Cause(ctx), runner.ErrInterrupted) &&
		(errors.Is(err, context.Canceled) || errors.Is(err, runner.ErrInterrupted)) && coded.code != envd.ExitInterrupted {
		return envd.ExitInterrupted
	}
	if coded.error != nil {
		fmt.Fprintln(os.Stderr, "envd:", coded.error)
	}
	return coded.code
}

// codeOf returns the exit code of an error without one of its own: that of bad usage, unless what was asked for has gone or
// cannot be reached, which is not the user's mistake.
func codeOf(err error) int {
	var unreachable *url.Error
	if errors.Is(err, runner.ErrGone) || errors.As(err, &unreachable) && unreachable.Op != "parse" {
		return envd.ExitEnvironment
	}
	return envd.ExitUsage
}

// interruptible returns a context that the first interrupt ends, and a channel that the second one closes. A runner ignores
// the second, since its teardown is under way and bounded; commands that only wait for another process may leave at once.
func interruptible() (ctx context.Context, again <-chan struct{}, stop func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	second := make(chan struct{})
	go func() {
		n := 0
		for range signals {
			cancel(runner.ErrInterrupted)
			if n++; n == 2 {
				close(second)
			}
		}
	}()
	return ctx, second, func() { signal.Stop(signals); close(signals) }
}
