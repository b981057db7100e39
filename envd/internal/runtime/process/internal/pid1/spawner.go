//go:build linux

package pid1

import (
	"errors"
	"fmt"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// spawner forks every process from one thread, which has given up the privileges that are PID 1's alone.
//
// What a process starts is recognised by its tag: the distance of its soft RLIMIT_MSGQUEUE from the hard one. It is
// inherited by everything that a process forks and executes, through setsid, double forks and emptied environments. It
// costs nothing and needs no privilege, and the limit (bytes in POSIX message queues) stays practically the same.
type spawner struct {
	hard uint64
	work chan func()
}

// The capabilities that a service running as root in its namespace keeps: those of a container by default.
const rootCapabilities = 1<<unix.CAP_CHOWN | 1<<unix.CAP_DAC_OVERRIDE | 1<<unix.CAP_FSETID | 1<<unix.CAP_FOWNER |
	1<<unix.CAP_MKNOD | 1<<unix.CAP_NET_RAW | 1<<unix.CAP_SETGID | 1<<unix.CAP_SETUID | 1<<unix.CAP_SETFCAP |
	1<<unix.CAP_SETPCAP | 1<<unix.CAP_NET_BIND_SERVICE | 1<<unix.CAP_SYS_CHROOT | 1<<unix.CAP_KILL | 1<<unix.CAP_AUDIT_WRITE

func newSpawner(plain bool) (*spawner, error) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_MSGQUEUE, &limit); err != nil {
		return nil, fmt.Errorf("resource limit: %w", err)
	}
	s := &spawner{hard: limit.Max, work: make(chan func())}
	failed := make(chan error)
	go func() {
		runtime.LockOSThread() // for ever: the thread's privileges differ from the others'
		var err error
		if !plain {
			err = dropPrivileges()
		}
		failed <- err
		for do := range s.work {
			do()
		}
	}()
	return s, <-failed
}

// dropPrivileges takes from this thread what processes forked from it must not inherit. Its own permitted
// capabilities stay: exec(2) recomputes them from the sets that are emptied here (capabilities(7)).
func dropPrivileges() error {
	if err := unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); err != nil {
		return fmt.Errorf("clear ambient capabilities: %w", err)
	}
	for c := uintptr(0); c <= unix.CAP_LAST_CAP; c++ {
		if uint64(rootCapabilities)&(1<<c) != 0 {
			continue
		}
		if err := unix.Prctl(unix.PR_CAPBSET_DROP, c, 0, 0, 0); err != nil && !errors.Is(err, unix.EINVAL) { // unknown to the kernel
			return fmt.Errorf("drop capability %d: %w", c, err)
		}
	}
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		return fmt.Errorf("read capabilities: %w", err)
	}
	data[0].Inheritable, data[1].Inheritable = 0, 0
	if err := unix.Capset(&header, &data[0]); err != nil {
		return fmt.Errorf("set capabilities: %w", err)
	}
	return nil
}

// forkExec starts a tagged process. Where hosts is given, it is what /etc/hosts holds for the process alone.
func (s *spawner) forkExec(tag uint64, hosts []byte, argv0 string, argv []string, attr *syscall.ProcAttr) (pid int, err error) {
	soft, err := s.soft(tag)
	if err != nil {
		return 0, err
	}
	done := make(chan struct{})
	s.work <- func() {
		defer close(done)
		// The limit is the whole process's, but only this thread forks.
		if err = unix.Setrlimit(unix.RLIMIT_MSGQUEUE, &unix.Rlimit{Cur: soft, Max: s.hard}); err == nil {
			err = seeing(hosts, func() (err error) {
				pid, err = syscall.ForkExec(argv0, argv, attr)
				return err
			})
		}
	}
	<-done
	return pid, err
}

// unlimited stands in for a hard limit without bound, so that tags stay distinct from "no limit".
const unlimited = 1 << 30

func (s *spawner) soft(tag uint64) (uint64, error) {
	hard := min(s.hard, unlimited)
	if tag >= hard {
		return 0, fmt.Errorf("%d processes at once: the hard limit on message queues, %d bytes, allows no more", tag, hard)
	}
	return hard - tag, nil
}

// tagOf returns the tag of a process, running or zombie; 0 where it has none.
func (s *spawner) tagOf(pid int) uint64 {
	var limit unix.Rlimit
	// prlimit(2) as a raw call: the package's wrapper would be as good, but allocates on this hot path.
	_, _, errno := syscall.Syscall6(unix.SYS_PRLIMIT64, uintptr(pid), unix.RLIMIT_MSGQUEUE, 0, uintptr(unsafe.Pointer(&limit)), 0, 0)
	hard := min(s.hard, unlimited)
	if errno != 0 || limit.Cur >= hard {
		return 0
	}
	return hard - limit.Cur
}
