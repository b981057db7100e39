//go:build !linux

package dispatch

import (
	"context"
	"errors"
	"net"
	"strings"
	"syscall"
	"time"
)

// exitStep is how often a process is looked for where the system cannot be waited on.
const exitStep = 100 * time.Millisecond

// waitExit waits until a process has ended, child or not.
func waitExit(ctx context.Context, pid int) error {
	for exists(pid) {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(exitStep):
		}
	}
	return nil
}

// exists reports whether a process is there; a child of ours that has ended is reaped.
func exists(pid int) bool {
	var status syscall.WaitStatus
	if reaped, err := syscall.Wait4(pid, &status, syscall.WNOHANG, nil); err == nil && reaped == pid {
		return false
	}
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}

// interrupt asks a runner to end that does not listen yet.
func interrupt(pid int) error {
	if err := syscall.Kill(pid, syscall.SIGINT); err != nil && !errors.Is(err, syscall.ESRCH) {
		return err
	}
	return nil
}

// listenerOf reports whether anybody listens on a control address; its process is the one that run.json names.
func listenerOf(control string, pid int) (int, bool) {
	network, address, _ := strings.Cut(control, ":")
	conn, err := net.DialTimeout(network, address, time.Second)
	if err != nil {
		return 0, false
	}
	conn.Close() // nothing was said
	return pid, pid != 0
}

// processNaming can only look whether the known process is there.
func processNaming(_ string, known int) (pid int, ok bool) {
	return known, known != 0 && exists(known)
}
