package docker

import (
	"context"
	"encoding/json"
	"errors"
	"net/netip"
	"time"

	"github.com/moby/moby/client"

	"github.com/envd-dev/envd/envd"
)

// trapPort is where the router, at its own address, tells what it refused.
const trapPort = 20599

// refused asks the router what it refused so far.
func (e *environment) refused(ctx context.Context) (list []envd.Connection, err error) {
	conn, err := e.rt.traits.reach(ctx, time.Second, netip.AddrPortFrom(e.gatewayRoute, trapPort))
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

// held is for how long containers keep what they send out before the router has its address. Linux asks for a neighbour
// three times in as many seconds, and then reports that there is no way (mcast_solicit and retrans_time_ms in arp(7)).
const held = envd.Duration(2500 * time.Millisecond)

// undeclared is nil where the engine did not give containers the route: what they try is not seen then.
func (e *environment) undeclared(ctx context.Context) ([]envd.Connection, error) {
	seen, err := e.cli.ContainerInspect(ctx, e.containerName(envd.GatewayName), client.ContainerInspectOptions{})
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
	return e.refused(ctx)
}
