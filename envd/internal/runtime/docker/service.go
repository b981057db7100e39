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

// makeService creates a service's container, which a later start only has to start.
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
	links, addresses, err := e.linkArguments(env)
	if err != nil {
		return err
	}
	s := surroundings{command: append([]string{
		helperPath, "gateway", "--address", e.gateway.String(), "--dns", e.gateway.String() + ":53",
		"--control", fmt.Sprintf("tcp:%s:%d", e.gateway, e.control),
	}, append(links, e.nameArguments()...)...)}
	if len(addresses) > 0 {
		names = append(names, envd.GatewayName)
		s.command = append([]string{helperPath, shimVerb, "--address", strings.Join(addresses, ","), "--"}, s.command...)
	}
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
	if len(addresses) > 0 { // to take them; and a dependency that is off the network is asked for nowhere else
		spec.HostConfig.DNS = []netip.Addr{e.gateway}
		spec.HostConfig.CapAdd = append(spec.HostConfig.CapAdd, "NET_ADMIN")
	}
	svc, err := e.create(ctx, envd.GatewayName, spec, "")
	if err == nil {
		svc.stop = envd.Stop{Signal: "TERM", Grace: gatewayGrace}
		err = e.launch(ctx, envd.GatewayName, svc)
	}
	if err != nil {
		return fmt.Errorf("gateway: %w", err)
	}
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
		ExtraHosts:  e.hostsOf(name),
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

// create creates a container, places its files, and connects its output with the log. Of an earlier container of that
// name only the log stays.
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

// launch starts a container that was created. One that does not start is removed.
func (e *environment) launch(ctx context.Context, name string, svc *service) (err error) {
	asked := context.WithoutCancel(ctx)
	defer func() {
		if err != nil {
			err = errors.Join(err, e.removeContainer(asked, svc.container))
		}
	}()
	if name != envd.GatewayName { // which sends nothing out
		err = e.awaitRouter(ctx)
	}
	if err = errors.Join(ctx.Err(), err); err != nil {
		return err
	}
	if _, err := e.cli.ContainerStart(asked, svc.container, client.ContainerStartOptions{}); err != nil {
		return err
	}
	inspected, err := e.cli.ContainerInspect(ctx, svc.container, client.ContainerInspectOptions{})
	if err != nil {
		return err
	}
	svc.address = e.addressIn(inspected.Container)
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

// clear removes an earlier container of a service, which has ended, and tells whether there was one.
func (e *environment) clear(ctx context.Context, name string) (bool, error) {
	if e.leash != nil && e.known(name) == nil { // what is in the environment was started here
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
