//go:build linux

package pid1

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/runtime/process/internal/control"
)

// children is every process that PID 1 started, by name.
type children struct {
	spawner *spawner
	mu      sync.Mutex
	byName  map[string]*child
	byPID   map[int]*child
	reaped  chan struct{} // closed and replaced whenever a process was reaped
	closed  bool          // the runner is gone: nothing is started any more
}

// child is one started process and all that descends from it.
type child struct {
	name    string
	pid     int
	tag     uint64
	started time.Time
	ended   chan struct{} // closed when the process itself has ended; exit is set then
	exit    envd.Exit
	cpu     time.Duration // of the reaped processes of its tree; guarded by children.mu
}

func newChildren(plain bool) (*children, error) {
	sp, err := newSpawner(plain)
	if err != nil {
		return nil, err
	}
	c := &children{
		spawner: sp,
		byName:  map[string]*child{},
		byPID:   map[int]*child{},
		reaped:  make(chan struct{}),
	}
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, unix.SIGCHLD)
	go func() {
		for range ended { // one signal may announce several ends
			for c.reapOne() {
			}
		}
	}()
	return c, nil
}

// clear kills what an earlier process of that name left running, so that its successor does not find its ports taken.
func (c *children) clear(ctx context.Context, name string) error {
	old, err := c.get(name)
	if err != nil || !old.over() {
		return nil // there is none, or it is running, which start refuses
	}
	return c.killTree(ctx, old)
}

// start forks under the lock, so that no end can be reaped before the process is on record.
func (c *children) start(name string, hosts []byte, argv0 string, argv []string, attr *syscall.ProcAttr) (*child, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, errors.New("the runner is gone")
	}
	if old := c.byName[name]; old != nil && !old.over() {
		return nil, fmt.Errorf("%s runs already", name)
	}
	kid := &child{name: name, ended: make(chan struct{}), started: time.Now(), tag: c.freeTag()}
	pid, err := c.spawner.forkExec(kid.tag, hosts, argv0, argv, attr)
	if err != nil {
		return nil, err
	}
	kid.pid = pid
	c.byName[name], c.byPID[pid] = kid, kid
	return kid, nil
}

// freeTag returns the smallest number that no process on record carries.
func (c *children) freeTag() uint64 {
	used := map[uint64]bool{}
	for _, kid := range c.byName {
		used[kid.tag] = true
	}
	tag := uint64(1)
	for used[tag] {
		tag++
	}
	return tag
}

func (c *children) get(name string) (*child, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if kid := c.byName[name]; kid != nil {
		return kid, nil
	}
	return nil, fmt.Errorf("%w: %s", envd.ErrNoService, name)
}

func (k *child) over() bool {
	select {
	case <-k.ended:
		return true
	default:
		return false
	}
}

// siginfo is the kernel's siginfo_t as waitid(2) fills it in; the union behind code is aligned like a pointer.
type siginfo struct {
	signo, errno, code int32
	child              struct {
		_   [0]uintptr
		pid int32
		_   [108]byte
	}
}

// reapOne reaps one ended process, an orphan or a child, and reports whether there was any.
func (c *children) reapOne() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	// Look first, then reap: the tag that says whose process it was disappears with the process.
	var info siginfo
	_, _, errno := syscall.Syscall6(unix.SYS_WAITID, unix.P_ALL, 0, uintptr(unsafe.Pointer(&info)),
		unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, 0, 0)
	if errno == unix.EINTR {
		return true
	}
	pid := int(info.child.pid)
	if errno != 0 || pid == 0 {
		return false
	}
	tag := c.spawner.tagOf(pid)
	var status unix.WaitStatus
	var usage unix.Rusage
	if _, err := unix.Wait4(pid, &status, unix.WNOHANG, &usage); err != nil {
		return errors.Is(err, unix.EINTR)
	}
	for _, kid := range c.byName {
		if kid.tag == tag {
			kid.cpu += time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
		}
	}
	if kid := c.byPID[pid]; kid != nil {
		delete(c.byPID, pid)
		kid.exit = exitOf(status)
		close(kid.ended)
	}
	close(c.reaped)
	c.reaped = make(chan struct{})
	return true
}

func exitOf(status unix.WaitStatus) envd.Exit {
	if status.Signaled() {
		return envd.Exit{Code: 128 + int(status.Signal()), Signal: status.Signal().String()}
	}
	return envd.Exit{Code: status.ExitStatus()}
}

// wait blocks until the process has ended, and returns also what its tree used. With Forget, nothing that it left
// running outlives the call.
func (c *children) wait(ctx context.Context, req *control.Wait) (*envd.Exit, time.Duration, error) {
	kid, err := c.get(req.Name)
	if err != nil {
		return nil, 0, err
	}
	select {
	case <-kid.ended:
	case <-ctx.Done():
		return nil, 0, ctx.Err()
	}
	if req.Forget {
		if err := c.killTree(ctx, kid); err != nil {
			return nil, 0, err
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if req.Forget {
		delete(c.byName, req.Name)
	}
	exit := kid.exit
	return &exit, kid.cpu, nil
}
