package spec

import (
	"cmp"
	"fmt"
	"maps"
	"net"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/envd-dev/envd/envd"
)

var (
	labelForm = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)
	hostForm  = regexp.MustCompile(`^([a-z0-9_]([-a-z0-9_]{0,61}[a-z0-9_])?\.)*[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)
	nameForm  = regexp.MustCompile(`^[A-Za-z0-9][-A-Za-z0-9._]{0,62}$`)
)

// checkName reports a name that is not a DNS label: names become hostnames, labels and folders.
func (r *resolver) checkName(field any, name, what string) {
	if !r.bad[field] && r.given(field) && !labelForm.MatchString(name) {
		r.report(r.key(field), ruleBadName, fmt.Sprintf("%s cannot be %s", what, quote(name)),
			"use lower-case letters, digits and dashes, 63 at most, for example "+fixedName(name))
	}
}

// fixedName turns a bad name into a good one.
func fixedName(name string) string {
	fixed := strings.Trim(regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(name), "-"), "-")
	if !labelForm.MatchString(fixed) {
		return "checkout-api"
	}
	return fixed
}

// inOrder lists a mapping's keys in the order of the file.
func inOrder[T any](r *resolver, m map[string]*T) []string {
	return slices.SortedFunc(maps.Keys(m), func(a, b string) int {
		ka, kb := r.keys[m[a]], r.keys[m[b]]
		return cmp.Or(cmp.Compare(ka.Line, kb.Line), cmp.Compare(ka.Column, kb.Column), cmp.Compare(a, b))
	})
}

func (r *resolver) environment() *envd.Environment {
	doc := &r.doc.Environment
	r.composed = r.compose()
	out := &envd.Environment{Runtime: doc.Runtime, Egress: doc.Egress, Seed: uint64(doc.Seed), Services: r.composed.Services, EnvFiles: r.composed.EnvFiles}
	for _, name := range inOrder(r, doc.Services) {
		out.Services = append(out.Services, r.service(name, doc.Services[name]))
	}
	for _, host := range inOrder(r, doc.Stubs) {
		out.Stubs = append(out.Stubs, r.stub(host, doc.Stubs[host]))
	}
	for i := range doc.Egress {
		r.egress(&doc.Egress[i])
	}
	if r.sound(doc) && len(doc.Services)+len(doc.Stubs) == 0 && doc.Compose == nil {
		r.report(r.key(doc), ruleMissingField, "the environment has neither services nor stubs", "write services: {name: {command: [program]}}")
	}
	r.checkHostnames()
	r.checkDependencies()
	r.checkPorts()
	r.checkPublished()
	r.checkReplicas()
	return out
}

func (r *resolver) egress(destination *string) {
	host, port, err := net.SplitHostPort(*destination)
	if n, perr := strconv.Atoi(port); err == nil && perr == nil && host != "" && n > 0 && n < 65536 || !r.sound(destination) {
		return
	}
	r.report(r.node(destination), ruleBadDestination, fmt.Sprintf("%s is no destination", quote(*destination)), "write host:port, for example api.example.org:443")
}

// workDir returns where a service starts. By default a program of this machine starts in the spec's folder, in a container
// too, and an image's program where its image says.
func (r *resolver) workDir(doc *service) string {
	if !r.ofHost(doc) {
		return doc.WorkDir
	}
	return cmp.Or(r.exists(&doc.WorkDir, doc.WorkDir, isDir, "working directory"), r.opts.Dir)
}

func (r *resolver) service(name string, doc *service) envd.Service {
	r.checkName(doc, name, "a service's name")
	if name == envd.GatewayName {
		r.report(r.key(doc), ruleReservedName, `"gateway" is the name of the environment's own gateway`, `choose another name, for example "api-gateway"`)
	}
	where := "environment.services." + name
	module := r.module(doc)
	if module != nil {
		r.modulePorts[doc] = module.Ports
	}
	out := envd.Service{
		Name: name, Hostnames: doc.Hostnames, User: string(doc.User),
		WorkDir: r.workDir(doc), Env: r.values(doc.Env), Ready: r.ready(where, doc),
		DependsOn: doc.DependsOn, After: doc.After, Replicas: doc.Replicas,
		Resources: envd.Resources{CPUMillis: int64(doc.Resources.CPU), MemoryBytes: int64(doc.Resources.Memory)},
		Stop:      envd.Stop{Signal: doc.Stop.Signal, Grace: envd.Duration(doc.Stop.Grace)},
	}
	if !r.bad[doc] && len(doc.Command) == 0 && doc.Image == "" && !r.given(&doc.Build) && !r.given(&doc.Module) {
		r.report(r.key(doc), ruleMissingField, where+" has neither a command nor an image", "write command: [program, --flag], image: name:tag or build: ./folder")
	}
	out.Command = r.command(&doc.Command, doc.Command, r.ofHost(doc))
	out.Ports, out.Publish = r.ports(doc), r.publish(where, doc)
	r.image(where, doc, module, &out)
	for i := range doc.Files {
		out.Files = append(out.Files, r.file(&doc.Files[i], fmt.Sprintf("%s.files[%d]", where, i)))
	}
	if module != nil {
		module.fill(&out, r.probed(&doc.Ready), r.given(&doc.Ready.Timeout))
	}
	r.askImage(&doc.Ready, &out)
	if m := doc.Metrics; m != nil {
		r.listed(&m.Port, m.Port, doc, where+".metrics")
		r.rooted(&m.Path, m.Path)
		out.Metrics = &envd.Metrics{Port: m.Port, Path: m.Path}
	}
	return out
}

// askImage makes the image's HEALTHCHECK the probe of a service that has neither a probe nor a command of its own.
func (r *resolver) askImage(doc *ready, out *envd.Service) {
	if out.Image == "" && out.Build == nil || len(out.Command) > 0 || r.probed(doc) || out.Module != "" {
		return
	}
	out.Ready.Image = &envd.Healthcheck{}
	if !r.given(&doc.Timeout) {
		out.Ready.Timeout = 0
	}
	if !r.given(&doc.Interval) {
		out.Ready.Interval = 0
	}
}

// probed reports whether the spec gives a probe.
func (r *resolver) probed(doc *ready) bool {
	return r.given(&doc.HTTP) || r.given(&doc.TCP) || r.given(&doc.Log) || r.given(&doc.Exec)
}

func (r *resolver) ready(where string, doc *service) envd.Readiness {
	p := &doc.Ready
	out := envd.Readiness{TCP: p.TCP, Log: p.Log, Timeout: envd.Duration(p.Timeout), Interval: envd.Duration(p.Interval)}
	var probes []string
	for _, probe := range []struct {
		name  string
		given bool
	}{{"http", p.HTTP != nil}, {"tcp", r.given(&p.TCP)}, {"log", r.given(&p.Log)}, {"exec", r.given(&p.Exec)}} {
		if probe.given {
			probes = append(probes, probe.name)
		}
	}
	if len(probes) > 1 {
		r.report(r.key(p), ruleChooseOne, fmt.Sprintf("%s.ready has %d probes: %s", where, len(probes), strings.Join(probes, ", ")), "keep one of them")
	}
	if h := p.HTTP; h != nil {
		r.listed(&h.Port, h.Port, doc, where+".ready.http")
		r.rooted(&h.Path, h.Path)
		out.HTTP = &envd.HTTPProbe{Port: h.Port, Path: h.Path, Status: h.Status}
	}
	r.listed(&p.TCP, p.TCP, doc, where+".ready.tcp")
	if _, err := regexp.Compile(p.Log); err != nil && r.sound(&p.Log) {
		r.report(r.node(&p.Log), ruleBadPattern, fmt.Sprintf("%s.ready.log is no regular expression: %s", where, strings.TrimPrefix(err.Error(), "error parsing regexp: ")),
			"see https://pkg.go.dev/regexp/syntax")
	}
	if r.given(&p.Exec) {
		out.Exec = words(p.Exec)
		if len(p.Exec) == 0 {
			r.report(r.node(&p.Exec), ruleMissingField, where+".ready.exec is empty", "write exec: [program, literal]")
		}
	}
	r.positive(&p.Timeout, p.Timeout, where+".ready.timeout")
	r.positive(&p.Interval, p.Interval, where+".ready.interval")
	return out
}

// listed reports a probed port that the service does not list: only listed ports can be reached.
func (r *resolver) listed(field *int, number int, doc *service, what string) {
	ports := r.ports(doc)
	if !r.sound(field) || r.bad[&doc.Ports] || slices.ContainsFunc(ports, func(p envd.Port) bool { return p.Number == number }) {
		return
	}
	help := fmt.Sprintf("write ports: [%d]", number)
	if len(ports) > 0 {
		help = fmt.Sprintf("add %d to the service's ports, or use %s", number, oneOf(ports))
	}
	r.report(r.node(field), ruleUnreachableProbe, fmt.Sprintf("%s asks port %d, which the service does not list", what, number), help)
}

func oneOf(ports []envd.Port) string {
	numbers := make([]string, len(ports))
	for i, p := range ports {
		numbers[i] = strconv.Itoa(p.Number)
	}
	return strings.Join(slices.Compact(numbers), " or ")
}

func (r *resolver) rooted(field *string, p string) {
	if r.sound(field) && !strings.HasPrefix(p, "/") {
		r.report(r.node(field), ruleBadPath, fmt.Sprintf("the path %s does not begin with a slash", quote(p)), "write "+path.Join("/", p))
	}
}

func words(args []literal) []string {
	out := make([]string, len(args))
	for i, a := range args {
		out[i] = string(a)
	}
	return out
}
