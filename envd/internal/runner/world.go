package runner

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/envd-dev/envd/chaos"
	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/gateway"
)

// world is what the faults of a run act on: stubs and links through the gateway, services through the runtime.
type world struct {
	*gateway.Client
	services *serviceFaults
}

func (w world) Services() chaos.Control[chaos.ServiceFault] { return w.services }

// serviceFaults carries out faults on services and holds their leases. When this process dies, the environment dies with
// it, and so does every fault.
type serviceFaults struct {
	*session
	mu     sync.Mutex
	active map[string]*serviceFault // by ID
}

// serviceFault is an active fault on a service.
type serviceFault struct {
	chaos.ServiceFault
	instances []*envd.Service
	until     time.Time
	lease     *time.Timer
	began     time.Time     // when all instances were affected
	acted     chan struct{} // restart: closed once an instance was seen down
	ended     chan struct{} // restart: closed once all are ready again, or have failed to be
	err       error         // of a restart; read after ended
	longest   time.Duration // restart: the longest time that an instance was down; read after ended
	restarted int
}

// instances resolves a target: the replicas of a service, or the service itself.
func (c *serviceFaults) instances(target string) (all []*envd.Service, err error) {
	env := c.Spec.Environment.Expand()
	for _, name := range env.Instances(target) {
		all = append(all, env.Service(name))
	}
	if len(all) == 0 {
		err = fmt.Errorf("%w: %s", envd.ErrNoService, target)
	}
	return all, err
}

// each does something to all instances at once; i is the instance's index.
func each(instances []*envd.Service, do func(i int, svc *envd.Service) error) error {
	errs := make([]error, len(instances))
	var all sync.WaitGroup
	for i, svc := range instances {
		all.Go(func() { errs[i] = do(i, svc) })
	}
	all.Wait()
	return errors.Join(errs...)
}

// SetFault implements chaos.Control.
func (c *serviceFaults) SetFault(ctx context.Context, target, id string, f chaos.ServiceFault, lease time.Duration) error {
	instances, err := c.instances(target)
	if err != nil {
		return err
	}
	fault := &serviceFault{ServiceFault: f, instances: instances, acted: make(chan struct{}), ended: make(chan struct{})}
	if f.Verb == chaos.Restart {
		c.background.Go(func() { c.restartAll(context.WithoutCancel(ctx), fault) })
	} else if err := each(instances, func(_ int, svc *envd.Service) error { return c.inflict(ctx, svc, f) }); err != nil {
		return errors.Join(err, c.undo(context.WithoutCancel(ctx), instances, f)) // some of them may be affected
	}
	fault.began = time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	fault.until = fault.began.Add(lease)
	fault.lease = time.AfterFunc(lease, func() { c.expire(target, id, fault) })
	c.active[id] = fault
	return nil
}

// expire ends a fault that was not renewed in time.
func (c *serviceFaults) expire(target, id string, f *serviceFault) {
	c.mu.Lock()
	over := c.active[id] == f && !time.Now().Before(f.until)
	c.mu.Unlock()
	if !over {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), undoTimeout)
	defer cancel()
	if _, err := c.ClearFault(ctx, target, id, f.ServiceFault); err != nil {
		c.rec.tell(Notice{Step: "fault " + id, Text: "its lease ran out, and it could not be reverted: " + err.Error(), Failed: true})
	}
}

// undoTimeout bounds the revert of a fault whose lease has run out.
const undoTimeout = 30 * time.Second

// RenewFault implements chaos.Control.
func (c *serviceFaults) RenewFault(_ context.Context, _, id string, lease time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	f := c.active[id]
	if f == nil {
		return chaos.ErrGone
	}
	f.until = time.Now().Add(lease)
	f.lease.Reset(lease)
	return nil
}

// AwaitFault implements chaos.Control: the runtime must be seen to be as the fault wants it.
func (c *serviceFaults) AwaitFault(ctx context.Context, _, id string) (chaos.Effect, error) {
	c.mu.Lock()
	f := c.active[id]
	c.mu.Unlock()
	if f == nil {
		return chaos.Effect{}, chaos.ErrGone
	}
	if f.Verb == chaos.Restart {
		select {
		case <-f.acted:
			return chaos.Effect{Affected: 1, Total: int64(len(f.instances)), Summary: "restarting"}, nil
		case <-f.ended:
			return chaos.Effect{}, f.err
		case <-ctx.Done():
			return chaos.Effect{}, ctx.Err()
		}
	}
	err := repeat(ctx, 50*time.Millisecond, func() error { return c.seen(ctx, f) })
	return f.effect(0), err
}

// seen returns nil once the fault is observed on every instance.
func (c *serviceFaults) seen(ctx context.Context, f *serviceFault) error {
	state, err := c.Runtime.Observe(ctx, c.ID)
	if err != nil {
		return err
	}
	for _, svc := range f.instances {
		now := state.Services[svc.Name]
		ok := false
		switch f.Verb {
		case chaos.Kill, chaos.Stop:
			ok = !now.Running
		case chaos.Pause:
			ok = now.Paused
		case chaos.Disconnect:
			ok = now.Disconnected
		case chaos.Limit:
			ok = now.Resources == f.bounds(svc)
		}
		if !ok {
			return fmt.Errorf("service %s is not yet affected", svc.Name)
		}
	}
	return nil
}

// ClearFault implements chaos.Control.
func (c *serviceFaults) ClearFault(ctx context.Context, target, id string, f chaos.ServiceFault) (chaos.Effect, error) {
	c.mu.Lock()
	fault := c.active[id]
	delete(c.active, id)
	c.mu.Unlock()
	if fault == nil { // unknown here: another process may have set it, so undo whatever it would have done
		instances, err := c.instances(target)
		if err != nil {
			return chaos.Effect{}, err
		}
		return chaos.Effect{}, c.undo(ctx, instances, f)
	}
	fault.lease.Stop()
	if f.Verb == chaos.Restart {
		select {
		case <-fault.ended:
			return fault.effect(0), fault.err
		case <-ctx.Done():
			return chaos.Effect{}, fmt.Errorf("the restart takes longer than that: %w", ctx.Err())
		}
	}
	lasted := time.Since(fault.began)
	return fault.effect(lasted), c.undo(ctx, fault.instances, f)
}
