package docker

import (
	"context"
	"errors"
	"time"

	"github.com/moby/moby/client"

	"github.com/envd-dev/envd/envd"
)

// Collect removes the environments of this engine that nobody owns any more: the runner is dead or, if that cannot be told
// from here, the lease is over. It returns what it removed, or with dryRun what it would remove; the error joins whatever
// could not be removed. Objects without envd's labels are never touched.
func Collect(ctx context.Context, dryRun bool) ([]envd.Leftover, error) {
	cli, err := connect()
	if err != nil {
		return nil, err
	}
	defer cli.Close()
	if err := local(cli); err != nil {
		return nil, err
	}
	o, err := list(ctx, cli, of(""))
	if err != nil {
		return nil, err
	}
	stray, found := strays(o, time.Now())
	made, err := madeImages(ctx, cli)
	if err != nil {
		return nil, err
	}
	images := outdated(made, time.Now())
	found = append(found, images...)
	if dryRun {
		return found, nil
	}
	var errs []error
	for _, l := range removeAll(ctx, cli, stray) {
		errs = append(errs, errors.New(l.Kind+" "+l.ID+": "+l.Detail))
	}
	for _, l := range images {
		if _, err := cli.ImageRemove(ctx, l.ID, client.ImageRemoveOptions{PruneChildren: true}); err != nil && !notFound(err) && !conflict(err) { // or it is in use again
			errs = append(errs, err)
		}
	}
	return found, errors.Join(errs...)
}

// strays returns the objects that nobody owns any more, and says of each why.
func strays(o objects, now time.Time) (stray objects, found []envd.Leftover) {
	ends := leasesOf(o)
	abandoned := func(kind, id, name string, labels map[string]string) bool {
		why := ends.abandoned(labels, now)
		if why != "" {
			found = append(found, envd.Leftover{Kind: kind, ID: id, Detail: name + " of environment " + labels[labelEnvironment] + ": " + why})
		}
		return why != ""
	}
	for _, c := range o.containers {
		name := ""
		if len(c.Names) > 0 {
			name = c.Names[0][1:]
		}
		if abandoned("container", c.ID, name, c.Labels) {
			stray.containers = append(stray.containers, c)
		}
	}
	for _, n := range o.networks {
		if abandoned("network", n.ID, n.Name, n.Labels) {
			stray.networks = append(stray.networks, n)
		}
	}
	for _, v := range o.volumes {
		if abandoned("volume", v.Name, v.Name, v.Labels) {
			stray.volumes = append(stray.volumes, v)
		}
	}
	return stray, found
}
