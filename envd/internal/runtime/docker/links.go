package docker

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/envd-dev/envd/envd"
)

// Each link has an address of its own at the gateway. They lie between the gateway's first address and those that the
// engine assigns to containers.
const (
	firstLink = 16
	mostLinks = dynamicStart - firstLink
)

// linkAddress returns the address of the n-th link.
func (e *environment) linkAddress(n int) netip.Addr { return hostOf(e.subnet(), byte(firstLink+n)) }

func (e *environment) subnet() netip.Prefix { return netip.PrefixFrom(e.gateway, 24).Masked() }

// linkArguments tell the gateway its links, and the router the addresses that they need.
func (e *environment) linkArguments(env *envd.Environment) (links, addresses []string, err error) {
	if env == nil || len(env.Links) == 0 {
		return nil, nil, nil
	}
	if len(env.Links) > mostLinks {
		return nil, nil, fmt.Errorf("%w: %d links: a gateway has %d addresses for them", envd.ErrUnsupported, len(env.Links), mostLinks)
	}
	for i, l := range env.Links {
		address := e.linkAddress(i).String()
		links = append(links, "--link", l.From+":"+l.To+"="+address)
		addresses = append(addresses, "--address", address)
	}
	return links, addresses, nil
}

// hostsOf returns the lines of /etc/hosts for a container: stubs at the gateway's address, declared destinations outside at
// the router's, and for the consumer of a link its dependency at the link's.
func (e *environment) hostsOf(name string) []string {
	hosts := append(e.stubHosts(), e.wayHosts()...)
	if e.spec == nil {
		return hosts
	}
	svc := e.spec.Service(name)
	if svc == nil {
		return hosts
	}
	var own []string
	for i, l := range e.spec.Links {
		if !l.Of(svc) {
			continue
		}
		for _, n := range e.namesOf(l.To) {
			own = append(own, n+":"+e.linkAddress(i).String())
			hosts = slices.DeleteFunc(hosts, func(line string) bool { return strings.HasPrefix(line, n+":") })
		}
	}
	return append(own, hosts...)
}

// namesOf returns the hostnames of a service, of all its replicas, or of a stub.
func (e *environment) namesOf(target string) []string {
	names := []string{target}
	if stub := e.spec.Stub(target); stub != nil {
		return append(names, stub.Aliases...)
	}
	for _, s := range e.spec.Services {
		if s.Name == target || s.ReplicaOf == target {
			for _, n := range s.Hostnames {
				if !slices.Contains(names, n) {
					names = append(names, n)
				}
			}
		}
	}
	return names
}
