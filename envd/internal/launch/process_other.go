//go:build unix && !linux

package launch

import (
	"context"
	"errors"
	"os"
	"syscall"
	"time"

	"github.com/envd-dev/envd/envd/internal/evidence"
)

// waitStep is how often WaitGone looks: there is nothing portable to wait on for a process that is no child.
const waitStep = 20 * time.Millisecond

// processExists reports whether there is a process of that ID; one of another user counts.
func processExists(pid int, _ time.Time) bool {
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}

// redirect makes the descriptor fd another one of f.
func redirect(f *os.File, fd int) error { return syscall.Dup2(int(f.Fd()), fd) }

// WaitGone waits until a runner's process has ended.
func WaitGone(ctx context.Context, m evidence.Meta) error {
	for Alive(m) {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(waitStep):
		}
	}
	return nil
}
