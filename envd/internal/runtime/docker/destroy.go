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
	"golang.org/x/sync/errgroup"

	"github.com/envd-dev/envd/envd"
)

// objects are the containers, networks and volumes of one environment, or of all.
type objects struct {
	containers []container.Summary
	networks   []network.Summary
	volumes    []volume.Volume
}

func (o objects) any() bool { return len(o.containers)+len(o.networks)+len(o.volumes) > 0 }

// filter returns the objects whose labels are wanted.
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

// list asks the engine for all kinds of objects at the same time.
func list(ctx context.Context, cli *client.Client, which client.Filters) (objects, error) {
	var o objects
	var kinds errgroup.Group
	kinds.Go(func() error {
		found, err := cli.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: which})
		o.containers = found.Items
		return err
	})
	kinds.Go(func() error {
		found, err := cli.NetworkList(ctx, client.NetworkListOptions{Filters: which})
		o.networks = found.Items
		return err
	})
	kinds.Go(func() error {
		found, err := cli.VolumeList(ctx, client.VolumeListOptions{Filters: which})
		o.volumes = found.Items
		return err
	})
	if err := kinds.Wait(); err != nil {
		return objects{}, unreachable(cli.DaemonHost(), err)
	}
	return o, nil
}

// Destroy removes everything with the environment's label, whichever process made it.
func (r *Runtime) Destroy(ctx context.Context, envID string) ([]envd.Leftover, error) {
	cli, err := r.client()
	if err != nil {
		return nil, err
	}
	r.renewing.Lock()
	defer r.renewing.Unlock()
	r.mu.Lock()
	e := r.envs[envID]
	r.mu.Unlock()
	if e != nil {
		e.removeOwn(ctx)
	}
	left, err := remove(ctx, cli, envID)
	if err != nil || len(left) > 0 {
		return left, err // the leash stays: it tries again once this process has ended
	}
	r.mu.Lock()
	delete(r.envs, envID)
	r.mu.Unlock()
	if e == nil {
		return nil, nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.carrier.close()
	for _, svc := range e.made {
		svc.detach()
	}
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

// removeOwn removes what this process started and still runs, the gateway at least, and the network,
// while services that were stopped are being removed. What it fails at is tried again by remove, which tells.
func (e *environment) removeOwn(ctx context.Context) {
	for _, svc := range e.running() {
		if svc.process.signal("KILL") {
			e.removeEnded(ctx, svc.container)
		}
	}
	e.exits.Wait()
	_, _ = e.cli.NetworkRemove(ctx, e.network, client.NetworkRemoveOptions{}) // who has ended has left it, removed or not
	e.removals.Wait()
}

// running are the services that this process started and did not stop for good.
func (e *environment) running() (list []*service) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, svc := range e.services {
		if !svc.final {
			list = append(list, svc)
		}
	}
	return list
}

// removeEnded removes a container whose first process has ended, once the engine has seen that, too: asked earlier, it
// would run a program to kill it.
func (e *environment) removeEnded(ctx context.Context, id string) {
	e.exits.Add(1)
	e.removals.Go(func() {
		patient, cancel := context.WithTimeout(ctx, exitTimeout)
		waiting := e.cli.ContainerWait(patient, id, client.ContainerWaitOptions{Condition: container.WaitConditionNotRunning})
		var err error
		select {
		case <-waiting.Result:
		case err = <-waiting.Error: // a container that cannot be waited for is removed however it is
		}
		cancel()
		e.exits.Done()
		if !notFound(err) {
			_ = e.removeContainer(ctx, id) // Destroy tries again, and tells
		}
	})
}

// exitTimeout is how long an engine may take to see the end of a process.
const exitTimeout = 10 * time.Second

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
