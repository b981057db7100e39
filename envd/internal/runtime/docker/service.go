package docker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"path/filepath"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/client"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/logfile"
)

// hostsOwn are variables that describe this machine. Containers of images do not get them unless the spec declares them.
var hostsOwn = []string{"PATH", "HOME", "USER", "LOGNAME", "JAVA_HOME"}

// makeService creates a service's container ahead of its start.
func (e *environment) makeService(ctx context.Context, op envd.Operation) error {
	made, err := e.containerOf(ctx, op)
	if err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.made[op.Service.Name] = made
	return nil
}

func (e *environment) startService(ctx context.Context, op envd.Operation) error {
	if op.Service == nil {
		return fmt.Errorf("start %s: no service given", op.Target)
	}
	name := op.Service.Name
	e.mu.Lock()
	svc := e.made[name]
	delete(e.made, name)
	e.mu.Unlock()
	if svc == nil {
		var err error
		if svc, err = e.containerOf(ctx, op); err != nil {
			return err
		}
	}
	if err := e.launch(ctx, name, svc); err != nil {
		return refusedStart(name, svc.command, err)
	}
	return nil
}

// containerOf creates the container of a service.
func (e *environment) containerOf(ctx context.Context, op envd.Operation) (*service, error) {
	svc := op.Service
	if svc == nil {
		return nil, fmt.Errorf("start %s: no service given", op.Target)
	}
	if svc.Name == envd.GatewayName {
		return nil, fmt.Errorf("start %s: the name is the gateway's", svc.Name)
	}
	if err := e.rt.traits.refuse(svc); err != nil {
		return nil, err
	}
	s, err := e.ofService(ctx, svc, op.Env)
	if err != nil {
		return nil, err
	}
	vars := maps.Clone(op.Env)
	if svc.Image != "" || svc.Build != nil {
		maps.DeleteFunc(vars, func(name, _ string) bool { return isHostsOwn(op, name) })
	}
	spec := e.containerSpec(svc.Name, s, vars)
	spec.NetworkingConfig = e.endpoint(netip.Addr{}, append([]string{svc.Name}, svc.Hostnames...))
	bounds := &spec.HostConfig.Resources
	bounds.NanoCPUs = svc.Resources.CPUMillis * 1e6
	bounds.Memory, bounds.MemorySwap = svc.Resources.MemoryBytes, svc.Resources.MemoryBytes
	if err := e.adapt(&spec, svc); err != nil {
		return nil, err
	}
	made, err := e.create(ctx, svc.Name, spec, s.tree)
	if err != nil {
		return nil, refusedStart(svc.Name, s.command, err)
	}
	made.stop, made.command = svc.Stop, s.command
	return made, nil
}

// create creates a container, copies its files into it, and connects its output with the log. It replaces an earlier
// container of that name, whose log is continued.
func (e *environment) create(ctx context.Context, name string, spec client.ContainerCreateOptions, tree string) (svc *service, err error) {
	restarted, err := e.clear(ctx, name)
	if err != nil {
		return nil, err
	}
	if name != envd.GatewayName {
		exe, err := e.rt.exe()
		if err != nil {
			return nil, err
		}
		spec.HostConfig.Mounts = append(spec.HostConfig.Mounts, mount.Mount{Type: mount.TypeBind, Source: exe, Target: helperPath, ReadOnly: true})
	}
	asked := context.WithoutCancel(ctx) // see Runtime.create
	created, err := e.cli.ContainerCreate(asked, spec)
	if conflict(err) {
		return nil, fmt.Errorf("%s runs already", name)
	}
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, e.removeContainer(asked, created.ID))
		}
	}()
	svc = &service{container: created.ID, pumped: make(chan struct{}), spec: spec, tree: tree}
	if files := e.filesOf(name); spec.HostConfig.ReadonlyRootfs && len(files) > 0 {
		return nil, fmt.Errorf("%w: %s cannot be placed in a read-only root: remove read_only", envd.ErrUnsupported, files[0].path)
	}
	if name != envd.GatewayName {
		if err := e.copyFiles(ctx, created.ID, tree, e.filesOf(name)); err != nil {
			return nil, err
		}
	}
	if err := e.record(ctx, name, svc, restarted); err != nil {
		return nil, err
	}
	return svc, nil
}

// launch starts a container that was created, and removes it if it does not start.
func (e *environment) launch(ctx context.Context, name string, svc *service) (err error) {
	asked := context.WithoutCancel(ctx)
	defer func() {
		if err != nil {
			svc.detach()
			err = errors.Join(err, e.removeContainer(asked, svc.container))
		}
	}()
	if err := ctx.Err(); err != nil {
		return err
	}
	if _, err := e.cli.ContainerStart(asked, svc.container, client.ContainerStartOptions{}); err != nil {
		return err
	}
	inspected, err := e.cli.ContainerInspect(ctx, svc.container, client.ContainerInspectOptions{})
	if err != nil {
		return err
	}
	if svc.address, err = e.addressOf(ctx, inspected.Container); err != nil {
		return err
	}
	if svc.stop.Signal == "" {
		svc.stop.Signal = stopSignal(inspected.Container)
	}
	if inspected.Container.State != nil {
		svc.process = watch(inspected.Container.State.Pid, svc.container)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.services[name] = svc
	return nil
}

// clear removes an earlier container of a service, which must have ended, and reports whether there was one.
func (e *environment) clear(ctx context.Context, name string) (bool, error) {
	if e.leash != nil && e.known(name) == nil { // this process owns the environment, and knows of no such container
		return false, nil
	}
	old, err := e.service(ctx, name)
	if errors.Is(err, envd.ErrNoService) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	inspected, err := e.cli.ContainerInspect(ctx, old.container, client.ContainerInspectOptions{})
	if notFound(err) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	if inspected.Container.State.Running {
		return false, fmt.Errorf("%s runs already", name)
	}
	if old.pumped != nil {
		select {
		case <-old.pumped:
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
	old.process.close()
	return true, e.removeContainer(ctx, old.container)
}

// record copies a container's output into its log until the container has ended.
func (e *environment) record(ctx context.Context, name string, svc *service, restarted bool) error {
	if e.rt.opts.LogDir == "" {
		return errors.New("no log directory given")
	}
	open := logfile.Create
	if restarted {
		open = logfile.Append
	}
	log, err := open(filepath.Join(e.rt.opts.LogDir, name+".log"), e.rt.opts.Redact)
	if err != nil {
		return err
	}
	attached, err := e.cli.ContainerAttach(ctx, svc.container, client.ContainerAttachOptions{Stream: true, Stdout: true, Stderr: true})
	if err != nil {
		return errors.Join(err, log.Close())
	}
	svc.log, svc.detach = log, attached.Close
	go func() {
		defer close(svc.pumped)
		defer attached.Close()
		var err error
		if svc.spec.Config != nil && svc.spec.Config.Tty { // a terminal has one stream, which the engine does not frame
			_, err = io.Copy(log.Stream("stdout"), attached.Reader)
		} else {
			_, err = stdcopy.StdCopy(log.Stream("stdout"), log.Stream("stderr"), attached.Reader)
		}
		svc.failed = errors.Join(err, log.Close())
	}()
	return nil
}
