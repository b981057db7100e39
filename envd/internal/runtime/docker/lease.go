package docker

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/moby/moby/client"

	"github.com/envd-dev/envd/envd"
)

// The lease of an environment is on the labels of all its objects. Labels cannot be changed, so each renewal is one more
// object with the new end on its labels: an empty volume. The latest end on any object of the environment and its runner
// counts.

// owner identifies what an object belongs to.
type owner struct{ environment, runner string }

func ownerOf(labels map[string]string) owner {
	return owner{labels[labelEnvironment], labels[labelRunner]}
}

// leases holds the end of each owner's lease, if it has one.
type leases map[owner]time.Time

func leasesOf(o objects) leases {
	ends := leases{}
	o.filter(func(labels map[string]string) bool {
		if end, err := time.Parse(time.RFC3339, labels[labelExpires]); err == nil && end.After(ends[ownerOf(labels)]) {
			ends[ownerOf(labels)] = end
		}
		return false
	})
	return ends
}

// abandoned says why nobody owns an object any more, or "".
func (l leases) abandoned(labels map[string]string, now time.Time) string {
	switch livenessOf(labels[labelRunner]) {
	case alive:
		return ""
	case dead:
		return "its runner is dead"
	}
	end, leased := l[ownerOf(labels)]
	if !leased || !now.After(end) { // without a lease there is nothing to judge by
		return ""
	}
	return "its lease ended at " + end.Format(time.RFC3339)
}

// ownerless returns the objects that nobody owns any more.
func ownerless(o objects) objects {
	ends, now := leasesOf(o), time.Now()
	return o.filter(func(labels map[string]string) bool { return ends.abandoned(labels, now) != "" })
}

// Renew extends the lease of an environment to until, unless its objects have a later one already.
func (r *Runtime) Renew(ctx context.Context, envID string, until time.Time) error {
	cli, err := r.client()
	if err != nil {
		return err
	}
	r.renewing.Lock()
	defer r.renewing.Unlock()
	r.mu.Lock()
	e := r.envs[envID]
	r.mu.Unlock()
	if e != nil && !until.After(e.leased) {
		return nil
	}
	o, err := list(ctx, cli, of(envID))
	if err != nil {
		return err
	}
	if len(o.networks) == 0 {
		return fmt.Errorf("%w: %s", envd.ErrNotFound, envID)
	}
	labels := maps.Clone(o.networks[0].Labels) // those of the owner, also when another process renews
	if !until.After(leasesOf(o)[ownerOf(labels)]) {
		return nil
	}
	delete(labels, labelControl)
	labels[labelLease], labels[labelExpires] = "renewed", until.UTC().Format(time.RFC3339)
	name := fmt.Sprintf("%s-lease-%d", networkName(envID), until.Unix())
	if _, err := cli.VolumeCreate(ctx, client.VolumeCreateOptions{Name: name, Labels: labels}); err != nil {
		return err
	}
	var errs []error
	for _, v := range o.volumes { // earlier renewals; other volumes are removed with the environment
		if v.Labels[labelLease] != "" && v.Name != name {
			_, err := cli.VolumeRemove(ctx, v.Name, client.VolumeRemoveOptions{})
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
