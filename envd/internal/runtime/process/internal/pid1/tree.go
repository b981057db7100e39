//go:build linux

package pid1

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sort"
	"time"

	"golang.org/x/sys/unix"

	"github.com/envd-dev/envd/envd/internal/runtime/internal/procfs"
	"github.com/envd-dev/envd/envd/internal/runtime/process/internal/control"
)

// scanInterval is how often to look at a tree again if no event comes first. There may be none: a process whose parent is
// alive is reaped by that parent, without PID 1 noticing.
const scanInterval = 5 * time.Millisecond

// tree returns the running processes that the child started, itself included, wherever they have been reparented to.
func (c *children) tree(kid *child) ([]procfs.Stat, error) {
	all, err := procfs.All()
	if err != nil {
		return nil, err
	}
	var members []procfs.Stat
	for _, s := range procfs.Descendants(all, os.Getpid()) {
		if !s.Zombie() && c.spawner.tagOf(s.PID) == kid.tag {
			members = append(members, s)
		}
	}
	return members, nil
}

// signal reaches the process group, or kills the whole tree.
func (c *children) signal(ctx context.Context, req *control.Signal) error {
	kid, err := c.get(req.Name)
	if err != nil {
		return err
	}
	if req.All {
		return c.killTree(ctx, kid)
	}
	return c.signalGroup(kid, unix.Signal(req.Number))
}

// signalGroup does nothing once the process has ended, because its PID may belong to another one by then.
func (c *children) signalGroup(kid *child, sig unix.Signal) error {
	c.mu.Lock() // nothing is reaped meanwhile
	defer c.mu.Unlock()
	if kid.over() {
		return nil
	}
	if err := unix.Kill(-kid.pid, sig); err != nil && !errors.Is(err, unix.ESRCH) {
		return fmt.Errorf("signal %s: %w", kid.name, err)
	}
	return nil
}

// stop asks the process group by a signal to end, then whatever is left of the tree (a daemon in a session of its
// own), and kills what has not ended after the grace. Stopping what has ended already is no error.
func (c *children) stop(ctx context.Context, req *control.Stop) error {
	kid, err := c.get(req.Name)
	if err != nil {
		return err
	}
	patience, cancel := context.WithTimeout(ctx, req.Grace)
	defer cancel()
	if err := c.signalGroup(kid, unix.Signal(req.Number)); err != nil {
		return err
	}
	select {
	case <-kid.ended:
		if err := c.signalTree(kid, unix.Signal(req.Number)); err == nil {
			c.awaitTree(patience, kid)
		}
	case <-patience.Done():
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return c.killTree(ctx, kid)
}

// emptyLooks is how many looks in a row must find nothing. One is not enough: a process that is forked after the list of PIDs was
// made is not on it, and its parent may have ended before its own turn comes.
const emptyLooks = 2

// killTree kills until nothing of the tree is left: a process may fork while the list is being made.
func (c *children) killTree(ctx context.Context, kid *child) error {
	for empty := 0; empty < emptyLooks; {
		reaped := c.nextReaped()
		members, err := c.tree(kid)
		if err != nil {
			return err
		}
		if len(members) == 0 {
			empty++
			continue
		}
		empty = 0
		for _, s := range members {
			if err := unix.Kill(s.PID, unix.SIGKILL); err != nil && !errors.Is(err, unix.ESRCH) {
				return fmt.Errorf("kill %s, process %d: %w", kid.name, s.PID, err)
			}
		}
		if !wake(ctx, reaped) {
			return ctx.Err()
		}
	}
	select { // the process itself may be a zombie that is about to be reaped
	case <-kid.ended:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *children) signalTree(kid *child, sig unix.Signal) error {
	members, err := c.tree(kid)
	for _, s := range members {
		if e := unix.Kill(s.PID, sig); e != nil && !errors.Is(e, unix.ESRCH) {
			err = errors.Join(err, e)
		}
	}
	return err
}

// freeze stops a process and everything that descends from it, again and again until all have stopped, because they may
// fork in between. With thaw it lets them go on.
func (c *children) freeze(ctx context.Context, req *control.Freeze) error {
	kid, err := c.get(req.Name)
	if err != nil {
		return err
	}
	signal := unix.SIGSTOP
	if req.Thaw {
		signal = unix.SIGCONT
	}
	again := time.NewTicker(scanInterval) // only the parent of a process is told that it has stopped
	defer again.Stop()
	for {
		members, err := c.tree(kid)
		if err != nil {
			return err
		}
		left := 0
		for _, s := range members {
			if s.Stopped() == !req.Thaw {
				continue
			}
			left++
			if err := unix.Kill(s.PID, signal); err != nil && !errors.Is(err, unix.ESRCH) {
				return fmt.Errorf("%s %s, process %d: %w", signal, kid.name, s.PID, err)
			}
		}
		if left == 0 {
			return nil
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// awaitTree returns when nothing of the tree runs any more, or ctx is done.
func (c *children) awaitTree(ctx context.Context, kid *child) {
	for {
		reaped := c.nextReaped()
		members, err := c.tree(kid)
		if err != nil || len(members) == 0 || !wake(ctx, reaped) {
			return
		}
	}
}

// killAll kills every process that descends from this one, and lets none be started any more: a request may be under way.
func (c *children) killAll() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	for empty := 0; empty < emptyLooks; {
		reaped := c.nextReaped()
		all, err := procfs.All()
		if err != nil {
			return
		}
		running := 0
		for _, s := range procfs.Descendants(all, os.Getpid()) {
			if !s.Zombie() {
				running++
				_ = unix.Kill(s.PID, unix.SIGKILL) // if it fails, the process is gone, or seen again in the next round
			}
		}
		if running == 0 {
			empty++
			continue
		}
		if empty = 0; !wake(ctx, reaped) {
			return
		}
	}
}

func (c *children) nextReaped() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.reaped
}

// wake waits until it is worth looking again, and reports whether there is time left.
func wake(ctx context.Context, reaped <-chan struct{}) bool {
	again := time.NewTimer(scanInterval)
	defer again.Stop()
	select {
	case <-reaped:
	case <-again.C:
	case <-ctx.Done():
		return false
	}
	return true
}

// processes reports every child with what its tree consumes.
func (c *children) processes() ([]control.Process, error) {
	all, err := procfs.All()
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	byTag := map[uint64]*control.Process{}
	for _, kid := range c.byName {
		p := &control.Process{Name: kid.name, Started: kid.started, CPU: kid.cpu}
		if kid.over() {
			exit := kid.exit
			p.Exit = &exit
		}
		byTag[kid.tag] = p
	}
	awake := map[*control.Process]bool{}
	for _, s := range procfs.Descendants(all, os.Getpid()) {
		if p := byTag[c.spawner.tagOf(s.PID)]; p != nil && !s.Zombie() {
			p.CPU += s.CPU
			p.RSS += s.RSS
			awake[p] = awake[p] || !s.Stopped()
		}
	}
	for p := range awake {
		p.Frozen = !awake[p]
	}
	out := make([]control.Process, 0, len(byTag))
	for _, p := range byTag {
		out = append(out, *p)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out, nil
}
