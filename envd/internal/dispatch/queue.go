package dispatch

import (
	"os/exec"
	"time"

	"github.com/envd-dev/envd/envd"
	v1 "github.com/envd-dev/envd/envd/api/v1"
	"github.com/envd-dev/envd/envd/internal/launch"
	"github.com/envd-dev/envd/envd/internal/store"
)

// DefaultTTL is the lease of an environment that asks for none.
const DefaultTTL = time.Hour

func (d *Dispatcher) kicked() {
	select {
	case d.kick <- struct{}{}:
	default: // it is about to look anyway
	}
}

// serveQueue starts queued runs as long as the limit allows.
func (d *Dispatcher) serveQueue() {
	for {
		select {
		case <-d.ctx.Done():
			return
		case <-d.kick:
		}
		for d.running() < d.MaxRuns && d.ctx.Err() == nil {
			r, ok, err := d.Store.Claim(d.ctx)
			if err != nil && d.ctx.Err() == nil {
				d.Log.Error("cannot read the queue", "error", err)
			}
			if err != nil || !ok {
				break
			}
			d.fire(r.ID)
			d.start(r)
		}
	}
}

func (d *Dispatcher) running() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := 0
	for _, l := range d.live {
		if l.kind == store.Run {
			n++
		}
	}
	return n
}

// start starts the runner of a record that is starting, and follows it.
func (d *Dispatcher) start(r store.Record) store.Record {
	cmd, err := launch.Start(launch.Options{Exe: d.Exe, Arg: arguments(r), Env: d.Env, Dir: r.Dir})
	r.Started = time.Now().UTC()
	if err != nil {
		r.Status, r.Outcome, r.Message, r.Ended = v1.Finished, envd.Errored, err.Error(), r.Started
		d.save(r)
		return r
	}
	r.PID = cmd.Process.Pid
	l := d.enlist(r) // before its PID is known: who then ends it leaves word here
	d.save(r)
	d.Log.Info("started", "id", r.ID, "kind", r.Kind, "pid", r.PID)
	d.follow(r, l, cmd)
	return r
}

func arguments(r store.Record) []string {
	args := []string{"run", r.Spec}
	if r.Kind == store.Up {
		if r.TTL <= 0 {
			r.TTL = DefaultTTL
		}
		args = []string{"up", r.Spec, "--foreground", "--ttl", r.TTL.String()}
	}
	args = append(args, "--id", r.ID, "--out", r.Dir)
	if r.Override {
		args = append(args, "--runtime", r.Runtime)
	}
	return args
}

// enlist notes a runner that is to be followed.
func (d *Dispatcher) enlist(r store.Record) *live {
	l := &live{kind: r.Kind, wake: make(chan struct{}, 1)}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.live[r.ID] = l
	return l
}

// follow tracks a runner until it ends or the dispatcher closes. cmd is nil where the runner is not our child.
func (d *Dispatcher) follow(r store.Record, l *live, cmd *exec.Cmd) {
	d.watch.add(r.Dir)
	d.work.Go(func() {
		d.track(r, l, cmd)
		d.watch.remove(r.Dir)
		d.mu.Lock()
		delete(d.live, r.ID)
		d.mu.Unlock()
		d.kicked()
	})
}
