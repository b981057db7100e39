package launch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"github.com/envd-dev/envd/envd/internal/evidence"
)

// clockTick is the unit of process start times: USER_HZ, 100 on every architecture that Go knows.
const clockTick = 10 * time.Millisecond

// processExists reports whether a process with that PID is running that was started before the given time. Zombies do not
// count.
func processExists(pid int, before time.Time) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, after, _ := bytes.Cut(b, []byte(") ")) // the name in the parentheses may contain anything (proc(5))
	fields := bytes.Fields(after)
	if len(fields) < 20 || fields[0][0] == 'Z' || fields[0][0] == 'X' {
		return false
	}
	ticks, err := strconv.ParseInt(string(fields[19]), 10, 64)
	if err != nil {
		return false
	}
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &now); err != nil {
		return true // nothing to compare with
	}
	boot := time.Now().Add(-time.Duration(now.Nano()))
	const slack = 2 * time.Second // the wall clock may have been set since
	return boot.Add(time.Duration(ticks) * clockTick).Before(before.Add(slack))
}

// redirect makes the descriptor fd another one of f.
func redirect(f *os.File, fd int) error { return unix.Dup3(int(f.Fd()), fd, 0) }

// WaitGone waits until a runner's process has ended.
func WaitGone(ctx context.Context, m evidence.Meta) error {
	if !Alive(m) {
		return nil
	}
	fd, err := unix.PidfdOpen(m.PID, 0)
	if errors.Is(err, unix.ESRCH) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("wait for process %d: %w", m.PID, err)
	}
	// As a file it is polled by the Go runtime: a pidfd is readable once its process has ended (pidfd_open(2)).
	if err := unix.SetNonblock(fd, true); err != nil {
		unix.Close(fd)
		return err
	}
	process := os.NewFile(uintptr(fd), "pidfd")
	defer process.Close()
	conn, err := process.SyscallConn()
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { process.Close() })
	defer stop()
	err = conn.Read(func(fd uintptr) bool {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 0)
		return err == nil && n > 0
	})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}
