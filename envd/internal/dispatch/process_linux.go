package dispatch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// waitExit waits until a process has ended, child or not, by its pidfd (pidfd_open(2)).
func waitExit(ctx context.Context, pid int) error {
	fd, err := unix.PidfdOpen(pid, unix.PIDFD_NONBLOCK)
	if errors.Is(err, unix.ESRCH) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("pidfd_open: %w", err)
	}
	f := os.NewFile(uintptr(fd), "pidfd")
	defer f.Close() // only waited on
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() {
		_ = f.SetReadDeadline(time.Unix(1, 0)) // a pidfd can always be waited on
	})
	defer stop()
	err = raw.Read(func(fd uintptr) bool {
		p := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		n, perr := unix.Poll(p, 0)
		return n > 0 || perr != nil && !errors.Is(perr, unix.EINTR)
	})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// interrupt asks a runner to end that does not listen yet.
func interrupt(pid int) error {
	if err := unix.Kill(pid, unix.SIGINT); err != nil && !errors.Is(err, unix.ESRCH) {
		return err
	}
	return nil
}

// listenerOf returns who listens on a control address.
func listenerOf(control string, _ int) (pid int, ok bool) {
	network, address, _ := strings.Cut(control, ":")
	conn, err := net.DialTimeout(network, address, time.Second)
	if err != nil {
		return 0, false
	}
	defer conn.Close() // nothing was said
	sock, isUnix := conn.(*net.UnixConn)
	if !isUnix {
		return 0, false
	}
	raw, err := sock.SyscallConn()
	if err != nil {
		return 0, false
	}
	var cred *unix.Ucred
	cerr := raw.Control(func(fd uintptr) { cred, err = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) })
	if cerr != nil || err != nil || int(cred.Uid) != os.Getuid() {
		return 0, false
	}
	return int(cred.Pid), true
}

// processNaming returns the process of this user that has the ID among its arguments, preferring the one that is
// known.
func processNaming(id string, known int) (pid int, ok bool) {
	if known != 0 && names(known, id) {
		return known, true
	}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return 0, false
	}
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil && names(pid, id) {
			return pid, true
		}
	}
	return 0, false
}

// names reports whether a process that has not ended was given the ID as --id.
func names(pid int, id string) bool {
	b, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cmdline")) // empty for one that has ended
	return err == nil && bytes.Contains(b, []byte("\x00--id\x00"+id+"\x00"))
}
