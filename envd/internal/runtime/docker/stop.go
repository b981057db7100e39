package docker

import (
	"context"
	"errors"
	"fmt"

	"github.com/moby/moby/client"

	"github.com/envd-dev/envd/envd"
)

// stop ends a service, in the way it asks for, or the gateway. It is no error if it has ended already. When the whole
// environment is ending, it is enough that the process has ended: the engine cleans up, and the container is removed, while
// other services are being stopped.
func (e *environment) stop(ctx context.Context, op envd.Operation) error {
	name := op.Target
	if op.Service != nil {
		name = op.Service.Name
	}
	svc, err := e.service(ctx, name)
	if err != nil {
		return err
	}
	if err := e.end(ctx, svc, howToStop(svc, op.Service), op.Final); err != nil {
		return fmt.Errorf("stop %s: %w", name, err)
	}
	if svc.pumped == nil {
		return nil
	}
	if op.Final {
		e.mu.Lock()
		svc.final = true
		e.mu.Unlock()
		e.removeEnded(context.WithoutCancel(ctx), svc.container)
		return nil
	}
	select {
	case <-svc.pumped:
		return svc.failed
	case <-ctx.Done():
		return ctx.Err()
	}
}

func howToStop(svc *service, asked *envd.Service) envd.Stop {
	how := svc.stop
	if asked != nil {
		how.Grace = asked.Stop.Grace
		if asked.Stop.Signal != "" {
			how.Signal = asked.Stop.Signal
		}
	}
	if how.Signal == "" {
		how.Signal = "TERM"
	}
	return how
}

// end signals a container's first process and waits for its end. A process that ignores the signal is killed at once, one
// that does not end in time is killed through the engine, which alone can thaw what is paused.
func (e *environment) end(ctx context.Context, svc *service, how envd.Stop, early bool) error {
	if svc.process != nil && svc.process.deaf(how.Signal) {
		how.Signal = "KILL"
	}
	ended := func(ctx context.Context) error {
		if early && svc.process != nil {
			return svc.process.wait(ctx)
		}
		_, err := e.wait(ctx, svc.container)
		return err
	}
	patient, cancel := context.WithTimeout(ctx, how.Grace.Std())
	defer cancel()
	var err error
	if !svc.process.signal(how.Signal) {
		err = e.signal(ctx, svc, how.Signal)
	}
	if err == nil {
		err = ended(patient)
	}
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		if err = e.signal(ctx, svc, "KILL"); err == nil {
			err = ended(ctx)
		}
	}
	return err
}

// signal sends a signal to a container's first process. It is no error if that has ended or the container is gone.
func (e *environment) signal(ctx context.Context, svc *service, name string) error {
	_, err := e.cli.ContainerKill(ctx, svc.container, client.ContainerKillOptions{Signal: name})
	if notFound(err) || conflict(err) {
		return nil
	}
	return err
}
