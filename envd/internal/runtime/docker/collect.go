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
	images, err := oldImages(ctx, cli)
	if err != nil {
		return nil, err
	}
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

// imageLife is how long a packed image is kept for later environments, which pack it again if it is gone.
const imageLife = 7 * 24 * time.Hour

// oldImages lists the images that were packed longer than imageLife ago and that no container uses.
func oldImages(ctx context.Context, cli *client.Client) ([]envd.Leftover, error) {
	packed, err := cli.ImageList(ctx, client.ImageListOptions{Filters: client.Filters{}.Add("label", labelPacked)})
	if err != nil {
		return nil, err
	}
	if len(packed.Items) == 0 {
		return nil, nil
	}
	containers, err := cli.ContainerList(ctx, client.ContainerListOptions{All: true})
	if err != nil {
		return nil, err
	}
	used := map[string]bool{}
	for _, c := range containers.Items {
		used[c.ImageID] = true
	}
	var old []envd.Leftover
	for _, i := range packed.Items {
		if used[i.ID] {
			continue
		}
		seen, err := cli.ImageInspect(ctx, i.ID)
		if notFound(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		made := seen.Metadata.LastTagTime
		if made.IsZero() { // left by a failed build; packed images have no creation time either
			made = time.Unix(i.Created, 0)
		}
		if made.Unix() > 0 && time.Since(made) > imageLife {
			old = append(old, envd.Leftover{Kind: "image", ID: i.ID, Detail: "of " + i.Labels[labelPacked] + ": unused, made at " + made.UTC().Format(time.RFC3339)})
		}
	}
	return old, nil
}
