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
	if !isOf(pid, container) {
		p.fd.Close()
		return nil
	}
	return p
}

// isOf tells whether a process is a container's: by its control groups or, where the engine has none, by the files that the
// engine keeps for a container and mounts in it (/etc/hosts).
func isOf(pid int, container string) bool {
	for _, name := range []string{"cgroup", "mountinfo"} {
		b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/" + name)
		if err == nil && strings.Contains(string(b), container) {
			return true
		}
	}
	return false
}

// wait blocks until the process has ended.
func (p *process) wait(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { _ = p.fd.SetReadDeadline(time.Unix(1, 0)) }) // fails only if the read below does
	defer stop()
	raw, err := p.fd.SyscallConn()
	if err != nil {
		return err
	}
	for {
		// What broke off an earlier wait would break off this one, too. Should ctx have ended before, it is seen here.
		if err := errors.Join(p.fd.SetReadDeadline(time.Time{}), ctx.Err()); err != nil {
			return err
		}
		err = raw.Read(func(fd uintptr) bool {
			ready := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
			n, err := unix.Poll(ready, 0)
			return err == nil && n > 0
		})
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return err
		}
	}
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
// namespace what it neither handles nor waits for (pid_namespaces(7)). A shell that is just starting another program of its
// loop cannot be told at that moment, and is looked at again.
func (p *process) deaf(signal string) bool {
	number := unix.SignalNum("SIG" + signal)
	if number == 0 || number == unix.SIGKILL {
		return false
	}
	for pause := time.Millisecond; ; pause *= 2 {
		ear := p.ear(number)
		if ear != uncertain || pause > longestLook {
			return ear == closed
		}
		time.Sleep(pause)
	}
}

// longestLook is the last pause between two looks at a process that may be deaf, which add up to twice that.
const longestLook = 32 * time.Millisecond

// ear is what is known of whether a process would notice a signal.
type ear int

const (
	uncertain ear = iota
	open
	closed
)

// ear looks at all threads of the process.
func (p *process) ear(signal unix.Signal) ear {
	threads, err := filepath.Glob("/proc/" + strconv.Itoa(p.pid) + "/task/*")
	if err != nil || len(threads) == 0 {
		return open
	}
	all := closed
	for _, thread := range threads {
		status, err := os.ReadFile(filepath.Join(thread, "status"))
		if err != nil {
			return open
		}
		place, err := os.ReadFile(filepath.Join(thread, "wchan"))
		if err != nil {
			return open
		}
		switch earOf(string(status), string(place), signal) {
		case open:
			return open
		case uncertain:
			all = uncertain
		}
	}
	return all
}

// earOf tells of one thread by its proc_pid_status(5) and the place in the kernel where it waits. While it waits in
// sigwaitinfo(2), the signals it waits for are shown neither as caught nor as blocked. Blocked are those that it will wait
// for, or handle later. Where a running thread is cannot be seen.
func earOf(status, place string, signal unix.Signal) ear {
	if has(status, "SigCgt", signal) || strings.Contains(place, "sigtimedwait") {
		return open
	}
	if has(status, "SigBlk", signal) || len(place) <= 1 {
		return uncertain
	}
	return closed
}

// has reports whether a signal is in a mask of proc_pid_status(5), or that cannot be read.
func has(status, mask string, signal unix.Signal) bool {
	_, text, _ := strings.Cut(status, mask+":")
	text, _, _ = strings.Cut(text, "\n")
	bits, err := strconv.ParseUint(strings.TrimSpace(text), 16, 64)
	return err != nil || bits&(1<<(uint(signal)-1)) != 0
}

func (p *process) close() {
	if p != nil {
		p.fd.Close()
	}
}
