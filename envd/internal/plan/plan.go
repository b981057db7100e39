// Package plan turns an Environment into the graph of side effects that bring it to life, and carries such graphs out.
//
// Making a plan is pure: the same environment, state and capabilities give the same plan, whose String is plain text to
// compare. Execute knows only the graph; what an operation does is up to the caller.
package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/envd-dev/envd/envd"
)

// Plan is a graph of operations in topological order: every operation comes after those it depends on.
type Plan struct {
	Operations []envd.Operation
}

// Of plans how the environment of a spec comes up. If the gate judges undeclared connections, services wait for the gateway in
// any case: what a runtime holds for it, it cannot hold for ever.
func Of(spec *envd.Spec, caps envd.Capabilities) (*Plan, error) {
	if slices.ContainsFunc(spec.Gate.Conditions, func(c envd.Condition) bool { return c.Kind == envd.NoUndeclared }) {
		caps.Holds = 0
	}
	return Make(spec.Environment, envd.State{}, caps)
}

// Make plans the operations that lead from state to env. If env needs anything that the runtime cannot do, the error is a
// Refusal that lists all of it.
//
//	environment.create → gateway.start → stub.load (each), link.open (each)
//	environment.create → file.write (each)
//	image.prepare (each image once)
//	environment.create, link.open, file.write and image.prepare (the service's) → container.create (where images run)
//	gateway.start (unless the runtime holds what is sent out before), stub.load (all), link.open (the service's),
//	container.create (the service's), service.ready (of depends_on), service.start (of after) → service.start → service.ready
//
// A service that is running is not started again, but its readiness is awaited, since it may still be starting. Its files
// are not written again, because it has read them already. Stubs are loaded again into a running gateway: what it has cannot
// be seen from outside, and loading replaces it.
func Make(env *envd.Environment, state envd.State, caps envd.Capabilities) (*Plan, error) {
	if err := refuse(env, caps); err != nil {
		return nil, err
	}
	env = env.Expand()
	order, err := startOrder(env)
	if err != nil {
		return nil, err
	}
	b := &builder{env: env, images: caps.Images, holds: caps.Holds > 0, planned: map[string]bool{}}
	if !state.Exists {
		b.add(envd.Operation{Kind: envd.OpCreate, Detail: createDetail(env, caps)})
	}
	if !state.Gateway {
		b.add(envd.Operation{Kind: envd.OpGateway, Detail: gatewayDetail(env)}, id(envd.OpCreate, ""))
	}
	b.stubs()
	b.links()
	for _, s := range order {
		b.service(s, state.Services[s.Name].Running)
	}
	return &Plan{b.operations}, nil
}

// Teardown plans to stop every running service of env: all those that depend on others at once, so that the end takes as long
// as the slowest of them, and what depends on nothing, such as databases and queues, when its dependents have ended. They can
// then still flush what they hold. The environment itself is removed by Runtime.Destroy.
func Teardown(env *envd.Environment, state envd.State) *Plan {
	env = env.Expand()
	b := &builder{env: env, planned: map[string]bool{}}
	services := all(env)
	slices.SortStableFunc(services, func(a, b *envd.Service) int { // those that depend on nothing last
		return cmp.Compare(min(len(dependsOn(b)), 1), min(len(dependsOn(a)), 1))
	})
	for _, s := range services {
		if !state.Services[s.Name].Running {
			continue
		}
		var dependents []string
		for _, d := range services {
			if len(dependsOn(s)) == 0 && slices.Contains(dependsOn(d), s.Name) {
				dependents = append(dependents, id(envd.OpStop, d.Name))
			}
		}
		detail := fmt.Sprintf("SIG%s, after %s SIGKILL", s.Stop.Signal, s.Stop.Grace) + hooks(", before it", s.BeforeStop)
		b.add(envd.Operation{Kind: envd.OpStop, Target: s.Name, Service: s, Detail: detail, Final: true}, dependents...)
	}
	return &Plan{b.operations}
}

// dependsOn returns the services that s waits for before it starts.
func dependsOn(s *envd.Service) []string { return slices.Concat(s.DependsOn, s.After) }

// builder collects operations. Dependencies on operations that are not planned are dropped: their effect exists already.
type builder struct {
	env        *envd.Environment
	images     bool // services run from images where they have one
	holds      bool // services need not wait for the gateway, only for what they use of it
	operations []envd.Operation
	planned    map[string]bool
}

func id(kind envd.OpKind, target string) string {
	return strings.TrimSpace(string(kind) + " " + target)
}

func (b *builder) add(op envd.Operation, dependsOn ...string) {
	op.ID = id(op.Kind, op.Target)
	op.Environment = b.env
	for _, d := range dependsOn {
		if b.planned[d] && !slices.Contains(op.DependsOn, d) {
			op.DependsOn = append(op.DependsOn, d)
		}
	}
	b.planned[op.ID] = true
	b.operations = append(b.operations, op)
}

// caTarget is the target of the operation that places the environment's own certificate authority.
const caTarget = "ca"

func (b *builder) stubs() {
	for i := range b.env.Stubs {
		s := &b.env.Stubs[i]
		b.add(envd.Operation{Kind: envd.OpStub, Target: s.Host, Stub: s, Detail: stubDetail(s)}, id(envd.OpGateway, ""))
	}
	if len(b.env.Stubs) > 0 {
		ca := &envd.File{Path: envd.CAFile, Mode: 0o644}
		b.add(envd.Operation{Kind: envd.OpFile, Target: caTarget, File: ca, Detail: fileDetail(ca)}, id(envd.OpCreate, ""))
	}
}

func (b *builder) links() {
	for i := range b.env.Links {
		l := &b.env.Links[i]
		b.add(envd.Operation{Kind: envd.OpLink, Target: l.String(), Link: l, Detail: linkDetail(l)}, id(envd.OpGateway, ""))
	}
}

func (b *builder) service(s *envd.Service, running bool) {
	ready := []string{id(envd.OpStart, s.Name)}
	if !running {
		before := []string{id(envd.OpCreate, ""), id(envd.OpFile, caTarget)}
		for i := range s.Files {
			f := &s.Files[i]
			target := s.Name + ":" + f.Path
			b.add(envd.Operation{Kind: envd.OpFile, Target: target, Service: s, File: f, Detail: fileDetail(f)}, id(envd.OpCreate, ""))
			before = append(before, id(envd.OpFile, target))
		}
		if image := b.image(s); image != "" {
			before = append(before, image)
		}
		if b.images {
			before = append(before, id(envd.OpMake, s.SharesNetworkOf()))
			b.add(envd.Operation{Kind: envd.OpMake, Target: s.Name, Service: s, Detail: makeDetail(s)}, before...)
			before = []string{id(envd.OpMake, s.Name)}
		}
		if !b.holds {
			before = append(before, id(envd.OpGateway, ""))
		}
		for i := range b.env.Stubs {
			before = append(before, id(envd.OpStub, b.env.Stubs[i].Host))
		}
		for _, l := range b.env.Links {
			if l.Of(s) {
				before = append(before, id(envd.OpLink, l.String()))
			}
		}
		for _, d := range s.DependsOn {
			before = append(before, id(envd.OpReady, d))
		}
		for _, d := range s.After {
			before = append(before, id(envd.OpStart, d))
		}
		b.add(envd.Operation{Kind: envd.OpStart, Target: s.Name, Service: s, Detail: startDetail(s)}, before...)
	}
	b.add(envd.Operation{Kind: envd.OpReady, Target: s.Name, Service: s, Detail: readyDetail(s, b.images)}, ready...)
}

// image plans that a service's image is there, and returns the operation's ID. Replicas run from one image, prepared in
// the name of the first.
func (b *builder) image(s *envd.Service) string {
	if !b.images || s.Image == "" && s.Build == nil {
		return ""
	}
	target := cmp.Or(s.ReplicaOf, s.Name)
	op := id(envd.OpImage, target)
	if !b.planned[op] {
		b.add(envd.Operation{Kind: envd.OpImage, Target: target, Service: s, Detail: imageDetail(s)})
	}
	return op
}

func all(env *envd.Environment) []*envd.Service {
	services := make([]*envd.Service, len(env.Services))
	for i := range env.Services {
		services[i] = &env.Services[i]
	}
	return services
}

// startOrder sorts services so that each comes after those it depends on, and otherwise keeps their order.
func startOrder(env *envd.Environment) ([]*envd.Service, error) {
	var order []*envd.Service
	placed := map[string]bool{}
	waiting := all(env)
	for len(waiting) > 0 {
		i := slices.IndexFunc(waiting, func(s *envd.Service) bool {
			return !slices.ContainsFunc(dependsOn(s), func(d string) bool { return !placed[d] })
		})
		if i < 0 {
			names := make([]string, len(waiting))
			for j, s := range waiting {
				names[j] = s.Name
			}
			return nil, fmt.Errorf("no order to start %s in: they depend on each other or on services that are not there", strings.Join(names, ", "))
		}
		placed[waiting[i].Name] = true
		order = append(order, waiting[i])
		waiting = slices.Delete(waiting, i, i+1)
	}
	return order, nil
}

// String lists the operations, one per line: number, operation, detail, and the numbers of those it waits for.
//
//	1  environment.create  process: private network
//	2  gateway.start       stubs on :80 :443  [after 1]
func (p *Plan) String() string {
	if len(p.Operations) == 0 {
		return "nothing to do\n"
	}
	number := map[string]int{}
	width := 0
	for i, op := range p.Operations {
		number[op.ID] = i + 1
		width = max(width, len(op.ID))
	}
	var b strings.Builder
	for i, op := range p.Operations {
		line := fmt.Sprintf("%3d  %-*s  %s", i+1, width, op.ID, op.Detail)
		if len(op.DependsOn) > 0 {
			line += fmt.Sprintf("  [after %s]", numbers(op.DependsOn, number))
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return b.String()
}

// numbers writes operations by their line, runs shortened: 1, 3-5.
func numbers(ids []string, number map[string]int) string {
	lines := make([]int, len(ids))
	for i, d := range ids {
		lines[i] = number[d]
	}
	slices.Sort(lines)
	var parts []string
	for i := 0; i < len(lines); {
		j := i
		for j+1 < len(lines) && lines[j+1] == lines[j]+1 {
			j++
		}
		part := strconv.Itoa(lines[i])
		if j > i {
			part += "-" + strconv.Itoa(lines[j])
		}
		parts = append(parts, part)
		i = j + 1
	}
	return strings.Join(parts, ", ")
}
