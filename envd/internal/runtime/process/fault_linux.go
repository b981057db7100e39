package process

import (
	"context"
	"fmt"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/runtime/process/internal/control"
)

// fault carries out one of the operations of faults on a service. Their effects end with the environment, which the kernel
// ends with its runner.
func (e *environment) fault(ctx context.Context, op envd.Operation) error {
	svc, err := e.service(op.Target)
	if err != nil {
		return err
	}
	switch op.Kind {
	case envd.OpKill:
		err = e.kill(ctx, op.Target)
		if err == nil {
			err = svc.awaitLog(ctx)
		}
	case envd.OpRestart:
		err = e.startAgain(ctx, op.Target, svc)
	default:
		freeze := control.Freeze{Name: op.Target, Thaw: op.Kind == envd.OpResume}
		_, _, err = e.client.Call(ctx, control.Request{Freeze: &freeze})
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w", op.Kind, op.Target, err)
	}
	return nil
}

// startAgain starts a service that has ended, in the same way as before. It is no error if it is running.
func (e *environment) startAgain(ctx context.Context, name string, old *service) error {
	processes, err := e.processes(ctx)
	if err != nil {
		return err
	}
	for _, p := range processes {
		if p.Name == name && p.Exit == nil {
			return nil
		}
	}
	again := &service{env: old.env, workDir: old.workDir, user: old.user, stop: old.stop}
	return e.start(ctx, again, old.started)
}

// awaitLog waits until no process holds a service's streams any more.
func (svc *service) awaitLog(ctx context.Context) error {
	select {
	case <-svc.pumped:
		return svc.failed
	case <-ctx.Done():
		return ctx.Err()
	}
}
