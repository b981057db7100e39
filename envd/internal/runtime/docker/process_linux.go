package docker

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// process is a container's first process, watched through a pidfd: the engine reports the end of a container only after it
// has cleaned up.
type process struct {
	pid    int
	fd     *os.File    // pidfd_open(2)
	frozen atomic.Bool // paused by the engine
}

// watch returns the first process of a container, or nil if it cannot be watched: it has ended, or the engine runs in
// another PID namespace.
func watch(pid int, container string) *process {
	if pid <= 0 {
		return nil
	}
	fd, err := unix.PidfdOpen(pid, unix.PIDFD_NONBLOCK)
	if err != nil {
		return nil
	}
	p := &process{pid: pid, fd: os.NewFile(uintptr(fd), "pidfd")}
	groups, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cgroup")
	if err != nil || !strings.Contains(string(groups), container) {
		p.fd.Close()
		return nil
	}
	return p
}

// wait blocks until the process has ended.
func (p *process) wait(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { _ = p.fd.SetReadDeadline(time.Unix(1, 0)) }) // fails only if the read below does
	defer stop()
	raw, err := p.fd.SyscallConn()
	if err != nil {
		return err
	}
	err = raw.Read(func(fd uintptr) bool {
		ready := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		n, err := unix.Poll(ready, 0)
		return err == nil && n > 0
	})
	if errors.Is(err, os.ErrDeadlineExceeded) && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// freeze records whether the engine has paused the process.
func (p *process) freeze(frozen bool) {
	if p != nil {
		p.frozen.Store(frozen)
	}
}

// signal sends a signal directly, because the engine would run a program for it, and reports whether that was possible. It
// is not if the process is paused: the engine must thaw it first.
func (p *process) signal(name string) (sent bool) {
	number := unix.SignalNum("SIG" + name)
	if p == nil || number == 0 || p.frozen.Load() {
		return false
	}
	raw, err := p.fd.SyscallConn()
	if err != nil {
		return false
	}
	err = raw.Control(func(fd uintptr) { sent = unix.PidfdSendSignal(int(fd), number, nil, 0) == nil })
	return err == nil && sent
}

// deaf reports whether the process certainly ignores a signal: the kernel does not deliver to the first process of a PID
// namespace what it neither handles nor waits for (pid_namespaces(7)).
func (p *process) deaf(signal string) bool {
	number := unix.SignalNum("SIG" + signal)
	if number == 0 || number == unix.SIGKILL {
		return false
	}
	threads, err := filepath.Glob("/proc/" + strconv.Itoa(p.pid) + "/task/*")
	if err != nil || len(threads) == 0 {
		return false
	}
	for _, thread := range threads {
		status, err := os.ReadFile(filepath.Join(thread, "status"))
		if err != nil || listens(string(status), number) {
			return false
		}
		// While a thread waits in sigwaitinfo(2), the signals it waits for are shown neither as caught nor as blocked. Where
		// a running thread is cannot be seen.
		place, err := os.ReadFile(filepath.Join(thread, "wchan"))
		if err != nil || len(place) <= 1 || strings.Contains(string(place), "sigtimedwait") {
			return false
		}
	}
	return true
}

// listens reports whether, by proc_pid_status(5), a process catches a signal, or blocks it as those do that wait for it.
func listens(status string, signal unix.Signal) bool {
	for line := range strings.Lines(status) {
		name, mask, _ := strings.Cut(line, ":")
		if name != "SigCgt" && name != "SigBlk" {
			continue
		}
		bits, err := strconv.ParseUint(strings.TrimSpace(mask), 16, 64)
		if err != nil || bits&(1<<(uint(signal)-1)) != 0 {
			return true
		}
	}
	return false
}

func (p *process) close() {
	if p != nil {
		p.fd.Close()
	}
}
