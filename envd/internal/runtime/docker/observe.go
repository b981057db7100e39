package docker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
	"golang.org/x/sync/errgroup"

	"github.com/envd-dev/envd/envd"
)

// Observe asks the engine for everything with the environment's label.
func (r *Runtime) Observe(ctx context.Context, envID string) (envd.State, error) {
	var state envd.State
	cli, err := r.usable(ctx)
	if err != nil {
		return state, err
	}
	o, err := list(ctx, cli, of(envID))
	if err != nil {
		return state, err
	}
	state.Exists = o.any()
	seen := make([]envd.ServiceState, len(o.containers))
	there := make([]bool, len(o.containers))
	var services errgroup.Group
	for i, c := range o.containers {
		switch c.Labels[labelService] {
		case "": // a command's
		case envd.GatewayName:
			state.Gateway = c.State == container.StateRunning
		default:
			services.Go(func() (err error) {
				seen[i], there[i], err = r.observeService(ctx, cli, envID, c)
				return err
			})
		}
	}
	if err := services.Wait(); err != nil {
		return envd.State{}, err
	}
	for i, c := range o.containers {
		if there[i] {
			if state.Services == nil {
				state.Services = map[string]envd.ServiceState{}
			}
			state.Services[c.Labels[labelService]] = seen[i]
		}
	}
	return state, nil
}

// observeService returns false for there if the container has vanished since it was listed.
func (r *Runtime) observeService(ctx context.Context, cli *client.Client, envID string, c container.Summary) (svc envd.ServiceState, there bool, err error) {
	seen, err := cli.ContainerInspect(ctx, c.ID, client.ContainerInspectOptions{})
	if notFound(err) {
		return svc, false, nil
	}
	if err != nil {
		return svc, false, err
	}
	if svc, err = serviceState(seen.Container.State); err != nil {
		return svc, false, fmt.Errorf("service %s: %w", c.Labels[labelService], err)
	}
	own := seen.Container.HostConfig == nil || string(seen.Container.HostConfig.NetworkMode) == networkName(envID)
	if networks := seen.Container.NetworkSettings; networks != nil && svc.Running && own {
		endpoint := networks.Networks[networkName(envID)]
		svc.Disconnected = endpoint == nil
		if endpoint != nil && endpoint.IPAddress.IsValid() && r.traits.inside == nil {
			svc.Address = endpoint.IPAddress.String()
		}
	}
	if host := seen.Container.HostConfig; host != nil {
		svc.Resources = envd.Resources{CPUMillis: host.NanoCPUs / 1e6, MemoryBytes: host.Memory}
	}
	return svc, true, nil
}

func serviceState(s *container.State) (envd.ServiceState, error) {
	if s == nil {
		return envd.ServiceState{}, errors.New("the engine tells no state")
	}
	started, err := time.Parse(time.RFC3339Nano, s.StartedAt)
	out := envd.ServiceState{Running: s.Running, PID: s.Pid, Started: started, Paused: s.Paused}
	if !s.Running && s.Status != container.StateCreated {
		code := s.ExitCode
		out.ExitCode = &code
	}
	return out, err
}

// stats takes one sample of every running service.
func (e *environment) stats(ctx context.Context) ([]envd.Usage, error) {
	found, err := e.cli.ContainerList(ctx, client.ContainerListOptions{Filters: of(e.id).Add("label", labelService)})
	if err != nil {
		return nil, err
	}
	if len(found.Items) == 0 { // no services, or no environment
		_, err := e.rt.adopt(ctx, e.cli, e.id)
		return nil, err
	}
	if !e.rt.traits.groups {
		return e.countProcesses(ctx, found.Items)
	}
	samples, errs := make([]*envd.Usage, len(found.Items)), make([]error, len(found.Items))
	var all sync.WaitGroup
	for i, c := range found.Items {
		all.Go(func() { samples[i], errs[i] = sample(ctx, e.cli, c) })
	}
	all.Wait()
	var usage []envd.Usage
	for _, s := range samples {
		if s != nil {
			usage = append(usage, *s)
		}
	}
	return usage, errors.Join(errs...)
}

// countProcesses takes a sample where the engine has no control groups: what it tells then is of others too.
func (e *environment) countProcesses(ctx context.Context, services []container.Summary) ([]envd.Usage, error) {
	first := map[string]int{}
	for _, c := range services {
		seen, err := e.cli.ContainerInspect(ctx, c.ID, client.ContainerInspectOptions{})
		switch {
		case notFound(err):
		case err != nil:
			return nil, err
		case seen.Container.State != nil && seen.Container.State.Running:
			first[c.Labels[labelService]] = seen.Container.State.Pid
		}
	}
	return usageOf(first)
}

// sample returns nil if the container has ended since it was listed.
func sample(ctx context.Context, cli *client.Client, c container.Summary) (_ *envd.Usage, err error) {
	one, err := cli.ContainerStats(ctx, c.ID, client.ContainerStatsOptions{})
	if notFound(err) || conflict(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, one.Body.Close()) }()
	var s container.StatsResponse
	if err := json.NewDecoder(one.Body).Decode(&s); err != nil {
		return nil, err
	}
	if s.MemoryStats.Usage == 0 {
		return nil, nil
	}
	// Cache that the kernel can drop does not count as used; cgroup v1 and v2 have different names for it.
	cache := max(s.MemoryStats.Stats["total_inactive_file"], s.MemoryStats.Stats["inactive_file"])
	memory := s.MemoryStats.Usage - min(cache, s.MemoryStats.Usage)
	return &envd.Usage{Service: c.Labels[labelService], CPU: envd.Duration(s.CPUStats.CPUUsage.TotalUsage), RSSBytes: int64(memory)}, nil
}
