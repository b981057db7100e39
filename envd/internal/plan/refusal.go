package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/envd-dev/envd/envd"
)

// Refusal lists everything that an environment needs and its runtime cannot do on this machine.
type Refusal struct {
	Runtime string
	Reasons []string // each names who needs what, and what to do
	Lacks   string   // why the runtime lacks something on this machine; empty if it does everywhere
}

func (r *Refusal) Error() string {
	text := fmt.Sprintf("runtime %s cannot hold this environment: %s", r.Runtime, strings.Join(r.Reasons, "; "))
	if r.Lacks != "" {
		text += " (" + r.Lacks + ")"
	}
	return text
}

// Unwrap makes a refusal an envd.ErrUnsupported.
func (r *Refusal) Unwrap() error { return envd.ErrUnsupported }

// refuse compares what env needs with what the runtime can do.
func refuse(env *envd.Environment, caps envd.Capabilities) error {
	r := &Refusal{Runtime: env.Runtime, Lacks: caps.Lacks}
	no := func(format string, args ...any) { r.Reasons = append(r.Reasons, fmt.Sprintf(format, args...)) }
	for i := range env.Services {
		s := &env.Services[i]
		switch {
		case len(s.Command) == 0 && s.Image == "" && s.Build == nil:
			no("service %s has nothing to run", s.Name)
		case s.Module != "" && !caps.Images:
			no("service %s is the module %s, which runs from an image only", s.Name, s.Module)
		case len(s.Command) == 0 && s.Build != nil && !caps.Images:
			no("service %s is built as an image only: add a command", s.Name)
		case len(s.Command) == 0 && !caps.Images:
			no("service %s is given as an image only (%s): add a command", s.Name, s.Image)
		case s.Image == "" && s.Build == nil && !caps.Commands:
			no("service %s is given as a command only: add an image", s.Name)
		}
		if !caps.Images && (len(s.Mounts) > 0 || s.Container != nil) {
			no("service %s has mounts or settings that only containers have", s.Name)
		}
		if s.Replicas > 1 && !caps.Replicas {
			no("service %s wants %d replicas", s.Name, s.Replicas)
		}
		if s.Resources != (envd.Resources{}) && !caps.Resources {
			no("service %s bounds its resources", s.Name)
		}
		if len(s.Hostnames) > 0 && !caps.Hostnames {
			no("service %s answers to %s: hostnames do not resolve", s.Name, strings.Join(s.Hostnames, ", "))
		}
	}
	for i := range env.Stubs {
		if !caps.Hostnames {
			no("stub %s: production hostnames do not resolve", env.Stubs[i].Host)
		}
	}
	for _, l := range env.Links {
		if !caps.Links {
			no("link %s: no path can lead through the gateway here", l)
		}
	}
	if len(env.Egress) > 0 && !caps.Egress {
		no("egress to %s: nothing outside can be reached", strings.Join(env.Egress, ", "))
	}
	if caps.SharedPorts {
		r.Reasons = append(r.Reasons, clashes(env, caps)...)
	}
	if len(r.Reasons) == 0 {
		return nil
	}
	return r
}

// RefuseFaults compares the faults of stages with what the runtime can do. If it cannot carry out all of them, the error is
// a Refusal that lists those.
func RefuseFaults(runtime string, stages []envd.Stage, caps envd.Capabilities) error {
	r := &Refusal{Runtime: runtime, Lacks: caps.Lacks}
	for _, s := range stages {
		for _, f := range s.Faults {
			if reason := missing(f.Kind, caps); reason != "" {
				r.Reasons = append(r.Reasons, fmt.Sprintf("fault %s (%s on %s): %s", f.Name, f.Kind, f.Target, reason))
			}
		}
	}
	if len(r.Reasons) == 0 {
		return nil
	}
	return r
}

// missing says why the runtime cannot carry out a kind of fault; empty if it can.
func missing(kind string, caps envd.Capabilities) string {
	switch {
	case kind == "service.pause" && !caps.Pause:
		return "services cannot be frozen"
	case kind == "service.limit" && !caps.Limits:
		return "the bounds of a service that runs cannot be changed"
	case kind == "network.disconnect" && !caps.Disconnect:
		return "services share one network, so none can be taken off it; network.partition cuts the paths between two of them"
	}
	return ""
}

// clashes returns the ports on which two services, or a service and a stub, would listen at one address.
func clashes(env *envd.Environment, caps envd.Capabilities) (reasons []string) {
	owner := map[int]string{}
	for _, s := range env.Services {
		for _, p := range s.Ports {
			if first, taken := owner[p.Number]; taken {
				reasons = append(reasons, fmt.Sprintf("services %s and %s both listen on port %d, and services share one address", first, s.Name, p.Number))
				continue
			}
			owner[p.Number] = s.Name
		}
	}
	if caps.StubsApart {
		return reasons
	}
	for _, s := range env.Stubs {
		for _, p := range slices.Concat(s.Ports, s.TLSPorts) {
			if service, taken := owner[p]; taken {
				reasons = append(reasons, fmt.Sprintf("stub %s and service %s both listen on port %d, and they share one address", s.Host, service, p))
			}
		}
	}
	return reasons
}
