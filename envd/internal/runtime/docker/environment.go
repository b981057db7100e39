package docker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/logfile"
)

// environment is one environment as this process knows it.
type environment struct {
	rt      *Runtime
	cli     *client.Client
	id      string
	network string // ID of its network
	control int    // port of the gateway's control API

	gateway      netip.Addr // of the gateway: stubs and name server
	gatewayRoute netip.Addr // of the router, to which containers send what wants out

	spec   *envd.Environment // nil where another process created it
	leash  *leash            // nil where another process holds it
	leased time.Time         // end of the lease on its first labels; zero where another process made them
	ways   []way             // the declared destinations, as above

	mu       sync.Mutex
	files    map[string][]placed // by service; "" are those of every container
	services map[string]*service
	made     map[string]*service // containers that were created and not started yet
	carrier  *carrier            // nil without declared destinations, or before the gateway is up

	// Removals of containers ahead of the environment.
	exits, removals sync.WaitGroup
}

// service is a container that keeps running: of a service, or of the gateway.
type service struct {
	container string
	address   netip.Addr
	process   *process // nil where it cannot be watched
	stop      envd.Stop
	log       *logfile.Log  // nil where another process records it
	pumped    chan struct{} // closed once the container has ended and all output is in the log; nil if log is
	failed    error         // why output could not be recorded; read after pumped
	detach    func()        // ends the recording of a container that never started, which its removal does not; nil if log is
	final     bool          // stopped for good, and being removed; guarded by environment.mu

	spec    client.ContainerCreateOptions // how it was made
	tree    string
	command []string
}

// over reports whether a service that this process started has ended.
func (s *service) over() bool {
	select {
	case <-s.pumped:
		return true
	default:
		return false
	}
}

func newEnvironment(r *Runtime, cli *client.Client, id, networkID string, subnet netip.Prefix, control int) *environment {
	return &environment{
		rt: r, cli: cli, id: id, network: networkID, control: control,
		gateway: hostOf(subnet, gatewayHost), gatewayRoute: hostOf(subnet, routerHost),
		files: map[string][]placed{}, services: map[string]*service{}, made: map[string]*service{},
	}
}

func (e *environment) containerName(service string) string { return networkName(e.id) + "-" + service }

// known returns a service if this process started it, else nil.
func (e *environment) known(name string) *service {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.services[name]
}

// service finds a service, whoever started it.
func (e *environment) service(ctx context.Context, name string) (*service, error) {
	if svc := e.known(name); svc != nil {
		return svc, nil
	}
	found, err := e.cli.ContainerInspect(ctx, e.containerName(name), client.ContainerInspectOptions{})
	switch {
	case notFound(err), err == nil && found.Container.Config.Labels[labelService] != name:
		return nil, fmt.Errorf("%w: %s", envd.ErrNoService, name)
	case err != nil:
		return nil, err
	}
	address, err := e.addressOf(ctx, found.Container)
	return &service{container: found.Container.ID, address: address}, err
}

// addressIn is a container's address in the environment's network.
func (e *environment) addressIn(c container.InspectResponse) netip.Addr {
	if c.NetworkSettings == nil {
		return netip.Addr{}
	}
	for _, endpoint := range c.NetworkSettings.Networks {
		if endpoint != nil && endpoint.NetworkID == e.network {
			return endpoint.IPAddress
		}
	}
	return netip.Addr{}
}

// explain replaces an error by a better one if the environment is gone or the engine does not answer.
func (e *environment) explain(ctx context.Context, err error) error {
	if err == nil || ctx.Err() != nil || errors.Is(err, envd.ErrNotFound) {
		return err
	}
	if isFullDisk(err) {
		return fullDisk(err)
	}
	if client.IsErrConnectionFailed(err) {
		return unreachable(e.cli.DaemonHost(), err)
	}
	if _, gone := e.rt.adopt(ctx, e.cli, e.id); errors.Is(gone, envd.ErrNotFound) {
		return fmt.Errorf("%w: %w", gone, err)
	}
	return err
}

// dialTimeout bounds the attempt to connect to a container that is just vanishing.
const dialTimeout = 10 * time.Second

func (e *environment) dial(ctx context.Context, name string, port int) (net.Conn, error) {
	svc, err := e.service(ctx, name)
	if err != nil {
		return nil, err
	}
	if name == envd.GatewayName && port == 0 {
		port = e.control
	}
	if !svc.address.IsValid() || svc.over() { // nobody has the address, so nobody would even refuse
		return nil, fmt.Errorf("service %s: %w", name, envd.ErrExited)
	}
	return e.rt.traits.reach(ctx, dialTimeout, netip.AddrPortFrom(svc.address, uint16(port)))
}

// wait blocks until a container has ended.
func (e *environment) wait(ctx context.Context, id string) (envd.Exit, error) {
	waiting := e.cli.ContainerWait(ctx, id, client.ContainerWaitOptions{Condition: container.WaitConditionNotRunning})
	var exit envd.Exit
	select {
	case <-ctx.Done():
		return exit, ctx.Err()
	case err := <-waiting.Error:
		switch {
		case ctx.Err() != nil:
			return exit, ctx.Err()
		case notFound(err):
			return envd.Exit{Code: 137, Signal: "killed", Reason: envd.ReasonGone}, nil
		}
		return exit, unreachable(e.cli.DaemonHost(), err)
	case result := <-waiting.Result:
		exit = exitOf(int(result.StatusCode))
	}
	ended, err := e.cli.ContainerInspect(ctx, id, client.ContainerInspectOptions{})
	switch {
	case err == nil && ended.Container.State != nil:
		exit.At, _ = time.Parse(time.RFC3339Nano, ended.Container.State.FinishedAt) // zero if the engine does not know
		if ended.Container.State.OOMKilled {
			exit.Reason = envd.ReasonMemory
		}
	case notFound(err) && exit.Signal == "killed":
		exit.Reason = envd.ReasonGone
	}
	return exit, ctx.Err()
}

// removeContainer removes a container and its anonymous volumes, running or not. It is no error if it is gone or being
// removed.
func (e *environment) removeContainer(ctx context.Context, id string) error {
	return removeContainer(ctx, e.cli, id)
}

func removeContainer(ctx context.Context, cli *client.Client, id string) error {
	for {
		_, err := cli.ContainerRemove(ctx, id, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
		switch {
		case err == nil, notFound(err):
			return nil
		case !conflict(err): // a conflict: its removal is in progress
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}
