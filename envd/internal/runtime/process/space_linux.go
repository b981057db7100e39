package process

import (
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/runtime/process/internal/control"
)

// spaceOf returns which paths in private directories of the host an environment must see, and what its names resolve to.
func spaceOf(env *envd.Environment, shared []string) (visible []string, furnish control.Furnish, err error) {
	visible = slices.Clone(shared)
	if env == nil {
		return outermost(visible), furnish, nil
	}
	for _, svc := range env.Services {
		names := append([]string{svc.Name}, svc.Hostnames...)
		furnish.Hosts = append(furnish.Hosts, control.HostAddress{Address: serviceAddress, Names: names})
		visible = append(visible, svc.WorkDir)
		if len(svc.Command) > 0 {
			visible = append(visible, svc.Command[0])
		}
	}
	for _, stub := range env.Stubs {
		furnish.Hosts = append(furnish.Hosts, control.HostAddress{Address: gatewayAddress, Names: append([]string{stub.Host}, stub.Aliases...)})
	}
	furnish.Links = linksOf(env)
	if len(furnish.Links) > 0 {
		furnish.Hosts = append(furnish.Hosts, control.HostAddress{Address: gatewayAddress, Names: []string{envd.GatewayName}})
	}
	addresses := map[string]string{}
	for _, destination := range env.Egress {
		host, port, err := net.SplitHostPort(destination)
		if err != nil {
			return nil, furnish, fmt.Errorf("egress %s: %w", destination, err)
		}
		address := addresses[host]
		switch {
		case address != "":
		case net.ParseIP(host) != nil:
			address = host
		case len(addresses) >= 254:
			return nil, furnish, errors.New("egress: more than 254 hosts")
		default:
			address = egressNetwork + strconv.Itoa(len(addresses)+1)
			furnish.Hosts = append(furnish.Hosts, control.HostAddress{Address: address, Names: []string{host}})
		}
		addresses[host] = address
		furnish.Egress = append(furnish.Egress, control.Egress{Address: net.JoinHostPort(address, port), Destination: destination})
	}
	return outermost(visible), furnish, nil
}

// firstRedirected is the first of the ports on which the gateway listens where a service needs the stub's own. They are
// below the ports of outgoing connections (32768).
const firstRedirected = 30000

// redirects finds another port for each of the gateway's that a service has too, because that may listen on every address.
func redirects(env *envd.Environment) (found []control.Redirect) {
	services, taken := map[int]bool{}, map[int]bool{}
	for _, svc := range env.Services {
		for _, p := range svc.Ports {
			services[p.Number], taken[p.Number] = true, true
		}
	}
	var gateway []int
	for _, stub := range env.Stubs {
		gateway = slices.Concat(gateway, stub.Ports, stub.TLSPorts)
	}
	if len(env.Links) > 0 {
		gateway = append(gateway, envd.ToxiproxyPort)
	}
	for _, p := range gateway {
		taken[p] = true
	}
	slices.Sort(gateway)
	to := firstRedirected
	for _, p := range slices.Compact(gateway) {
		if !services[p] {
			continue
		}
		for taken[to] {
			to++
		}
		taken[to] = true
		found = append(found, control.Redirect{From: net.JoinHostPort(gatewayAddress, strconv.Itoa(p)), To: uint16(to)})
	}
	return found
}

// outermost returns the absolute paths, symlinks resolved, without those that lie below another.
func outermost(paths []string) []string {
	var absolute []string
	for _, p := range paths {
		if !filepath.IsAbs(p) {
			continue
		}
		absolute = append(absolute, filepath.Clean(p))
		if resolved, err := filepath.EvalSymlinks(p); err == nil {
			absolute = append(absolute, resolved)
		}
	}
	sort.Strings(absolute)
	var out []string
	for _, p := range absolute {
		if !covered(p, out) {
			out = append(out, p)
		}
	}
	return out
}

// covered reports whether path is one of those, or lies below one.
func covered(path string, by []string) bool {
	return slices.ContainsFunc(by, func(above string) bool { return path == above || strings.HasPrefix(path, above+"/") })
}
