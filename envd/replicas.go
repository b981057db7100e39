package envd

import (
	"maps"
	"slices"
	"strconv"
)

// Expand returns the environment with every replica as a service of its own: replicas: 3 of api become api-1, api-2 and
// api-3, which all answer to api as well. What depends on api depends on all three. Expand is idempotent: an environment
// without replicas is returned as it is.
func (e *Environment) Expand() *Environment {
	if !slices.ContainsFunc(e.Services, func(s Service) bool { return s.Replicas > 1 }) {
		return e
	}
	out := *e
	out.Services = nil
	names := map[string][]string{} // the instances of each service
	for _, s := range e.Services {
		if s.Replicas <= 1 {
			names[s.Name] = []string{s.Name}
			out.Services = append(out.Services, s)
			continue
		}
		for n := 1; n <= s.Replicas; n++ {
			one := s
			one.Name = s.Name + "-" + strconv.Itoa(n)
			one.Hostnames = append([]string{s.Name}, s.Hostnames...)
			one.Env = maps.Clone(s.Env)
			one.ReplicaOf, one.Replicas = s.Name, 1
			names[s.Name] = append(names[s.Name], one.Name)
			out.Services = append(out.Services, one)
		}
	}
	instances := func(of []string) (all []string) {
		for _, name := range of {
			if several := names[name]; several != nil {
				all = append(all, several...)
			} else {
				all = append(all, name)
			}
		}
		return all
	}
	for i := range out.Services {
		s := &out.Services[i]
		s.DependsOn, s.After = instances(s.DependsOn), instances(s.After)
	}
	return &out
}

// Instances returns the names under which a service runs: those of its replicas, or its own. It is nil if there is no
// such service.
func (e *Environment) Instances(name string) (names []string) {
	if e.Service(name) != nil {
		return []string{name}
	}
	for i := range e.Services {
		if e.Services[i].ReplicaOf == name {
			names = append(names, e.Services[i].Name)
		}
	}
	return names
}
