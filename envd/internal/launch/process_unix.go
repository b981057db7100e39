//go:build unix

package launch

import (
	"context"
	"errors"
	"slices"
	"syscall"
	"time"

	"github.com/envd-dev/envd/envd/internal/evidence"
)

func ownSession() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }

func closeOnExec(fd int) { syscall.CloseOnExec(fd) }

// processExists tells whether there is a process of that ID; one of another user counts.
func processExists(pid int) bool {
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}

// WaitGone waits until a runner's process has ended. It is no child of ours, so there is nothing to wait on but its
// existence.
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

func sortNewest(runs []evidence.Meta) {
	slices.SortFunc(runs, func(a, b evidence.Meta) int { return b.Started.Compare(a.Started) })
}
