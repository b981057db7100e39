package docker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"github.com/envd-dev/envd/envd"
)

// trapName is the container behind the network's router address, trapPort where it tells what it refused.
const (
	trapName = "refuse"
	trapPort = 20599
)

// router is that container's state in this process. It starts with the environment, and is awaited by the first
// container that could send something out.
type router struct {
	started   chan struct{}
	container string
	process   *process // nil where it cannot be watched
	err       error
	carrier   *carrier // nil without declared destinations
}

// startRouter starts the container that refuses what wants out.
func (e *environment) startRouter(ctx context.Context) {
	e.router = &router{started: make(chan struct{})}
	go func() {
		defer close(e.router.started)
		e.router.err = e.runRouter(context.WithoutCancel(ctx))
		if e.router.err == nil && len(e.ways) > 0 {
			e.router.carrier = openWays(e.gatewayRoute, e.ways)
		}
	}()
}

// awaitRouter waits until what wants out will be refused.
func (e *environment) awaitRouter(ctx context.Context) error {
	if e.router == nil {
		return nil // another process saw to it
	}
	select {
	case <-e.router.started:
		return e.router.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (e *environment) runRouter(ctx context.Context) error {
	image, err := e.rt.ownImage(ctx, e.cli)
	if err != nil {
		return err
	}
	command := []string{helperPath, shimVerb, "--trap", e.gatewayRoute.String()}
	for _, w := range e.ways {
		command = append(command, w.String())
	}
	spec := e.containerSpec(trapName, surroundings{image: image, command: command}, nil)
	spec.Config.Labels = e.rt.labels(e.id, labelCommand, trapName)
	spec.NetworkingConfig = e.endpoint(netip.Addr{}, nil)
	spec.HostConfig.DNS = nil
	spec.HostConfig.CapDrop, spec.HostConfig.CapAdd = []string{"ALL"}, []string{"NET_ADMIN", "NET_RAW", "NET_BIND_SERVICE"}
	spec.HostConfig.Sysctls = map[string]string{"net.ipv4.ip_forward": "0"}
	spec.HostConfig.LogConfig = container.LogConfig{Type: "json-file", Config: map[string]string{"max-size": "1m"}}
	created, err := e.cli.ContainerCreate(ctx, spec)
	if err != nil {
		return err
	}
	e.router.container = created.ID
	if _, err := e.cli.ContainerStart(ctx, created.ID, client.ContainerStartOptions{}); err != nil {
		return err
	}
	seen, err := e.cli.ContainerInspect(ctx, created.ID, client.ContainerInspectOptions{})
	if err != nil {
		return err
	}
	if seen.Container.State != nil {
		e.router.process = watch(seen.Container.State.Pid, created.ID)
	}
	address := e.addressIn(seen.Container)
	for begin, pause := time.Now(), time.Millisecond; ; pause = min(2*pause, 20*time.Millisecond) {
		if _, err = refused(ctx, address); err == nil || time.Since(begin) > routerTimeout {
			break
		}
		time.Sleep(pause)
	}
	if err != nil {
		err = fmt.Errorf("the environment's router does not answer: %w", err)
	}
	return err
}

const routerTimeout = 10 * time.Second

// refused asks the router what it refused so far.
func refused(ctx context.Context, address netip.Addr) (list []envd.Connection, err error) {
	dialer := net.Dialer{Timeout: time.Second}
	conn, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(address.String(), strconv.Itoa(trapPort)))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	if err := conn.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return nil, err
	}
	list = []envd.Connection{}
	return list, json.NewDecoder(conn).Decode(&list)
}

// undeclared is nil where the engine did not give containers the route: what they try is not seen then.
func (e *environment) undeclared(ctx context.Context) ([]envd.Connection, error) {
	if err := e.awaitRouter(ctx); err != nil {
		return nil, err
	}
	seen, err := e.cli.ContainerInspect(ctx, e.containerName(trapName), client.ContainerInspectOptions{})
	if notFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	for _, endpoint := range seen.Container.NetworkSettings.Networks {
		if endpoint.Gateway != e.gatewayRoute {
			return nil, nil
		}
	}
	return refused(ctx, e.addressIn(seen.Container))
}
