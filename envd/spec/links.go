package spec

import (
	"fmt"
	"slices"
	"strings"

	"github.com/envd-dev/envd/envd"
)

// linkHelp says what a link should look like.
const linkHelp = `write "consumer -> dependency", for example target: shop -> db`

// links returns those that the environment lists, and those on which faults act, in the order of the file.
func (r *resolver) links(env *envd.Environment) (out []envd.Link) {
	add := func(from, to string) {
		l := envd.Link{From: from, To: to, Ports: portsOf(env, to)}
		if len(l.Ports) > 0 && !slices.ContainsFunc(out, func(o envd.Link) bool { return o.String() == l.String() }) {
			out = append(out, l)
		}
	}
	given := r.doc.Environment.Links
	for i := range given {
		if from, to, ok := r.ends(&given[i], given[i], " -> ", linkHelp); ok && r.leads(env, &given[i], from, to) {
			add(from, to)
		}
	}
	for i := range r.doc.Stages {
		for j := range r.doc.Stages[i].Faults {
			f := &r.doc.Stages[i].Faults[j]
			if from, to, bothWays, ok := r.linkOf(env, f); ok {
				add(from, to)
				if bothWays {
					add(to, from)
				}
			}
		}
	}
	return out
}

// linkOf checks the target of a fault that acts on links.
func (r *resolver) linkOf(env *envd.Environment, f *fault) (from, to string, bothWays, ok bool) {
	if !r.sound(&f.Target) || !r.sound(&f.Kind) {
		return "", "", false, false
	}
	switch {
	case f.Kind == "network.partition":
		from, to, ok = r.ends(&f.Target, f.Target, " <-> ", `write "a <-> b", for example target: shop <-> db`)
		return from, to, true, ok && r.parts(env, &f.Target, from, to)
	case strings.HasPrefix(f.Kind, "link."):
		from, to, ok = r.ends(&f.Target, f.Target, " -> ", linkHelp)
		return from, to, false, ok && r.leads(env, &f.Target, from, to)
	}
	return "", "", false, false
}

// ends splits a link at its arrow.
func (r *resolver) ends(field *string, target, arrow, help string) (from, to string, ok bool) {
	from, to, ok = strings.Cut(target, arrow)
	if !ok || strings.TrimSpace(from) != from || strings.TrimSpace(to) != to || strings.ContainsAny(from+to, " >") {
		r.report(r.node(field), ruleBadLink, fmt.Sprintf("%s is no link", quote(target)), help)
		return "", "", false
	}
	if from == to {
		r.report(r.node(field), ruleBadLink, fmt.Sprintf("%s leads nowhere", quote(target)), help)
		return "", "", false
	}
	return from, to, true
}

// leads reports a link that does not lead from a service to something that listens, and returns false.
func (r *resolver) leads(env *envd.Environment, field *string, from, to string) bool {
	switch {
	case !r.isService(env, field, from):
		return false
	case env.Stub(to) != nil:
		return true
	case env.Service(to) != nil:
		return r.connected(field, env.Service(to)) && r.listens(env, field, to)
	case r.composed.unread: // it may be in the compose files
		return false
	}
	known := serviceNames(env.Services)
	for i := range env.Stubs {
		known = append(known, env.Stubs[i].Host)
	}
	r.report(r.node(field), ruleUnknownTarget, fmt.Sprintf("a link leads to a service or a stub, and %s is none", quote(to)), suggest(to, "dependency", known))
	return false
}

// parts reports a partition unless it is between two services of which at least one listens.
func (r *resolver) parts(env *envd.Environment, field *string, a, b string) bool {
	return r.isService(env, field, a) && r.isService(env, field, b) && (len(portsOf(env, a)) > 0 || r.listens(env, field, b))
}

func (r *resolver) isService(env *envd.Environment, field *string, name string) bool {
	if s := env.Service(name); s != nil {
		return r.connected(field, s)
	}
	if r.composed.unread { // it may be in the compose files
		return false
	}
	r.report(r.node(field), ruleUnknownTarget, fmt.Sprintf("%s is no service", quote(name)), suggest(name, "service", serviceNames(env.Services)))
	return false
}

// listens reports a service without ports: a link carries only ports that are listed.
func (r *resolver) listens(env *envd.Environment, field *string, name string) bool {
	if len(portsOf(env, name)) > 0 {
		return true
	}
	r.report(r.node(field), ruleUnknownTarget, fmt.Sprintf("service %q lists no ports for a link to carry", name), fmt.Sprintf("add ports: [8080] to environment.services.%s", name))
	return false
}

// portsOf returns the ports of a service or a stub.
func portsOf(env *envd.Environment, name string) (ports []int) {
	if s := env.Service(name); s != nil {
		for _, p := range s.Ports {
			ports = append(ports, p.Number)
		}
	} else if s := env.Stub(name); s != nil {
		ports = slices.Concat(s.Ports, s.TLSPorts)
	}
	return ports
}
