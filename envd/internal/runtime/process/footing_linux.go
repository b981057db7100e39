package process

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/runtime/process/internal/control"
)

// footing is what this machine allows.
type footing struct {
	plain    bool
	features control.Features
	reason   string // why only plain environments are possible
}

// footing finds out what the machine allows by making an environment, once. If the ID of the environment to come is known,
// it is that one, which stays bare until create takes it over; otherwise it is thrown away.
func (r *Runtime) footing(ctx context.Context) (footing, error) {
	r.probing.Lock()
	defer r.probing.Unlock()
	if r.probed != nil {
		return *r.probed, nil
	}
	f := footing{plain: true, reason: "it was asked for"}
	if !r.opts.Plain {
		var err error
		if f, err = r.probe(ctx); err != nil {
			return f, err
		}
	}
	r.probed = &f
	return f, nil
}

func (r *Runtime) probe(ctx context.Context) (footing, error) {
	exe, err := r.exe()
	if err != nil {
		return footing{}, err
	}
	id, visible := "probe-"+rand.Text(), []string(nil)
	if r.opts.ID != "" {
		inits, err := findInits(r.opts.ID)
		if err != nil {
			return footing{}, err
		}
		if len(inits) == 0 { // create refuses an ID that is taken
			id, visible = r.opts.ID, outermost(r.opts.Visible)
		}
	}
	e, err := launch(ctx, exe, id, r.opts, false, visible)
	switch {
	case ctx.Err() != nil && err == nil:
		return footing{}, errors.Join(ctx.Err(), e.end(context.WithoutCancel(ctx)))
	case ctx.Err() != nil:
		return footing{}, ctx.Err()
	case errors.Is(err, os.ErrNotExist) || exhausted(err): // not because of namespaces
		return footing{}, err
	case err != nil:
		return footing{plain: true, reason: err.Error()}, nil
	case id != r.opts.ID:
		return footing{features: e.features}, e.end(ctx)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	e.bare = true
	r.envs[id] = e
	return footing{features: e.features}, nil
}

// exhausted reports whether this user or the machine has run out of something, processes or descriptors for example. That
// is no reason to settle for a weaker environment.
func exhausted(err error) bool {
	return slices.ContainsFunc([]error{unix.EMFILE, unix.ENFILE, unix.EAGAIN, unix.ENOMEM}, func(e error) bool { return errors.Is(err, e) })
}

// Capabilities returns what this machine allows.
func (r *Runtime) Capabilities(ctx context.Context) (envd.Capabilities, error) {
	f, err := r.footing(ctx)
	if err != nil {
		return envd.Capabilities{}, err
	}
	if f.plain {
		return envd.Capabilities{
			Commands: true, SharedPorts: true, Pause: true, Terminals: true,
			Guarantee: "weaker: no namespaces (" + f.reason + "); services run side by side with the host's processes on " +
				"a loopback address of their own, reach the network freely, and what they daemonise may survive SIGKILL of envd",
		}, nil
	}
	c := envd.Capabilities{
		Commands: true, Isolated: true, Hostnames: true, SharedPorts: true, Egress: true, Terminals: true, KillSafe: true,
		StubsApart: f.features.Redirects,
		Links:      f.features.Recorded, Pause: true, // links need veth, as the record does
		Guarantee: "own user, PID, network, mount, IPC and UTS namespaces, tied to the runner by the kernel; outbound " +
			"connections are refused and recorded; the host's files are the host's own, without limits on CPU and memory",
	}
	if !f.features.Recorded {
		c.Guarantee = "own user, PID, network, mount, IPC and UTS namespaces, tied to the runner by the kernel; outbound " +
			"connections are refused but not recorded (no veth or packet sockets here); no limits on CPU and memory"
	}
	return c, nil
}

// plainAddress returns an environment's own loopback address in 127.64.0.0/10, derived from its ID.
func plainAddress(id string) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(id)) // never fails
	n := h.Sum32()
	return fmt.Sprintf("127.%d.%d.%d", 64+n>>24%64, byte(n>>16), 1+byte(n)%254)
}

// plainPatience is how long the stand-in for PID 1 may take to kill what it started, before this process does it.
const plainPatience = 3 * time.Second

// endPlain cuts the lifeline, upon which the stand-in kills everything and ends. Then it makes sure of that.
func (e *environment) endPlain(ctx context.Context) error {
	_ = e.client.Close() // an error only means that the other end was closed first
	patience := time.NewTimer(plainPatience)
	defer patience.Stop()
	select {
	case <-e.gone:
	case <-patience.C:
		_ = e.cmd.Process.Kill() // whether it worked shows below
	case <-ctx.Done():
		return fmt.Errorf("wait for the end of %s: %w", e.id, ctx.Err())
	}
	found, err := scan(e.id)
	for _, m := range found {
		err = errors.Join(err, kill(ctx, m.pid))
	}
	return errors.Join(err, e.settle(ctx))
}

// kill ends a process by its pidfd and waits until it has ended.
func kill(ctx context.Context, pid int) (err error) {
	fd, err := unix.PidfdOpen(pid, 0)
	if errors.Is(err, unix.ESRCH) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("kill process %d: %w", pid, err)
	}
	defer func() { err = errors.Join(err, unix.Close(fd)) }()
	if err := unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0); err != nil && !errors.Is(err, unix.ESRCH) {
		return fmt.Errorf("kill process %d: %w", pid, err)
	}
	for {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("wait for the end of process %d: %w", pid, err)
		}
		// A pidfd becomes readable when its process has ended, reaped or not. The timeout is there to look at ctx.
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 50)
		if n > 0 || (err != nil && !errors.Is(err, unix.EINTR)) {
			return err
		}
	}
}
