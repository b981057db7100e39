package spec

import (
	"cmp"
	"fmt"
	"maps"
	"net"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/invopop/jsonschema"
	"go.yaml.in/yaml/v3"

	"github.com/envd-dev/envd/envd"
)

// Module is a backing service that a spec can name instead of describing it.
type Module struct {
	Name    string
	Image   string   // by default
	Command []string // replaces the image's entrypoint and command
	Args    []string // passed to the image's entrypoint
	Env     map[string]string
	Ports   []int
	Files   []ModuleFile
}

// ModuleFile is a file that a module's service needs.
type ModuleFile struct {
	Path    string
	Mode    uint32
	Content func(service string) string
}

func (b *build) readNode(d *decoder, n *yaml.Node, path string) bool {
	type long build // without this method
	if n.Kind == yaml.MappingNode {
		return d.structure(n, reflect.ValueOf((*long)(b)).Elem(), path)
	}
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!str" || n.Value == "" {
		return d.mismatch(n, reflect.TypeFor[build](), path)
	}
	d.nodes[&b.Context] = n
	b.Context, b.Dockerfile = n.Value, "Dockerfile"
	return true
}

// JSONSchemaExtend adds the short form.
func (build) JSONSchemaExtend(s *jsonschema.Schema) {
	shorten(s, &jsonschema.Schema{Type: "string", MinLength: new(uint64(1))})
}

func (p *publish) readNode(d *decoder, n *yaml.Node, path string) bool {
	type long publish // without this method
	if n.Kind == yaml.MappingNode {
		return d.structure(n, reflect.ValueOf((*long)(p)).Elem(), path)
	}
	if n.Kind != yaml.ScalarNode || n.ShortTag() == "!!bool" {
		return d.mismatch(n, reflect.TypeFor[publish](), path)
	}
	p.HostIP = "127.0.0.1"
	rest, inside := "", n.Value
	if i := strings.LastIndexByte(n.Value, ':'); i >= 0 {
		rest, inside = n.Value[:i], n.Value[i+1:]
	}
	outside := rest
	if i := strings.LastIndexByte(rest, ':'); i >= 0 {
		p.HostIP, outside = strings.Trim(rest[:i], "[]"), rest[i+1:]
	}
	var good, fine bool
	p.Port, good = portNumber(inside)
	p.HostPort, fine = portNumber(outside)
	if !good || !fine && outside != "" { // none: a free one
		return d.mismatch(n, reflect.TypeFor[publish](), path)
	}
	for _, field := range []any{&p.Port, &p.HostPort, &p.HostIP} {
		d.nodes[field] = n
	}
	return true
}

func portNumber(text string) (int, bool) {
	n, err := strconv.Atoi(text)
	return n, err == nil && n >= 1 && n <= 65535
}

// JSONSchemaExtend adds the short forms.
func (publish) JSONSchemaExtend(s *jsonschema.Schema) {
	shorten(s, &jsonschema.Schema{AnyOf: []*jsonschema.Schema{
		{Type: "integer", Minimum: "1", Maximum: "65535"}, {Type: "string", Pattern: `^(((\[.*\]|[^:]*):)?[0-9]*:)?[0-9]+$`},
	}})
}

// image resolves the image of a service: named, built, or that of its module.
func (r *resolver) image(where string, doc *service, module *Module, out *envd.Service) {
	out.Image = doc.Image
	if module != nil && doc.Build == nil {
		out.Image = cmp.Or(doc.Image, module.Image)
	}
	if doc.Build != nil {
		out.Build = r.build(where+".build", doc.Build)
	}
	switch {
	case out.Image != "" || out.Build != nil:
		out.Pull = doc.Pull
	case r.sound(&doc.Pull):
		r.report(r.key(&doc.Pull), ruleMissingField, where+".pull has no image to fetch", "write image: name:tag or build: ./folder, or remove pull")
	}
	if out.Pull == envd.PullNever && out.Build != nil {
		r.report(r.node(&doc.Pull), ruleChooseOne, where+" builds its image, and says pull: never", "leave pull out: what is built is never fetched")
	}
}

func (r *resolver) build(where string, doc *build) *envd.Build {
	out := &envd.Build{
		Context: r.exists(&doc.Context, doc.Context, isDir, where), Dockerfile: doc.Dockerfile, Target: doc.Target, Args: r.values(doc.Args),
	}
	if r.bad[doc] || !r.sound(&doc.Context) {
		return out
	}
	if !filepath.IsLocal(filepath.Clean(doc.Dockerfile)) {
		r.report(r.node(&doc.Dockerfile, &doc.Context), ruleBadPath, fmt.Sprintf("%s.dockerfile %s lies outside its context", where, quote(doc.Dockerfile)),
			"write a path relative to the context, or widen the context")
		return out
	}
	file := filepath.Join(out.Context, doc.Dockerfile)
	if r.given(&doc.Dockerfile) {
		r.exists(&doc.Dockerfile, file, isFile, where+".dockerfile")
	} else {
		r.exists(&doc.Context, file, isFile, where)
	}
	return out
}

// module finds the module that a service names, or nil.
func (r *resolver) module(doc *service) *Module {
	if !r.sound(&doc.Module) {
		return nil
	}
	var known []Module
	if r.opts.Modules != nil {
		known = r.opts.Modules()
	}
	names := make([]string, len(known))
	for i := range known {
		if names[i] = known[i].Name; known[i].Name == doc.Module {
			return &known[i]
		}
	}
	r.report(r.node(&doc.Module), ruleUnknownModule, fmt.Sprintf("there is no module %s", quote(doc.Module)), suggest(doc.Module, "module", names))
	return nil
}

// ports returns the ports that a service lists, and those of its module.
func (r *resolver) ports(doc *service) (ports []envd.Port) {
	for _, p := range doc.Ports {
		ports = append(ports, envd.Port{Name: p.Name, Number: p.Port})
	}
	for _, number := range r.modulePorts[doc] {
		if !slices.ContainsFunc(ports, func(p envd.Port) bool { return p.Number == number }) {
			ports = append(ports, envd.Port{Number: number})
		}
	}
	return ports
}

// moduleTimeout is enough for the slower modules to set themselves up.
const moduleTimeout = envd.Duration(2 * time.Minute)

// fill completes a service with the settings of its module. Those of the spec win.
func (m *Module) fill(out *envd.Service, probed, timed bool) {
	out.Module = m.Name
	env := map[string]envd.Value{}
	for name, value := range m.Env {
		env[name] = envd.Value{Text: strings.ReplaceAll(value, "$", "$$")}
	}
	maps.Copy(env, out.Env)
	out.Env = env
	if out.Command == nil {
		out.Command, out.Args = m.Command, m.Args
	}
	for _, f := range m.Files {
		if !slices.ContainsFunc(out.Files, func(given envd.File) bool { return given.Path == f.Path }) {
			content := envd.Value{Text: strings.ReplaceAll(f.Content(out.Name), "$", "$$")}
			out.Files = append(out.Files, envd.File{Path: f.Path, Content: content, Mode: f.Mode})
		}
	}
	out.Ready.Module = !probed
	if !probed && !timed {
		out.Ready.Timeout = moduleTimeout
	}
}

func (r *resolver) publish(where string, doc *service) (out []envd.Publish) {
	for i := range doc.Publish {
		p := &doc.Publish[i]
		if r.bad[p] {
			continue
		}
		r.listed(&p.Port, p.Port, doc, fmt.Sprintf("%s.publish[%d]", where, i))
		if net.ParseIP(p.HostIP) == nil && r.sound(&p.HostIP) {
			r.report(r.node(&p.HostIP), ruleBadDestination, fmt.Sprintf("%s is no address of this host", quote(p.HostIP)), "write 127.0.0.1, or 0.0.0.0 for all of its networks")
		}
		out = append(out, envd.Publish{Port: p.Port, HostPort: p.HostPort, HostIP: p.HostIP})
	}
	return out
}

// checkPublished reports ports of this host that are published twice.
func (r *resolver) checkPublished() {
	taken := map[int]listener{}
	for _, name := range inOrder(r, r.doc.Environment.Services) {
		s := r.doc.Environment.Services[name]
		for i := range s.Publish {
			p := &s.Publish[i]
			if first, clash := taken[p.HostPort]; clash && p.HostPort != 0 {
				r.report(r.node(&p.HostPort), rulePortClash, fmt.Sprintf("port %d of this host already leads to %s", p.HostPort, first.who),
					"use another, or leave the host's port out: a free one is taken")
				continue
			}
			taken[p.HostPort] = listener{who: "service " + name}
		}
	}
}

// checkReplicas reports clashes with the names of replicas, which are hostnames too.
func (r *resolver) checkReplicas() {
	services := r.doc.Environment.Services
	for _, name := range inOrder(r, services) {
		s := services[name]
		for n := 1; n <= s.Replicas && s.Replicas > 1; n++ {
			replica := name + "-" + strconv.Itoa(n)
			if other := services[replica]; other != nil {
				r.report(r.key(other), ruleHostnameClash, fmt.Sprintf("%s is already the name of replica %d of service %s", quote(replica), n, name),
					"choose another name")
			}
		}
	}
}
