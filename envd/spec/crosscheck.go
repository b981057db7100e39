package spec

import (
	"fmt"
	"maps"
	"net"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/envd-dev/envd/envd"
)

// sharesAddress reports whether a runtime's services share one network stack, so that no two can listen on the same port.
// Whether a service and a stub can depends on the machine, which the plan looks at.
func sharesAddress(runtime string) bool { return runtime == "process" }

// checkHostnames reports names that would mean two things inside the environment.
func (r *resolver) checkHostnames() {
	env := &r.doc.Environment
	owner := map[string]string{envd.GatewayName: "the gateway", "localhost": "the loopback"}
	claim := func(host, who string, at *yaml.Node) {
		if !hostForm.MatchString(host) || len(host) > 253 {
			r.report(at, ruleBadName, fmt.Sprintf("%s is no hostname", quote(host)), "write lower-case letters, digits, dashes and dots, for example payments.example.com")
			return
		}
		if ip := net.ParseIP(host); ip != nil {
			r.report(at, ruleBadName, fmt.Sprintf("%s is an address, no hostname", quote(host)), "what asks for an address cannot be led elsewhere: write the hostname that clients ask for")
			return
		}
		first, taken := owner[host]
		switch {
		case !taken:
			owner[host] = who
		case who == "service "+envd.GatewayName: // reported already: the name is reserved
		default:
			r.report(at, ruleHostnameClash, fmt.Sprintf("%s is already the name of %s", quote(host), first), "one hostname can lead to one place only")
		}
	}
	for _, s := range r.composed.Services {
		for _, host := range append([]string{s.Name}, s.Hostnames...) { // several may share one, as Compose has it
			owner[host] = "service " + s.Name + " of the compose file"
		}
	}
	for _, name := range inOrder(r, env.Services) {
		if labelForm.MatchString(name) {
			claim(name, "service "+name, r.key(env.Services[name]))
		}
	}
	for _, host := range inOrder(r, env.Stubs) {
		claim(host, "stub "+host, r.key(env.Stubs[host]))
		for _, alias := range env.Stubs[host].aliases {
			owner[alias] = "stub " + host
		}
	}
	for _, name := range inOrder(r, env.Services) {
		s := env.Services[name]
		for i := range s.Hostnames {
			if r.sound(&s.Hostnames[i]) && s.Hostnames[i] != name {
				claim(s.Hostnames[i], "service "+name, r.node(&s.Hostnames[i]))
			}
		}
	}
}

// waits returns the fields that name what a service waits for.
func (s *service) waits() (fields []*string) {
	for i := range s.DependsOn {
		fields = append(fields, &s.DependsOn[i])
	}
	for i := range s.After {
		fields = append(fields, &s.After[i])
	}
	return fields
}

// checkDependencies reports names in depends_on and after that are no services, and circles.
func (r *resolver) checkDependencies() {
	services := r.doc.Environment.Services
	known := slices.AppendSeq(serviceNames(r.composed.Services), maps.Keys(services))
	order := inOrder(r, services)
	for _, name := range order {
		s := services[name]
		for _, dep := range s.waits() {
			if r.sound(dep) && !slices.Contains(known, *dep) && !r.composed.unread {
				r.report(r.node(dep), ruleUnknownService, fmt.Sprintf("service %q depends on %q, which is no service", name, *dep),
					suggest(*dep, "service", slices.DeleteFunc(slices.Clone(known), func(k string) bool { return k == name })))
			}
		}
	}
	waiting := func(name string) (fields []*string) {
		s := services[name]
		return slices.DeleteFunc(s.waits(), func(on *string) bool { return services[*on] == nil })
	}
	names := func(name string) (names []string) {
		for _, on := range waiting(name) {
			names = append(names, *on)
		}
		return names
	}
	Circles(order, names, func(name string, i int, message string) {
		r.report(r.node(waiting(name)[i]), ruleDependencyCycle, message, CircleHelp)
	})
}

// listener is who listens on a port, and how.
type listener struct {
	who, how string // how: "" a service, "http" or "tls" a stub
}

// checkPorts reports listeners that would clash. Stubs share the gateway's listeners: several may answer on one port, told
// apart by hostname, as long as all of them speak plain HTTP there or all of them TLS.
func (r *resolver) checkPorts() {
	env := &r.doc.Environment
	const dns = 53 // the gateway's name server
	shared := map[int]listener{dns: {who: "the environment's name server"}}
	for _, name := range inOrder(r, env.Services) {
		taken := shared
		if !sharesAddress(env.Runtime) {
			taken = map[int]listener{}
		}
		s := env.Services[name]
		for i := range s.Ports {
			r.claimPort(taken, s.Ports[i].Port, listener{who: "service " + name}, &s.Ports[i].Port)
		}
	}
	gateway := map[int]listener{}
	for _, host := range inOrder(r, env.Stubs) {
		s := env.Stubs[host]
		plain, tls := s.ports()
		for i, port := range plain {
			r.claimPort(gateway, port, listener{"stub " + host, "http"}, place(s.Ports, i, s))
		}
		for i, port := range tls {
			r.claimPort(gateway, port, listener{"stub " + host, "tls"}, place(s.TLSPorts, i, s))
		}
	}
}

// place returns where a port is written, or the stub if the port is a default.
func place(ports []int, i int, s *stub) any {
	if i < len(ports) {
		return &ports[i]
	}
	return s
}

func (r *resolver) claimPort(taken map[int]listener, number int, l listener, field any) {
	if number == 0 { // reported already: it could not be read
		return
	}
	first, clash := taken[number]
	switch {
	case !clash:
		taken[number] = l
	case first.how != "" && first.how == l.how && first.who != l.who:
	case first == l:
		r.report(r.key(field), rulePortClash, fmt.Sprintf("%s lists port %d twice", l.who, number), "keep one of the two")
	case first.who == l.who:
		r.report(r.key(field), rulePortClash, fmt.Sprintf("%s cannot speak both HTTP and TLS on port %d", l.who, number), "use different ports")
	default:
		r.report(r.key(field), rulePortClash, fmt.Sprintf("port %d of %s is already the port of %s", number, l.who, first.who),
			portHelp(first, l))
	}
}

func portHelp(a, b listener) string {
	if a.how != "" && b.how != "" {
		return "one of them speaks HTTP and the other TLS there; use different ports"
	}
	return "on the process runtime all share one network: use different ports"
}
