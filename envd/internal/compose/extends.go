package compose

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/envd-dev/envd/envd/spec"
)

// base is a service that another one extends.
type base struct {
	file *file
	name string
	node *yaml.Node
}

// service finds a service in a file or in those that it includes; nil if there is none.
func (f *file) service(name string) *base {
	if _, services := child(f.root, "services"); services != nil {
		if _, node := child(services, name); node != nil {
			return &base{f, name, resolved(node)}
		}
	}
	for _, one := range slices.Backward(f.includes) {
		for _, in := range slices.Backward(one.files) {
			if found := in.service(name); found != nil {
				return found
			}
		}
	}
	return nil
}

// services returns the names of the services that are written in a file.
func (f *file) services() (names []string) {
	_, services := child(f.root, "services")
	if services == nil {
		return nil
	}
	services = resolved(services)
	for i := 0; services.Kind == yaml.MappingNode && i+1 < len(services.Content); i += 2 {
		names = append(names, services.Content[i].Value)
	}
	return names
}

// basesOf returns the services that a service extends: the one it names first, then the one that this one names, and so on.
func (r *reader) basesOf(f *file, name string) []base {
	if known, ok := f.bases[name]; ok {
		return known
	}
	f.bases[name] = nil
	var out []base
	at := f.service(name)
	trail := []string{name}
	for at != nil {
		next := r.extended(at)
		if next == nil {
			break
		}
		trail = append(trail, next.name)
		if next.node == f.service(name).node || slices.ContainsFunc(out, func(b base) bool { return b.node == next.node }) {
			place, _ := child(at.node, "extends")
			r.found = append(r.found, at.file.text.At(place, spec.RuleDependencyCycle, "extends goes in a circle: "+strings.Join(trail, " → "), "remove one of these"))
			break
		}
		out, at = append(out, *next), next
	}
	f.bases[name] = out
	return out
}

// extended returns the service that b extends, or nil. It reports mistakes in extends.
func (r *reader) extended(b *base) *base {
	_, extends := child(b.node, "extends")
	if extends == nil {
		return nil
	}
	extends = resolved(extends)
	c, service, in := &checker{reader: r, file: b.file}, extends, b.file
	if extends.Kind == yaml.MappingNode {
		_, service = child(extends, "service")
		if _, other := child(extends, "file"); other != nil {
			if in = r.lend(c, resolved(other)); in == nil {
				return nil
			}
		}
	}
	if service == nil || resolved(service).Kind != yaml.ScalarNode {
		r.found = append(r.found, b.file.text.At(extends, spec.RuleMissingField, "extends names no service", "write extends: {service: name}, with file: other.yaml where it is in another file"))
		return nil
	}
	name := c.interpolate(resolved(service), nil)
	next := in.service(name)
	if next == nil {
		r.found = append(r.found, b.file.text.At(service, spec.RuleUnknownService, fmt.Sprintf("service %q extends %q, which is no service of %s", b.name, name, r.Display(in.path)),
			spec.Suggest(name, "service", in.services())))
		return nil
	}
	next.file.lent[name] = true
	return next
}

// lend opens, once, the file in which an extended service is. It is read with the variables of the file that names it, but
// its relative paths start from its own folder.
func (r *reader) lend(c *checker, n *yaml.Node) *file {
	if known, ok := c.file.lends[n]; ok {
		return known
	}
	path := c.further(n, "extends")
	if path == "" {
		c.file.lends[n] = nil
		return nil
	}
	key := loan{path, c.file.scope}
	f, ok := r.lent[key]
	if !ok {
		if f = r.parse(path, c.file.scope, &place{c.file, n}); f != nil {
			f.dir, f.lender = filepath.Dir(path), true
		}
		r.lent[key] = f
	}
	c.file.lends[n] = f
	return f
}

// loan identifies a file from which services are extended: the same path read with other variables is another one.
type loan struct {
	path  string
	scope *scope
}
