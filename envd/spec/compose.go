package spec

import (
	"cmp"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"time"

	"github.com/invopop/jsonschema"
	"go.yaml.in/yaml/v3"

	"github.com/envd-dev/envd/envd"
)

func (c *composition) readNode(d *decoder, n *yaml.Node, path string) bool {
	type long composition // without this method
	if n.Kind == yaml.MappingNode {
		return d.structure(n, reflect.ValueOf((*long)(c)).Elem(), path)
	}
	if n.Kind == yaml.SequenceNode {
		return d.value(n, reflect.ValueOf(&c.Files).Elem(), path)
	}
	c.Files = make([]string, 1)
	return d.value(n, reflect.ValueOf(&c.Files[0]).Elem(), path)
}

// JSONSchemaExtend adds the short forms.
func (composition) JSONSchemaExtend(s *jsonschema.Schema) {
	long := *s
	text := &jsonschema.Schema{Type: "string"}
	*s = jsonschema.Schema{OneOf: []*jsonschema.Schema{text, &long, {Type: "array", Items: text}}}
}

// composeRuntime is where compose files live unless the spec says otherwise.
const composeRuntime = "docker"

// defaultRuntime sets the runtime of an environment with compose files, unless the spec does.
func (d *decoder) defaultRuntime(env *environment) {
	if env.Compose != nil && !d.given(&env.Runtime) {
		env.Runtime = composeRuntime
	}
}

// compose reads the environment's compose files.
func (r *resolver) compose() *Composed {
	doc := &r.doc.Environment
	c := doc.Compose
	if c == nil {
		return &Composed{}
	}
	if !r.sound(c) {
		return &Composed{unread: true}
	}
	if len(c.Files) == 0 {
		r.report(r.node(c), ruleMissingField, "environment.compose names no file", "write compose: compose.yaml")
		return &Composed{unread: true}
	}
	in := r.opts.composeInput(doc.Runtime, c.Publish, c.Profiles, r.display)
	before := len(r.found)
	for i := range c.Files {
		in.Files = append(in.Files, r.exists(&c.Files[i], c.Files[i], isFile, "environment.compose"))
	}
	for host, s := range doc.Stubs {
		in.Replaced = append(in.Replaced, cmp.Or(s.Replaces, host))
	}
	if len(r.found) > before {
		return &Composed{unread: true}
	}
	out, found := r.opts.readCompose(in)
	r.found = append(r.found, found...)
	if out == nil {
		return &Composed{unread: true}
	}
	r.replace(out)
	return out
}

// replace gives stubs the names and ports of the services that they stand in for.
func (r *resolver) replace(composed *Composed) {
	for _, host := range inOrder(r, r.doc.Environment.Stubs) {
		s := r.doc.Environment.Stubs[host]
		old, ok := composed.Replaced[cmp.Or(s.Replaces, host)]
		if !ok {
			if s.Replaces != "" {
				r.report(r.node(&s.Replaces), ruleUnknownService, fmt.Sprintf("stub %s replaces %q, which is no service of the compose file", host, s.Replaces),
					suggest(s.Replaces, "service", serviceNames(composed.Services)))
			}
			continue
		}
		for _, name := range append([]string{s.Replaces}, old.Hostnames...) {
			if name != "" && name != host && !slices.Contains(s.aliases, name) {
				s.aliases = append(s.aliases, name)
			}
		}
		for _, port := range old.Ports {
			_, tls := s.ports()
			if !r.given(&s.Ports) && !slices.Contains(tls, port) {
				s.Ports = append(s.Ports, port)
			}
		}
	}
}

func serviceNames(services []envd.Service) []string {
	names := make([]string, len(services))
	for i, s := range services {
		names[i] = s.Name
	}
	return names
}

func (o *Options) composeInput(runtime string, publish bool, profiles []string, display func(string) string) ComposeInput {
	return ComposeInput{Runtime: runtime, Publish: publish, Profiles: profiles, Lookup: o.Lookup, Display: display}
}

func (o *Options) readCompose(in ComposeInput) (*Composed, Diagnostics) {
	if o.Compose == nil {
		return nil, Diagnostics{{File: in.Display(in.Files[0]), Line: 1, Column: 1, Width: 1, Rule: ruleUnsupported, Message: "compose files cannot be read here"}}
	}
	return o.Compose(in)
}

// FromCompose makes a spec from compose files alone: an environment, with nothing to exercise. It is named after their
// project; opts.Runtime is docker by default.
func FromCompose(files, profiles []string, publish bool, opts Options) (*envd.Spec, Diagnostics) {
	opts.machine()
	names := map[string]string{}
	var absolute []string
	for _, f := range files {
		path, err := filepath.Abs(f)
		if err != nil {
			return nil, Diagnostics{unreadable(f, err)}
		}
		names[path], absolute = f, append(absolute, path)
	}
	in := opts.composeInput(cmp.Or(opts.Runtime, composeRuntime), publish, profiles, func(path string) string {
		if dir := filepath.Dir(files[0]); names[path] == "" {
			if rel, err := filepath.Rel(filepath.Dir(absolute[0]), path); err == nil {
				return filepath.Join(dir, rel)
			}
		}
		return cmp.Or(names[path], path)
	})
	in.Files = absolute
	composed, found := opts.readCompose(in)
	if len(found) > 0 {
		return nil, found
	}
	return &envd.Spec{
		APIVersion: "envd/v1", Name: fixedName(composed.Project), File: absolute[0], Dir: filepath.Dir(absolute[0]),
		Budget: envd.Duration(10 * time.Minute), Gate: envd.Gate{Guard: envd.Duration(time.Second)},
		Environment: &envd.Environment{Runtime: in.Runtime, Services: composed.Services, EnvFiles: composed.EnvFiles},
	}, nil
}

// composedHosts are the names under which the services of the compose files can be reached.
func (r *resolver) composedHosts() (hosts []string) {
	for i := range r.composed.Services {
		if s := &r.composed.Services[i]; s.Connected() {
			hosts = append(append(hosts, s.Name), s.Hostnames...)
		}
	}
	for _, s := range r.doc.Environment.Stubs {
		hosts = append(hosts, s.aliases...)
	}
	return hosts
}
