package docker

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/logfile"
)

// Variables that mark every process of an environment.
const (
	environmentVar = "ENVD_ENVIRONMENT" // its ID
	serviceVar     = "ENVD_SERVICE"     // the service that it was started as
	addressVar     = "ENVD_ADDRESS"     // the address that services listen on
)

// hostsOwn are variables that say how this machine is set up: nothing to an image, unless the spec declares them.
var hostsOwn = []string{"PATH", "HOME", "USER", "LOGNAME", "JAVA_HOME"}

func (e *environment) startService(ctx context.Context, op envd.Operation) error {
	svc := op.Service
	if svc == nil {
		return fmt.Errorf("start %s: no service given", op.Target)
	}
	if svc.Name == envd.GatewayName {
		return fmt.Errorf("start %s: the name is the gateway's", svc.Name)
	}
	s, err := e.ofService(ctx, svc, op.Env)
	if err != nil {
		return err
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
		return err
	}
	started, err := e.start(ctx, svc.Name, spec, s.tree)
	if err != nil {
		return refusedStart(svc.Name, s.command, err)
	}
	started.stop.Grace = svc.Stop.Grace
	if svc.Stop.Signal != "" {
		started.stop.Signal = svc.Stop.Signal
	}
	return nil
}

// gatewayGrace is enough: the gateway holds nothing that a kill would lose.
const gatewayGrace = envd.Duration(2 * time.Second)

// startGateway starts the gateway and returns when its control API accepts connections.
func (e *environment) startGateway(ctx context.Context, op envd.Operation) error {
	env := op.Environment
	if env == nil {
		env = e.spec
	}
	var names []string
	real := false
	if env != nil {
		for _, stub := range env.Stubs {
			names = append(append(names, stub.Host), stub.Aliases...)
			real = real || stub.Engine == envd.EngineWireMock
		}
	}
	s := surroundings{command: []string{
		helperPath, "gateway", "--address", e.gateway.String(), "--dns", e.gateway.String() + ":53",
		"--control", fmt.Sprintf("tcp:%s:%d", e.gateway, e.control),
	}}
	var err error
	if real { // Java and the jar are this machine's
		s.image, s.mounts, err = e.rt.hostView(ctx, e.cli)
	} else {
		s.image, err = e.rt.ownImage(ctx, e.cli)
	}
	if err != nil {
		return err
	}
	spec := e.containerSpec(envd.GatewayName, s, op.Env)
	spec.NetworkingConfig = e.endpoint(e.gateway, names)
	spec.HostConfig.DNS = nil
	if !real {
		spec.HostConfig.CapDrop, spec.HostConfig.CapAdd = []string{"ALL"}, []string{"NET_BIND_SERVICE"}
	}
	svc, err := e.start(ctx, envd.GatewayName, spec, "")
	if err != nil {
		return fmt.Errorf("gateway: %w", err)
	}
	svc.stop = envd.Stop{Signal: "TERM", Grace: gatewayGrace}
	return e.awaitControl(ctx, svc)
}

// awaitControl waits until the gateway's control API accepts connections, or the gateway ends.
func (e *environment) awaitControl(ctx context.Context, svc *service) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		if exit, err := e.wait(ctx, svc.container); err == nil {
			cancel(fmt.Errorf("gateway: %w: exit code %d", envd.ErrExited, exit.Code))
		}
	}()
	for pause := time.Millisecond; ; pause = min(2*pause, 50*time.Millisecond) {
		conn, err := e.dial(ctx, envd.GatewayName, 0)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(pause):
		}
	}
}

// endpoint connects a container with the environment's network under names that resolve there.
func (e *environment) endpoint(address netip.Addr, names []string) *network.NetworkingConfig {
	settings := &network.EndpointSettings{NetworkID: e.network, Aliases: names}
	if address.IsValid() {
		settings.IPAMConfig = &network.EndpointIPAMConfig{IPv4Address: address}
	}
	return &network.NetworkingConfig{EndpointsConfig: map[string]*network.EndpointSettings{networkName(e.id): settings}}
}

// containerSpec is what all containers of an environment have in common. Names that the engine does not know are asked of the
// gateway, which refuses and records them.
func (e *environment) containerSpec(name string, s surroundings, vars map[string]string) client.ContainerCreateOptions {
	env := []string{environmentVar + "=" + e.id, serviceVar + "=" + name, addressVar + "=0.0.0.0"}
	for k, v := range vars {
		if k != environmentVar && k != serviceVar && k != addressVar {
			env = append(env, k+"="+v)
		}
	}
	slices.Sort(env)
	host := &container.HostConfig{
		NetworkMode: container.NetworkMode(networkName(e.id)),
		DNS:         []netip.Addr{e.gateway},
		ExtraHosts:  append(e.stubHosts(), e.wayHosts()...),
		GroupAdd:    s.groups,
		Mounts:      s.mounts,
		CapDrop:     []string{"NET_RAW"}, // see createNetwork
		LogConfig:   container.LogConfig{Type: "json-file", Config: map[string]string{"max-size": "16m", "max-file": "2"}},
	}
	if s.init {
		host.Init = &s.init
	}
	if len(s.mounts) > 0 { // folders of this machine bear its labels (SELinux)
		host.SecurityOpt = []string{"label=disable"}
	}
	return client.ContainerCreateOptions{
		Name: e.containerName(name),
		Config: &container.Config{
			Image: s.image, Entrypoint: s.command, User: s.user, WorkingDir: s.workDir, Env: env, Hostname: hostname(name),
			Labels: e.rt.labels(e.id, labelService, name),
		},
		HostConfig: host,
	}
}

// stubHosts are the stubs' names as /etc/hosts has them: the gateway's address is known from the start, and a look-up
// less stands between a service and its dependency.
func (e *environment) stubHosts() (hosts []string) {
	if e.spec == nil {
		return nil
	}
	for _, stub := range e.spec.Stubs {
		for _, name := range append([]string{stub.Host}, stub.Aliases...) {
			hosts = append(hosts, name+":"+e.gateway.String())
		}
	}
	return hosts
}

// hostname makes a service's name fit to be a host's (RFC 1123).
func hostname(name string) string { return strings.ReplaceAll(name, "_", "-") }

// start creates a container, connects its output with the log, places its files, and starts it. Of an earlier container
// of that name only the log stays.
func (e *environment) start(ctx context.Context, name string, spec client.ContainerCreateOptions, tree string) (svc *service, err error) {
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
	asked := context.WithoutCancel(ctx) // see create
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
	if name != envd.GatewayName {
		if err := e.copyFiles(ctx, created.ID, tree, e.filesOf(name)); err != nil {
			return nil, err
		}
	}
	if err := e.record(ctx, name, svc, restarted); err != nil {
		return nil, err
	}
	if err := errors.Join(ctx.Err(), e.awaitRouter(ctx)); err != nil {
		return nil, err
	}
	if _, err := e.cli.ContainerStart(asked, created.ID, client.ContainerStartOptions{}); err != nil {
		return nil, err
	}
	inspected, err := e.cli.ContainerInspect(ctx, created.ID, client.ContainerInspectOptions{})
	if err != nil {
		return nil, err
	}
	svc.address = e.addressIn(inspected.Container)
	svc.stop.Signal = stopSignal(inspected.Container)
	e.mu.Lock()
	e.services[name] = svc
	e.mu.Unlock()
	return svc, nil
}

// clear removes an earlier container of a service, which has ended, and tells whether there was one.
func (e *environment) clear(ctx context.Context, name string) (bool, error) {
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
	return true, e.removeContainer(ctx, old.container)
}

// record carries a container's output into its log until the container has ended.
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
	svc.log = log
	go func() {
		defer close(svc.pumped)
		defer attached.Close()
		_, err := stdcopy.StdCopy(log.Stream("stdout"), log.Stream("stderr"), attached.Reader)
		svc.failed = errors.Join(err, log.Close())
	}()
	return nil
}

// stop ends a service as it asks for, or the gateway. It is no error if it has ended already.
func (e *environment) stop(ctx context.Context, op envd.Operation) error {
	name := op.Target
	if op.Service != nil {
		name = op.Service.Name
	}
	svc, err := e.service(ctx, name)
	if err != nil {
		return err
	}
	how := svc.stop
	if op.Service != nil {
		how.Grace = op.Service.Stop.Grace
		if op.Service.Stop.Signal != "" {
			how.Signal = op.Service.Stop.Signal
		}
	}
	if how.Signal == "" {
		how.Signal = "TERM"
	}
	patient, cancel := context.WithTimeout(ctx, how.Grace.Std())
	defer cancel()
	err = e.signal(ctx, svc, how.Signal)
	if err == nil {
		_, err = e.wait(patient, svc.container)
	}
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		if err = e.signal(ctx, svc, "KILL"); err == nil {
			_, err = e.wait(ctx, svc.container)
		}
	}
	if err != nil {
		return fmt.Errorf("stop %s: %w", name, err)
	}
	if svc.pumped == nil {
		return nil
	}
	select {
	case <-svc.pumped:
		return svc.failed
	case <-ctx.Done():
		return ctx.Err()
	}
}

// signal sends a signal to a container's first process. One that has ended, or is gone, is no error.
func (e *environment) signal(ctx context.Context, svc *service, name string) error {
	_, err := e.cli.ContainerKill(ctx, svc.container, client.ContainerKillOptions{Signal: name})
	if notFound(err) || conflict(err) {
		return nil
	}
	return err
}
