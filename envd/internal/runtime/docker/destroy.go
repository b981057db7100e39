package docker

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/api/types/volume"
	"github.com/moby/moby/client"

	"github.com/envd-dev/envd/envd"
)

// objects are what the engine has of one environment, or of all.
type objects struct {
	containers []container.Summary
	networks   []network.Summary
	volumes    []volume.Volume
}

func (o objects) any() bool { return len(o.containers)+len(o.networks)+len(o.volumes) > 0 }

// filter keeps those whose labels are wanted.
func (o objects) filter(wanted func(labels map[string]string) bool) (kept objects) {
	for _, c := range o.containers {
		if wanted(c.Labels) {
			kept.containers = append(kept.containers, c)
		}
	}
	for _, n := range o.networks {
		if wanted(n.Labels) {
			kept.networks = append(kept.networks, n)
		}
	}
	for _, v := range o.volumes {
		if wanted(v.Labels) {
			kept.volumes = append(kept.volumes, v)
		}
	}
	return kept
}

func list(ctx context.Context, cli *client.Client, which client.Filters) (objects, error) {
	var o objects
	containers, err := cli.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: which})
	if err != nil {
		return o, unreachable(cli.DaemonHost(), err)
	}
	networks, err := cli.NetworkList(ctx, client.NetworkListOptions{Filters: which})
	if err != nil {
		return o, unreachable(cli.DaemonHost(), err)
	}
	volumes, err := cli.VolumeList(ctx, client.VolumeListOptions{Filters: which})
	if err != nil {
		return o, unreachable(cli.DaemonHost(), err)
	}
	o.containers, o.networks, o.volumes = containers.Items, networks.Items, volumes.Items
	return o, nil
}

// Destroy removes everything that bears the environment's label, whoever made it.
func (r *Runtime) Destroy(ctx context.Context, envID string) ([]envd.Leftover, error) {
	cli, err := r.client()
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	e := r.envs[envID]
	r.mu.Unlock()
	if e != nil { // it would come too late to be removed
		select {
		case <-e.router.started:
			e.router.carrier.close()
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if e != nil {
		e.removeOwn(ctx)
	}
	left, err := remove(ctx, cli, envID)
	if err != nil || len(left) > 0 {
		return left, err // the leash stays, and tries again once this process has ended
	}
	r.mu.Lock()
	delete(r.envs, envID)
	r.mu.Unlock()
	if e == nil {
		return nil, nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	all := slices.AppendSeq(slices.Collect(maps.Values(e.services)), maps.Values(e.made))
	for _, svc := range all {
		svc.process.close()
		select {
		case <-svc.pumped:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return nil, e.leash.release()
}

// removeOwn removes the gateway and the router while services that were stopped are being removed.
func (e *environment) removeOwn(ctx context.Context) {
	var all sync.WaitGroup
	for _, name := range []string{envd.GatewayName, trapName} {
		all.Go(func() { _ = e.removeContainer(ctx, e.containerName(name)) }) // remove tries again, and tells
	}
	all.Wait()
	e.removals.Wait()
}

// remove removes containers first, because networks and volumes in use cannot go, and looks again until nothing is
// there: a creation may have been under way.
func remove(ctx context.Context, cli *client.Client, id string) ([]envd.Leftover, error) {
	for attempt := 0; ; attempt++ {
		o, err := list(ctx, cli, of(id))
		if err != nil || !o.any() {
			return nil, err
		}
		left := removeAll(ctx, cli, o)
		if len(left) > 0 && (ctx.Err() != nil || attempt == removeAttempts) {
			return left, nil
		}
		if len(left) > 0 {
			select {
			case <-ctx.Done():
			case <-time.After(removePause):
			}
		}
	}
}

const (
	removeAttempts = 20
	removePause    = 100 * time.Millisecond
)

func removeAll(ctx context.Context, cli *client.Client, o objects) []envd.Leftover {
	var mu sync.Mutex
	var left []envd.Leftover
	failed := func(kind, id string, err error) {
		if err != nil && !notFound(err) {
			mu.Lock()
			defer mu.Unlock()
			left = append(left, envd.Leftover{Kind: kind, ID: id, Detail: err.Error()})
		}
	}
	var all sync.WaitGroup
	for _, c := range o.containers {
		all.Go(func() { failed("container", c.ID, removeContainer(ctx, cli, c.ID)) })
	}
	all.Wait()
	for _, n := range o.networks {
		_, err := cli.NetworkRemove(ctx, n.ID, client.NetworkRemoveOptions{})
		failed("network", n.ID, err)
	}
	for _, v := range o.volumes {
		_, err := cli.VolumeRemove(ctx, v.Name, client.VolumeRemoveOptions{})
		failed("volume", v.Name, err)
	}
	return left
}
