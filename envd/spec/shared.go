package spec

import (
	"fmt"
	"slices"

	"github.com/envd-dev/envd/envd"
)

// connected reports a service that has no place of its own in the environment's network: no link begins or ends there.
func (r *resolver) connected(field *string, s *envd.Service) bool {
	switch of := s.SharesNetworkOf(); {
	case s.Connected():
		return true
	case of != "":
		r.report(r.node(field), ruleUnknownTarget, fmt.Sprintf("service %q has no network of its own: it shares that of %q", s.Name, of), fmt.Sprintf("name %s: what acts on its paths acts on those of %s too", of, s.Name))
	default:
		r.report(r.node(field), ruleUnknownTarget, fmt.Sprintf("service %q has no network", s.Name), "remove network_mode: none from it, or name another service")
	}
	return false
}

// checkShared reports faults that would leave other services than their target without a network, and those that would leave
// their target as it is.
func (r *resolver) checkShared(doc *fault, s *envd.Service) {
	if doc.Kind == "network.disconnect" {
		r.connected(&doc.Target, s)
		return
	}
	if !slices.Contains([]string{"service.kill", "service.stop", "service.restart"}, doc.Kind) {
		return
	}
	for i := range r.composed.Services {
		if other := &r.composed.Services[i]; other.SharesNetworkOf() == s.Name {
			r.report(r.node(&doc.Target), ruleUnknownTarget, fmt.Sprintf("service %q shares the network of %q, and would be left in one that has ended", other.Name, s.Name),
				"use network.disconnect or service.pause, or name "+other.Name)
			return
		}
	}
}

// findService returns the service of that name, or nil.
func findService(services []envd.Service, name string) *envd.Service {
	if i := slices.IndexFunc(services, func(s envd.Service) bool { return s.Name == name }); i >= 0 {
		return &services[i]
	}
	return nil
}
