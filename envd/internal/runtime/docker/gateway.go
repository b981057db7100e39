package docker

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"time"

	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/client"

	"github.com/envd-dev/envd/envd"
)

// gatewayGrace is enough: the gateway holds nothing that a kill would lose.
const gatewayGrace = envd.Duration(2 * time.Second)

// startGateway starts the gateway and returns when its control API accepts connections. Its container is the network's
// router, too.
func (e *environment) startGateway(ctx context.Context, op envd.Operation) error {
	env := op.Environment
	if env == nil {
		env = e.spec
	}
	if env == nil {
		env = &envd.Environment{}
	}
	spec, err := e.gatewaySpec(ctx, env, op.Env)
	if err != nil {
		return err
	}
	svc, err := e.create(ctx, envd.GatewayName, spec, "")
	if err == nil {
		svc.stop = envd.Stop{Signal: "TERM", Grace: gatewayGrace}
		err = e.launch(ctx, envd.GatewayName, svc)
	}
	if err != nil {
		return fmt.Errorf("gateway: %w", err)
	}
	if err := e.awaitControl(ctx, svc); err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.ways) > 0 {
		e.carrier = openWays(e.rt.traits, e.gatewayRoute, e.ways)
	}
	return nil
}

// gatewaySpec is the gateway's container: envd's own image, unless the real WireMock is to run in it.
func (e *environment) gatewaySpec(ctx context.Context, env *envd.Environment, vars map[string]string) (client.ContainerCreateOptions, error) {
	links, addresses, err := e.linkArguments(env)
	if err != nil {
		return client.ContainerCreateOptions{}, err
	}
	s := surroundings{command: slices.Concat(
		[]string{helperPath, shimVerb, "--router", e.gatewayRoute.String()}, e.wayArguments(), addresses, []string{"--"},
		[]string{
			helperPath, "gateway", "--address", e.gateway.String(), "--dns", e.gateway.String() + ":53",
			"--control", fmt.Sprintf("tcp:%s:%d", e.gateway, e.control),
		}, links, e.nameArguments())}
	real := slices.ContainsFunc(env.Stubs, func(s envd.Stub) bool { return s.Engine == envd.EngineWireMock })
	hosted := real && e.rt.opts.WireMockImage == "" // Java and the jar are this machine's
	switch {
	case hosted:
		s.image, s.mounts, err = e.rt.hostView(ctx, e.cli)
	case real:
		vars = maps.Clone(vars)
		maps.DeleteFunc(vars, func(name, _ string) bool { return slices.Contains(hostsOwn, name) })
		err = e.besideWireMock(ctx, &s)
	default:
		s.image, err = e.rt.ownImage(ctx, e.cli)
	}
	if err != nil {
		return client.ContainerCreateOptions{}, err
	}
	spec := e.containerSpec(envd.GatewayName, s, vars)
	var names []string
	for _, stub := range env.Stubs {
		names = append(append(names, stub.Host), stub.Aliases...)
	}
	spec.HostConfig.DNS = nil
	if len(links) > 0 { // a dependency that is off the network is asked for nowhere else
		names = append(names, envd.GatewayName)
		spec.HostConfig.DNS = []netip.Addr{e.gateway}
	}
	spec.NetworkingConfig = e.endpoint(e.gateway, names)
	spec.HostConfig.CapDrop, spec.HostConfig.CapAdd = nil, []string{"NET_ADMIN", "NET_RAW"} // the router's
	if !hosted {
		spec.HostConfig.CapDrop = []string{"ALL"}
		spec.HostConfig.CapAdd = append(spec.HostConfig.CapAdd, "NET_BIND_SERVICE")
	}
	return spec, nil
}

// besideWireMock lets the gateway run in the image that has the real WireMock, or the Java for it.
func (e *environment) besideWireMock(ctx context.Context, s *surroundings) error {
	image, err := e.preparedImage(ctx, &envd.Service{Name: envd.GatewayName, Image: e.rt.opts.WireMockImage})
	if err != nil {
		return fmt.Errorf("engine wiremock: %w", err)
	}
	exe, err := e.rt.exe()
	if err != nil {
		return err
	}
	s.image, s.user = image.ID, "0:0" // whoever the image's user is, the gateway takes ports below 1024
	s.mounts = append(s.mounts, mount.Mount{Type: mount.TypeBind, Source: exe, Target: helperPath, ReadOnly: true})
	if jar := e.rt.opts.WireMockJar; jar != "" {
		s.mounts = append(s.mounts, mount.Mount{Type: mount.TypeBind, Source: jar, Target: jar, ReadOnly: true})
	}
	return nil
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
