package compose

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/spec"
)

const (
	defaultGrace = 10 * time.Second // of Compose

	// For services without a healthcheck: most are ready as soon as they run, but one that has to complete may take long.
	completionTimeout = 10 * time.Minute
)

// ready turns a healthcheck into a probe. What the file leaves out comes from the image's own HEALTHCHECK.
func (r *reader) ready(s types.ServiceConfig) envd.Readiness {
	h := s.HealthCheck
	switch {
	case h == nil:
		return envd.Readiness{Image: &envd.Healthcheck{}}
	case h.Disable || len(h.Test) > 0 && h.Test[0] == "NONE":
		return envd.Readiness{}
	}
	check := envd.Healthcheck{
		Test: h.Test, Interval: spanOf(h.Interval), Timeout: spanOf(h.Timeout), StartPeriod: spanOf(h.StartPeriod), StartInterval: spanOf(h.StartInterval),
	}
	if h.Retries != nil {
		check.Retries = int(*h.Retries)
	}
	at := []string{"services", s.Name, "healthcheck", "test"}
	switch {
	case len(h.Test) == 0:
		return envd.Readiness{Image: &check}
	case h.Test[0] != "CMD" && h.Test[0] != "CMD-SHELL":
		r.report(spec.RuleWrongType, fmt.Sprintf("service %s: a healthcheck's test cannot begin with %q", s.Name, h.Test[0]),
			"write test: [CMD, program, argument], or test: a line of shell", at...)
	case len(h.Test) < 2:
		r.report(spec.RuleWrongType, fmt.Sprintf("service %s: the healthcheck's test is no command", s.Name), "write test: [CMD, program], or test: a line of shell", at...)
	}
	return check.Readiness()
}

func spanOf(d *types.Duration) envd.Duration {
	if d == nil {
		return 0
	}
	return envd.Duration(*d)
}

// conditions sets what services wait for. service_healthy and service_completed_successfully wait for the readiness of the
// dependency, service_started only for its start.
func (r *reader) conditions(services []envd.Service) {
	byName := map[string]*envd.Service{}
	for i := range services {
		byName[services[i].Name] = &services[i]
	}
	for i := range services {
		s := &services[i]
		waits := r.waits(r.project.Services[s.Name])
		for _, name := range slices.Sorted(maps.Keys(waits)) {
			on := byName[name]
			if on == nil {
				continue // replaced by a stub, and stubs are there before any service
			}
			at := []string{"services", s.Name, "depends_on", name}
			switch waits[name] {
			case types.ServiceConditionCompletedSuccessfully:
				on.Ready.Completed = true
				s.DependsOn = append(s.DependsOn, name)
			case types.ServiceConditionHealthy:
				on.Ready.Healthy = on.Ready.Image != nil
				if len(on.Ready.Exec) == 0 && on.Ready.Image == nil {
					r.report(spec.RuleMissingField, fmt.Sprintf("service %s waits until %s is healthy, whose healthcheck is disabled", s.Name, name),
						"write healthcheck: {test: [CMD, program]} into "+name+", or use condition: service_started", at...)
				}
				s.DependsOn = append(s.DependsOn, name)
			default:
				s.After = append(s.After, name)
			}
		}
	}
	for i := range services {
		s := &services[i]
		if !s.Ready.Completed {
			continue
		}
		if len(s.Ready.Exec) > 0 {
			r.report(spec.RuleChooseOne, fmt.Sprintf("service %s has a healthcheck, and others wait until it has completed", s.Name), "remove the healthcheck", "services", s.Name, "healthcheck")
		}
		if s.Ready.Healthy {
			r.report(spec.RuleChooseOne, fmt.Sprintf("some wait until service %s is healthy, others until it has completed", s.Name), "use one condition", "services", s.Name)
		}
		s.Ready = envd.Readiness{Completed: true, Timeout: envd.Duration(completionTimeout)}
	}
}

// waits returns what a service waits for: the condition by the name of the dependency. A link waits for service_started.
func (r *reader) waits(s types.ServiceConfig) map[string]string {
	out := map[string]string{}
	for _, link := range s.Links {
		name, _, _ := strings.Cut(link, ":")
		out[name] = types.ServiceConditionStarted
	}
	for name, d := range s.DependsOn {
		out[name] = d.Condition
	}
	return out
}

// checkDependencies reports dependencies on services that are not enabled, and circular ones.
func (r *reader) checkDependencies() {
	known := slices.Collect(maps.Keys(r.project.Services))
	for _, name := range r.inOrder() {
		s := r.project.Services[name]
		waits := r.waits(s)
		for _, on := range slices.Sorted(maps.Keys(waits)) {
			if _, there := r.project.Services[on]; there {
				continue
			}
			key := "depends_on"
			if _, ok := s.DependsOn[on]; !ok {
				key = "links"
			} else if !s.DependsOn[on].Required {
				continue
			}
			if off, ok := r.project.DisabledServices[on]; ok {
				r.report(spec.RuleUnknownService, fmt.Sprintf("service %q depends on %q, which is not enabled", name, on),
					"enable one of its profiles: "+strings.Join(off.Profiles, ", "), "services", name, key, on)
				continue
			}
			r.report(spec.RuleUnknownService, fmt.Sprintf("service %q depends on %q, which is no service", name, on),
				spec.Suggest(on, "service", slices.DeleteFunc(slices.Clone(known), func(k string) bool { return k == name })), "services", name, key, on)
		}
	}
	waits := func(name string) []string {
		return slices.DeleteFunc(slices.Sorted(maps.Keys(r.waits(r.project.Services[name]))), func(on string) bool {
			_, there := r.project.Services[on]
			return !there
		})
	}
	spec.Circles(r.inOrder(), waits, func(name string, i int, message string) {
		r.report(spec.RuleDependencyCycle, message, spec.CircleHelp, "services", name, "depends_on", waits(name)[i])
	})
}
