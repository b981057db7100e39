package docker

import (
	"context"
	"net/netip"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"github.com/envd-dev/envd/envd"
)

// place gives a container another network than the environment's where its service asks for one: none, or that of another
// service, which then also has its hosts file and its name servers.
func (e *environment) place(spec *client.ContainerCreateOptions, c *envd.Container) {
	host := spec.HostConfig
	switch {
	case c.NoNetwork:
		host.NetworkMode = "none"
		host.ExtraHosts = c.Hosts // no address of the environment's can be reached
	case c.NetworkOf != "":
		host.NetworkMode = container.NetworkMode("container:" + e.containerName(c.NetworkOf))
		host.ExtraHosts, spec.Config.Hostname, spec.Config.Domainname = nil, "", ""
	default:
		return
	}
	host.DNS, spec.NetworkingConfig = nil, nil
}

// ownNetwork reports whether a container is to be connected with the environment's network.
func (e *environment) ownNetwork(host *container.HostConfig) bool {
	return host == nil || string(host.NetworkMode) == networkName(e.id)
}

// addressOf is where a container is reached in the environment's network: at the address of the container whose network it
// shares, or at its own. It is invalid if there is none.
func (e *environment) addressOf(ctx context.Context, c container.InspectResponse) (netip.Addr, error) {
	if c.HostConfig == nil || !c.HostConfig.NetworkMode.IsContainer() {
		return e.addressIn(c), nil
	}
	owner, err := e.cli.ContainerInspect(ctx, c.HostConfig.NetworkMode.ConnectedContainer(), client.ContainerInspectOptions{})
	if err != nil {
		return netip.Addr{}, err
	}
	return e.addressIn(owner.Container), nil
}
