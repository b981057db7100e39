package compose

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/spec"
)

// ports returns the TCP ports that a service lists under ports or expose: they can be reached under its name.
func (r *reader) ports(s types.ServiceConfig) (ports []envd.Port) {
	add := func(name string, number int) {
		if !slices.ContainsFunc(ports, func(p envd.Port) bool { return p.Number == number }) {
			ports = append(ports, envd.Port{Name: name, Number: number})
		}
	}
	for _, p := range s.Ports {
		if p.Protocol == "" || p.Protocol == "tcp" {
			add(p.Name, int(p.Target))
		}
	}
	for _, exposed := range s.Expose {
		text, protocol, _ := strings.Cut(exposed, "/")
		first, last, isRange := strings.Cut(text, "-")
		from, err := strconv.Atoi(first)
		to := from
		if isRange && err == nil {
			to, err = strconv.Atoi(last)
		}
		if err != nil || to-from > 1000 {
			r.report(spec.RuleOutOfRange, fmt.Sprintf("service %s: %q is no port", s.Name, exposed), "write a port number", "services", s.Name, "expose")
			continue
		}
		for n := from; n <= to && (protocol == "" || protocol == "tcp"); n++ {
			add("", n)
		}
	}
	return ports
}

func numbers(ports []envd.Port) (out []int) {
	for _, p := range ports {
		out = append(out, p.Number)
	}
	return out
}

// published returns the ports that a service opens on this host.
func (r *reader) published(s types.ServiceConfig) (out []envd.Publish) {
	for _, p := range s.Ports {
		host, err := strconv.Atoi(p.Published)
		switch {
		case p.Protocol != "" && p.Protocol != "tcp":
			r.report(spec.RuleUnsupported, fmt.Sprintf("service %s: port %d/%s cannot be published", s.Name, p.Target, p.Protocol), "only TCP ports are published", "services", s.Name, "ports")
		case p.Published != "" && err != nil:
			r.report(spec.RuleUnsupported, fmt.Sprintf("service %s: the range %s cannot be published", s.Name, p.Published), "publish one port, or let a free one be found: \""+strconv.Itoa(int(p.Target))+"\"", "services", s.Name, "ports")
		default:
			out = append(out, envd.Publish{Port: int(p.Target), HostIP: p.HostIP, HostPort: host})
		}
	}
	return out
}
