package compose

import (
	"fmt"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/spec"
)

// connected reports whether a service has a place of its own in the environment's network.
func connected(s types.ServiceConfig) bool {
	return s.NetworkMode != "none" && !strings.HasPrefix(s.NetworkMode, types.ServicePrefix)
}

// network sets which network a service has, if it is not the environment's. What would need one of its own is reported.
func (r *reader) network(s types.ServiceConfig, c *envd.Container) {
	if connected(s) {
		return
	}
	no := func(message, help string, key string) {
		r.report(spec.RuleUnsupported, fmt.Sprintf("service %s %s", s.Name, message), help, "services", s.Name, key)
	}
	of, shared := strings.CutPrefix(s.NetworkMode, types.ServicePrefix)
	owner, there := r.project.Services[of]
	needed := map[string]bool{"ports": len(s.Ports) > 0, "expose": len(s.Expose) > 0}
	why, help := "has no network", "remove it, or network_mode"
	switch {
	case !shared:
		c.NoNetwork = true
	case !there: // which was reported
		return
	case slices.Contains(r.Replaced, of):
		no("is to share the network of "+of+", for which a stub stands in", "name a service that runs", "network_mode")
		return
	case owner.GetScale() > 1:
		no(fmt.Sprintf("is to share the network of %s, which has %d instances", of, owner.GetScale()), "name a service with one instance", "network_mode")
		return
	case !connected(owner):
		no("is to share the network of "+of+", which has none of its own", "name the service that has it", "network_mode")
		return
	default:
		c.NetworkOf = of
		why, help = "shares the network of "+of, "write it into "+of
		needed["hostname"], needed["domainname"], needed["extra_hosts"] = s.Hostname != "", s.DomainName != "", len(s.ExtraHosts) > 0
		needed["dns_search"], needed["dns_opt"] = len(s.DNSSearch) > 0, len(s.DNSOpts) > 0
	}
	for _, key := range []string{"ports", "expose", "hostname", "domainname", "extra_hosts", "dns_search", "dns_opt"} {
		if needed[key] {
			no(why+", and cannot have "+key+" of its own", help, key)
		}
	}
}
