package docker

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"

	"github.com/envd-dev/envd/envd"
)

// fault carries out one of the operations of faults on a service. It looks at the container first, so that every operation
// is idempotent, and any process can undo what another one did. When the runner dies, the leash removes everything.
func (e *environment) fault(ctx context.Context, op envd.Operation) error {
	svc, err := e.service(ctx, op.Target)
	if err != nil {
		return err
	}
	seen, err := e.cli.ContainerInspect(ctx, svc.container, client.ContainerInspectOptions{})
	if err != nil {
		return err
	}
	state := seen.Container.State
	if state == nil {
		return errors.New("the engine tells no state")
	}
	if (op.Kind == envd.OpDisconnect || op.Kind == envd.OpConnect) && !e.ownNetwork(seen.Container.HostConfig) {
		return fmt.Errorf("%w: %s %s: it is not in the environment's network by itself", envd.ErrUnsupported, op.Kind, op.Target)
	}
	asked := context.WithoutCancel(ctx) // see Runtime.create
	connected := e.addressIn(seen.Container).IsValid()
	switch op.Kind {
	case envd.OpKill:
		err = e.kill(ctx, svc)
	case envd.OpRestart:
		if !state.Running {
			err = e.startAgain(ctx, op.Target, svc)
		}
	case envd.OpPause:
		if !state.Paused {
			_, err = e.cli.ContainerPause(asked, svc.container, client.ContainerPauseOptions{})
		}
		svc.process.freeze(err == nil)
	case envd.OpResume:
		if state.Paused {
			_, err = e.cli.ContainerUnpause(asked, svc.container, client.ContainerUnpauseOptions{})
		}
		svc.process.freeze(err != nil)
	case envd.OpDisconnect:
		if connected {
			_, err = e.cli.NetworkDisconnect(asked, e.network, client.NetworkDisconnectOptions{Container: svc.container, Force: true})
		}
	case envd.OpConnect:
		if !connected {
			err = e.connect(asked, op, svc)
		}
	case envd.OpLimit:
		err = e.limit(asked, op, svc, seen.Container)
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w", op.Kind, op.Target, err)
	}
	return nil
}

// kill kills a container: all of its processes end with the first.
func (e *environment) kill(ctx context.Context, svc *service) error {
	if err := e.signal(ctx, svc, "KILL"); err != nil {
		return err
	}
	if _, err := e.wait(ctx, svc.container); err != nil {
		return err
	}
	return svc.awaitLog(ctx)
}

// awaitLog waits until all output is in the log, if this process records it.
func (s *service) awaitLog(ctx context.Context) error {
	if s.pumped == nil {
		return nil
	}
	select {
	case <-s.pumped:
		return s.failed
	case <-ctx.Done():
		return ctx.Err()
	}
}

// startAgain starts a container that has ended: the same one, so that its files are as after a crash.
func (e *environment) startAgain(ctx context.Context, name string, old *service) error {
	svc := &service{container: old.container, stop: old.stop, spec: old.spec, tree: old.tree, command: old.command}
	if old.log != nil {
		if err := old.awaitLog(ctx); err != nil {
			return err
		}
		svc.pumped = make(chan struct{})
		if err := e.record(ctx, name, svc, true); err != nil {
			return err
		}
	}
	if _, err := e.cli.ContainerStart(context.WithoutCancel(ctx), svc.container, client.ContainerStartOptions{}); err != nil {
		if svc.detach != nil {
			svc.detach()
		}
		return err
	}
	return e.relocate(ctx, name, svc)
}

// relocate records a container's address and first process, which may have changed.
func (e *environment) relocate(ctx context.Context, name string, svc *service) error {
	inspected, err := e.cli.ContainerInspect(ctx, svc.container, client.ContainerInspectOptions{})
	if err != nil {
		return err
	}
	if svc.address, err = e.addressOf(ctx, inspected.Container); err != nil {
		return err
	}
	if inspected.Container.State != nil && svc.pumped != nil && svc.process == nil {
		svc.process = watch(inspected.Container.State.Pid, svc.container)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.services[name] != nil {
		e.services[name] = svc
	}
	return nil
}

// connect puts a container back into the environment's network, with its names and, if that is known and still free, its
// former address.
func (e *environment) connect(ctx context.Context, op envd.Operation, svc *service) error {
	if op.Service == nil {
		return errors.New("no service given")
	}
	endpoint := func(address netip.Addr) *network.EndpointSettings {
		return e.endpoint(address, append([]string{op.Service.Name}, op.Service.Hostnames...)).EndpointsConfig[networkName(e.id)]
	}
	_, err := e.cli.NetworkConnect(ctx, e.network, client.NetworkConnectOptions{Container: svc.container, EndpointConfig: endpoint(svc.address)})
	if err != nil && svc.address.IsValid() {
		_, err = e.cli.NetworkConnect(ctx, e.network, client.NetworkConnectOptions{Container: svc.container, EndpointConfig: endpoint(netip.Addr{})})
	}
	if err != nil {
		return err
	}
	moved := *svc
	return e.relocate(ctx, op.Target, &moved)
}

// limit bounds a container as the operation's service says. Engines cannot remove a bound, so "unbounded" is set as all
// that the machine has.
func (e *environment) limit(ctx context.Context, op envd.Operation, svc *service, now container.InspectResponse) error {
	if op.Service == nil || now.HostConfig == nil {
		return errors.New("no bounds given")
	}
	machine, err := e.cli.Info(ctx, client.InfoOptions{})
	if err != nil {
		return err
	}
	want := op.Service.Resources
	var bounds container.Resources
	switch {
	case want.CPUMillis > 0:
		bounds.NanoCPUs = want.CPUMillis * 1e6
	case now.HostConfig.NanoCPUs > 0:
		bounds.NanoCPUs = int64(machine.Info.NCPU) * 1e9
	}
	switch {
	case want.MemoryBytes > 0:
		bounds.Memory = want.MemoryBytes
	case now.HostConfig.Memory > 0:
		bounds.Memory = machine.Info.MemTotal
	}
	bounds.MemorySwap = bounds.Memory
	_, err = e.cli.ContainerUpdate(ctx, svc.container, client.ContainerUpdateOptions{Resources: &bounds})
	return err
}
