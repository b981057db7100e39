package docker

import (
	"context"
	"errors"
	"fmt"

	"github.com/moby/moby/client"

	"github.com/envd-dev/envd/envd"
)

// findExternal checks that the volumes are there that an environment uses and does not own: the engine would create a
// missing one, and nobody would remove it.
func findExternal(ctx context.Context, cli *client.Client, env *envd.Environment) error {
	if env == nil {
		return nil
	}
	var missing []error
	asked := map[string]bool{}
	for _, s := range env.Services {
		for _, m := range s.Mounts {
			if m.External == "" || asked[m.Source] {
				continue
			}
			asked[m.Source] = true
			_, err := cli.VolumeInspect(ctx, m.Source, client.VolumeInspectOptions{})
			switch {
			case notFound(err):
				missing = append(missing, fmt.Errorf("%s: the volume %s is external, and the engine has none of that name: docker volume create %s, or remove external to give the environment one of its own", m.External, m.Source, m.Source))
			case err != nil:
				return unreachable(cli.DaemonHost(), err)
			}
		}
	}
	return errors.Join(missing...)
}
