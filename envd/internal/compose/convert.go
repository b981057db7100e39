package compose

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/spec"
)

// convert turns the project into services, in the order of the files.
func (r *reader) convert() *spec.Composed {
	out := &spec.Composed{Project: r.project.Name, Replaced: map[string]spec.Replaced{}}
	if r.Runtime == "process" {
		r.refuseRuntime()
		return out
	}
	r.checkResources()
	r.checkDependencies()
	for _, name := range r.inOrder() {
		s := r.project.Services[name]
		if slices.Contains(r.Replaced, name) {
			out.Replaced[name] = spec.Replaced{Hostnames: r.hostnames(s), Ports: numbers(r.ports(s))}
			continue
		}
		out.Services = append(out.Services, r.service(s))
	}
	if len(r.project.Services) == 0 {
		r.report(spec.RuleMissingField, "no service is enabled", "write services: {name: {image: name}}, or enable a profile", "services")
	}
	r.conditions(out.Services)
	out.EnvFiles = r.envFiles()
	return out
}

// inOrder lists the enabled services in the order of the files.
func (r *reader) inOrder() []string {
	line := func(name string) int {
		d := r.at("", "", "", "services", name)
		return slices.IndexFunc(r.files, func(f *file) bool { return r.Display(f.path) == d.File })<<32 + d.Line
	}
	return slices.SortedFunc(maps.Keys(r.project.Services), func(a, b string) int {
		return cmp.Or(cmp.Compare(line(a), line(b)), cmp.Compare(a, b))
	})
}

// refuseRuntime reports for every service why it needs containers.
func (r *reader) refuseRuntime() {
	for _, name := range r.inOrder() {
		s := r.project.Services[name]
		what, key := "is the image "+s.Image, "image"
		if s.Build != nil {
			what, key = "is built from "+r.Display(s.Build.Context), "build"
		}
		r.report(spec.RuleUnsupported, fmt.Sprintf("service %s %s: the process runtime runs programs of this machine, not images", name, what),
			"use --runtime docker, or write the service with a command in a spec", "services", name, key)
	}
}

var serviceForm = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}$`)

func (r *reader) service(s types.ServiceConfig) envd.Service {
	at := []string{"services", s.Name}
	switch {
	case s.Name == envd.GatewayName:
		r.report(spec.RuleReservedName, `"gateway" is the name of the environment's own gateway`, `choose another name, for example "api-gateway"`, at...)
	case !serviceForm.MatchString(s.Name):
		r.report(spec.RuleBadName, fmt.Sprintf("a service's name cannot be %q", s.Name), "use letters, digits, dashes, dots and underscores, 63 at most", at...)
	}
	if s.Image == "" && s.Build == nil {
		r.report(spec.RuleMissingField, fmt.Sprintf("service %s has neither an image nor a build", s.Name), "write image: name:tag", at...)
	}
	out := envd.Service{
		Name: s.Name, Hostnames: r.hostnames(s), Image: s.Image, Build: r.build(s), Pull: pull(s.PullPolicy),
		WorkDir: s.WorkingDir, User: s.User, Env: valuesOf(s.Environment), EnvFiles: r.envFilesOf(s),
		Ports: r.ports(s), Files: r.placed(s), Ready: r.ready(s), Replicas: s.GetScale(),
		Resources: r.resources(s), Stop: r.stop(s), Mounts: r.mounts(s), Container: r.container(s),
		Restart: restart(s), AfterStart: r.hooks(s, "post_start", s.PostStart), BeforeStop: r.hooks(s, "pre_stop", s.PreStop),
	}
	r.program(&out, s)
	if r.Publish {
		out.Publish = r.published(s)
	}
	if out.Replicas == 0 {
		r.report(spec.RuleOutOfRange, fmt.Sprintf("service %s has no instance at all", s.Name), "use 1 or more, or leave it out with a profile", append(at, "scale")...)
	}
	return out
}

// program sets what runs: a whole command if the service has an entrypoint, otherwise arguments for the image's own.
func (r *reader) program(out *envd.Service, s types.ServiceConfig) {
	switch {
	case s.Entrypoint == nil:
		out.Args = s.Command
		if s.Command != nil && len(s.Command) == 0 {
			r.report(spec.RuleUnsupported, fmt.Sprintf("service %s clears its image's command", s.Name), "write the command out: entrypoint: [program, --flag]", "services", s.Name, "command")
		}
	case len(s.Entrypoint)+len(s.Command) == 0:
		r.report(spec.RuleUnsupported, fmt.Sprintf("service %s clears its image's entrypoint", s.Name), "write the command out: entrypoint: [program, --flag]", "services", s.Name, "entrypoint")
	default:
		out.Command = slices.Concat(s.Entrypoint, s.Command)
	}
}

// hooks are commands to run in a service.
func (r *reader) hooks(s types.ServiceConfig, key string, given []types.ServiceHook) (out []envd.Hook) {
	for _, h := range given {
		if len(h.Command) == 0 {
			r.report(spec.RuleMissingField, fmt.Sprintf("service %s: %s has no command", s.Name, key), "write command: [program, argument]", "services", s.Name, key)
		}
		out = append(out, envd.Hook{Command: h.Command, User: h.User, WorkDir: h.WorkingDir, Env: valuesOf(h.Environment)})
	}
	return out
}

// hostnames returns the names that a service answers to besides its own.
func (r *reader) hostnames(s types.ServiceConfig) (names []string) {
	if !connected(s) {
		return nil
	}
	add := func(name string) {
		if name != "" && name != s.Name && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	add(s.ContainerName)
	add(s.Hostname)
	if s.DomainName != "" {
		add(cmp.Or(s.Hostname, s.Name) + "." + s.DomainName)
	}
	for _, network := range slices.Sorted(maps.Keys(s.Networks)) {
		if n := s.Networks[network]; n != nil {
			for _, alias := range n.Aliases {
				add(alias)
			}
		}
	}
	for _, other := range r.project.Services {
		for _, link := range other.Links {
			if name, alias, _ := strings.Cut(link, ":"); name == s.Name {
				add(alias)
			}
		}
	}
	slices.Sort(names)
	return names
}

// pull translates a pull policy; the others are refused.
func pull(policy string) string {
	switch policy {
	case "always":
		return envd.PullAlways
	case "never":
		return envd.PullNever
	}
	return ""
}

// valuesOf converts variables, whose values are references already. Those without a value are left out.
func valuesOf(vars types.MappingWithEquals) map[string]envd.Value {
	var out map[string]envd.Value
	for name, value := range vars {
		if value == nil {
			continue
		}
		if out == nil {
			out = map[string]envd.Value{}
		}
		out[name] = envd.Value{Text: *value}
	}
	return out
}

func (r *reader) envFilesOf(s types.ServiceConfig) (files []envd.EnvFile) {
	for _, f := range s.EnvFiles {
		if f.Required {
			r.exists(f.Path, "service "+s.Name+": env_file", "services", s.Name, "env_file", f.Path)
		}
		files = append(files, envd.EnvFile{Path: f.Path, Optional: !bool(f.Required), Raw: f.Format == "raw"})
	}
	return files
}

func (r *reader) stop(s types.ServiceConfig) envd.Stop {
	out := envd.Stop{Signal: strings.TrimPrefix(strings.ToUpper(s.StopSignal), "SIG"), Grace: envd.Duration(defaultGrace)}
	if s.StopGracePeriod != nil {
		out.Grace = envd.Duration(*s.StopGracePeriod)
	}
	return out
}

// restart returns the restart policy. deploy.restart_policy wins over restart, as with Compose.
func restart(s types.ServiceConfig) *envd.Restart {
	policy, most := s.Restart, 0
	if s.Deploy != nil && s.Deploy.RestartPolicy != nil {
		policy = cmp.Or(s.Deploy.RestartPolicy.Condition, "any")
		if n := s.Deploy.RestartPolicy.MaxAttempts; n != nil {
			most = int(*n)
		}
	}
	policy, bound, _ := strings.Cut(policy, ":")
	if n, err := strconv.Atoi(bound); err == nil {
		most = n
	}
	switch policy {
	case "always", "unless-stopped", "any":
		return &envd.Restart{Always: true, Most: most}
	case "on-failure":
		return &envd.Restart{Most: most}
	case "no", "false", "none": // said explicitly, so the service may end
		return &envd.Restart{Never: true}
	}
	return nil
}

// defaultPeriod is the engine's, in microseconds.
const defaultPeriod = 100_000

func (r *reader) resources(s types.ServiceConfig) envd.Resources {
	out := envd.Resources{CPUMillis: int64(s.CPUS * 1000), MemoryBytes: int64(s.MemLimit)}
	if s.MemSwapLimit != 0 && s.MemSwapLimit != s.MemLimit {
		r.report(spec.RuleUnsupported, fmt.Sprintf("service %s: memswap_limit other than mem_limit is not supported by envd", s.Name),
			"services have no swap beyond their memory: make it what mem_limit is, or remove it", "services", s.Name, "memswap_limit")
	}
	if s.CPUQuota > 0 { // microseconds of processor time in each period
		out.CPUMillis = s.CPUQuota * 1000 / cmp.Or(s.CPUPeriod, defaultPeriod)
	}
	if s.Deploy != nil && s.Deploy.Resources.Limits != nil {
		limits := s.Deploy.Resources.Limits
		if limits.NanoCPUs != 0 {
			out.CPUMillis = int64(limits.NanoCPUs * 1000)
		}
		if limits.MemoryBytes != 0 {
			out.MemoryBytes = int64(limits.MemoryBytes)
		}
	}
	return out
}
