package runner

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/envd-dev/envd/chaos"
	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/quantity"
)

// act has the runtime do something to a service.
func (c *serviceFaults) act(ctx context.Context, kind envd.OpKind, svc *envd.Service) error {
	return c.Runtime.Do(ctx, c.ID, envd.Operation{
		ID: string(kind) + " " + svc.Name, Kind: kind, Target: svc.Name, Service: svc, Environment: c.Spec.Environment,
	})
}

// expectEnd announces the end of a service, so that it does not count as a crash.
func (c *serviceFaults) expectEnd(name string) {
	if l := c.lifeOf(name); l != nil {
		l.asked.Store(true)
	}
}

// inflict applies a fault to an instance.
func (c *serviceFaults) inflict(ctx context.Context, svc *envd.Service, f chaos.ServiceFault) error {
	switch f.Verb {
	case chaos.Kill:
		c.expectEnd(svc.Name)
		return c.act(ctx, envd.OpKill, svc)
	case chaos.Stop:
		c.beforeStop(ctx, svc)
		c.expectEnd(svc.Name)
		return c.act(ctx, envd.OpStop, svc)
	case chaos.Pause:
		return c.act(ctx, envd.OpPause, svc)
	case chaos.Disconnect:
		return c.act(ctx, envd.OpDisconnect, svc)
	case chaos.Limit:
		bounded := *svc
		bounded.Resources = (&serviceFault{ServiceFault: f}).bounds(svc)
		return c.act(ctx, envd.OpLimit, &bounded)
	}
	return fmt.Errorf("there is no verb %q for services", f.Verb)
}

// bounds returns the resources of an instance under the fault: its own, except where the fault sets others.
func (f *serviceFault) bounds(svc *envd.Service) envd.Resources {
	return envd.Resources{
		CPUMillis: cmp.Or(f.CPU, svc.Resources.CPUMillis), MemoryBytes: cmp.Or(f.Memory, svc.Resources.MemoryBytes),
	}
}

// undo reverts a fault on instances, whatever state they are in.
func (c *serviceFaults) undo(ctx context.Context, instances []*envd.Service, f chaos.ServiceFault) error {
	return each(instances, func(_ int, svc *envd.Service) error {
		switch f.Verb {
		case chaos.Pause:
			return c.act(ctx, envd.OpResume, svc)
		case chaos.Disconnect:
			return c.act(ctx, envd.OpConnect, svc)
		case chaos.Limit:
			return c.act(ctx, envd.OpLimit, svc)
		}
		return c.startAgain(ctx, svc)
	})
}

// startAgain starts an instance that has ended. It does not wait for readiness, which is recorded when it comes: recovery
// counts from the start.
func (c *serviceFaults) startAgain(ctx context.Context, svc *envd.Service) error {
	state, err := c.Runtime.Observe(ctx, c.ID)
	if err != nil {
		return err
	}
	if state.Services[svc.Name].Running {
		return nil
	}
	if err := c.act(ctx, envd.OpRestart, svc); err != nil {
		return err
	}
	c.started(svc)
	if err := c.afterStart(ctx, svc); err != nil {
		return err
	}
	c.background.Go(func() {
		if err := c.awaitReady(context.WithoutCancel(ctx), svc); err != nil && !c.settled.Load() {
			c.rec.tell(Notice{Step: "service " + svc.Name, Text: err.Error(), Failed: true})
		}
	})
	return nil
}

// restartAll stops and starts the instances, one after the other or all at once, each until it is ready. A rolling restart
// ends with the first instance that does not come back.
func (c *serviceFaults) restartAll(ctx context.Context, f *serviceFault) {
	defer close(f.ended)
	down := make([]time.Duration, len(f.instances))
	restart := func(i int, svc *envd.Service) (err error) {
		down[i], err = c.restartOne(ctx, f, svc)
		return err
	}
	if f.Rolling {
		for i, svc := range f.instances {
			if f.err = restart(i, svc); f.err != nil {
				break
			}
			f.restarted++
		}
	} else {
		f.err = each(f.instances, restart)
		f.restarted = len(f.instances)
	}
	f.longest = slices.Max(down)
}

// restartOne returns how long an instance was down: from its end until it was ready.
func (c *serviceFaults) restartOne(ctx context.Context, f *serviceFault, svc *envd.Service) (time.Duration, error) {
	verb := chaos.ServiceFault{Verb: chaos.Stop}
	if f.Kill {
		verb.Verb = chaos.Kill
	}
	if err := c.inflict(ctx, svc, verb); err != nil {
		return 0, err
	}
	begin := time.Now()
	state, err := c.Runtime.Observe(ctx, c.ID)
	switch {
	case err != nil:
		return 0, err
	case state.Services[svc.Name].Running:
		return 0, fmt.Errorf("service %s still runs", svc.Name)
	}
	c.mu.Lock()
	select {
	case <-f.acted:
	default:
		close(f.acted)
	}
	c.mu.Unlock()
	if err := c.act(ctx, envd.OpRestart, svc); err != nil {
		return 0, err
	}
	c.started(svc)
	if err := c.afterStart(ctx, svc); err != nil {
		return 0, err
	}
	err = c.awaitReady(ctx, svc)
	return time.Since(begin), err
}

// effect describes what a fault did. lasted is how long it acted; 0 while it still does.
func (f *serviceFault) effect(lasted time.Duration) chaos.Effect {
	n := len(f.instances)
	e := chaos.Effect{Affected: int64(n), Total: int64(n)}
	whole := "it"
	if n > 1 {
		whole = "all " + strconv.Itoa(n) + " replicas"
	}
	span := ""
	if lasted > 0 {
		span = " for " + quantity.Span(lasted)
	}
	switch f.Verb {
	case chaos.Kill:
		e.Summary = "killed " + whole + downFor(span)
	case chaos.Stop:
		e.Summary = "stopped " + whole + downFor(span)
	case chaos.Pause:
		e.Summary = "froze " + whole + span
	case chaos.Disconnect:
		e.Summary = "took " + whole + " off the network" + span
	case chaos.Limit:
		e.Summary = "bounded " + whole + " to " + f.limits() + span
	case chaos.Restart:
		e.Affected = int64(f.restarted)
		e.Summary = fmt.Sprintf("restarted %s, down for %s at most", whole, quantity.Span(f.longest))
		if f.restarted < n {
			e.Summary = fmt.Sprintf("restarted %d of %d replicas", f.restarted, n)
		}
	}
	return e
}

func downFor(span string) string {
	if span == "" {
		return ""
	}
	return ", down" + span
}

func (f *serviceFault) limits() string {
	switch {
	case f.CPU == 0:
		return quantity.Bytes(f.Memory)
	case f.Memory == 0:
		return fmt.Sprintf("%g cores", float64(f.CPU)/1000)
	}
	return fmt.Sprintf("%g cores and %s", float64(f.CPU)/1000, quantity.Bytes(f.Memory))
}
