package process

import (
	"net"
	"strconv"
	"strings"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/runtime/process/internal/control"
)

// linkNetwork holds an address for each link. It is reserved for benchmarks (RFC 2544), so nothing real uses it. Loopback
// addresses would not do: a service that listens on every address would leave no port free there.
const linkNetwork = "198.18.0."

// firstLink is the number of the first link's address.
const firstLink = 16

// linksOf assigns every link of an environment an address.
func linksOf(env *envd.Environment) (links []control.Link) {
	if env == nil {
		return nil
	}
	for i, l := range env.Links {
		link := control.Link{Address: linkNetwork + strconv.Itoa(firstLink+i), Ports: l.Ports, Names: []string{l.To}}
		for j := range env.Services {
			s := &env.Services[j]
			if l.Of(s) {
				link.Services = append(link.Services, s.Name)
			}
			if s.Name == l.To || s.ReplicaOf == l.To {
				link.Names = append(link.Names, s.Hostnames...)
			}
		}
		if stub := env.Stub(l.To); stub != nil {
			link.Names = append(link.Names, stub.Aliases...)
		}
		links = append(links, link)
	}
	return links
}

// linkArguments returns the gateway's arguments about links and the sockets that it inherits for them.
func linkArguments(env *envd.Environment) (args []string) {
	links := linksOf(env)
	if len(links) == 0 {
		return nil
	}
	var sockets []string
	for i, link := range links {
		l := env.Links[i]
		args = append(args, "--link", l.From+":"+l.To+"="+link.Address)
		for _, port := range link.Ports {
			sockets = append(sockets, net.JoinHostPort(link.Address, strconv.Itoa(port)))
		}
	}
	return append(args, "--services", serviceAddress, "--socket", strings.Join(sockets, ","))
}
