package docker

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"

	"github.com/envd-dev/envd/envd"
)

// pool provides the subnets, a /24 for each environment: 2048 at a time. The engine's default pools are exhausted after
// about thirty networks.
var pool = netip.MustParsePrefix("10.200.0.0/13")

const (
	subnets      = 1 << (24 - 13)
	subnetTries  = 64 // how often to lose the race for a subnet before giving up
	routerHost   = 2  // host numbers in a subnet: the router's; the bridge has 1
	gatewayHost  = 3
	dynamicStart = 128
)

// defaultRoute is the bridge driver's name for the address to which containers get their default route.
const defaultRoute = "DefaultGatewayIPv4"

// subnetAt returns the n-th subnet of the pool.
func subnetAt(n int) netip.Prefix {
	base := pool.Addr().As4()
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{base[0], base[1] + byte(n>>8), byte(n), 0}), 24)
}

func hostOf(subnet netip.Prefix, n byte) netip.Addr {
	a := subnet.Addr().As4()
	a[3] = n
	return netip.AddrFrom4(a)
}

// createNetwork creates an environment's network, in a subnet that nobody uses.
//
// It is not an internal network in the engine's sense. In those, packets that want out are dropped silently: callers hang
// until they time out, and nobody learns of it. Here the only route of containers leads to the environment's router, which
// refuses and records. Without NET_ADMIN and NET_RAW they cannot choose another, and without masquerading no answer comes
// back.
//
// The search for a subnet starts at a place that depends on the name, so that environments that start together do not race
// for the same one.
func createNetwork(ctx context.Context, cli *client.Client, name string, labels map[string]string) (string, netip.Prefix, error) {
	taken, err := takenSubnets(ctx, cli)
	if err != nil {
		return "", netip.Prefix{}, err
	}
	h := fnv.New32a()
	h.Write([]byte(name))
	first, tries := int(h.Sum32()%subnets), 0
	for i := range subnets {
		subnet := subnetAt((first + i) % subnets)
		if slices.ContainsFunc(taken, subnet.Overlaps) {
			continue
		}
		created, err := cli.NetworkCreate(ctx, name, client.NetworkCreateOptions{
			Driver: "bridge", Options: map[string]string{"com.docker.network.bridge.enable_ip_masquerade": "false"},
			IPAM: &network.IPAM{Driver: "default", Config: []network.IPAMConfig{{
				Subnet: subnet, Gateway: hostOf(subnet, 1), IPRange: netip.PrefixFrom(hostOf(subnet, dynamicStart), 25),
				AuxAddress: map[string]netip.Addr{defaultRoute: hostOf(subnet, routerHost)},
			}}},
			Labels: labels,
		})
		if err == nil {
			return created.ID, subnet, nil
		}
		if conflict(err) {
			return "", netip.Prefix{}, fmt.Errorf("network %s %w", name, envd.ErrExists) // another process was faster
		}
		if tries++; !strings.Contains(err.Error(), "overlap") || tries == subnetTries {
			return "", netip.Prefix{}, fmt.Errorf("network %s: %w", name, err)
		}
	}
	return "", netip.Prefix{}, fmt.Errorf("network %s: no subnet of %s is free: %d are in use (envd gc removes what nobody owns)", name, pool, subnets)
}

// takenSubnets returns the subnets of the engine's networks and of this machine's interfaces.
func takenSubnets(ctx context.Context, cli *client.Client) ([]netip.Prefix, error) {
	networks, err := cli.NetworkList(ctx, client.NetworkListOptions{})
	if err != nil {
		return nil, unreachable(cli.DaemonHost(), err)
	}
	var taken []netip.Prefix
	for _, n := range networks.Items {
		for _, c := range n.IPAM.Config {
			taken = append(taken, c.Subnet)
		}
	}
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return nil, err
	}
	for _, a := range addresses {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			taken = append(taken, p.Masked())
		}
	}
	return taken, nil
}

func networkName(id string) string { return "envd-" + id }

// firstControlPort is where the gateway's control API listens unless a stub has the port.
const firstControlPort = 20600

func controlPort(env *envd.Environment) int {
	port := firstControlPort
	if env == nil {
		return port
	}
	taken := map[int]bool{}
	for _, s := range env.Stubs {
		for _, p := range append(slices.Clone(s.Ports), s.TLSPorts...) {
			taken[p] = true
		}
	}
	for taken[port] {
		port++
	}
	return port
}

// adopt finds, by its labels, an environment that another process created.
func (r *Runtime) adopt(ctx context.Context, cli *client.Client, id string) (*environment, error) {
	networks, err := cli.NetworkList(ctx, client.NetworkListOptions{Filters: of(id)})
	if err != nil {
		return nil, unreachable(cli.DaemonHost(), err)
	}
	if len(networks.Items) == 0 {
		return nil, fmt.Errorf("%w: %s", envd.ErrNotFound, id)
	}
	n := networks.Items[0]
	port, err := strconv.Atoi(n.Labels[labelControl])
	if err != nil || len(n.IPAM.Config) == 0 {
		return nil, errors.Join(fmt.Errorf("network %s is not as envd makes them", n.Name), err)
	}
	return newEnvironment(r, cli, id, n.ID, n.IPAM.Config[0].Subnet, port), nil
}
