package cli

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/launch"
	"github.com/envd-dev/envd/envd/internal/runtime/docker"
)

func (a *app) gcCommand() *cobra.Command {
	var dryRun bool
	var keep time.Duration
	c := &cobra.Command{
		Use:   "gc",
		Short: "Remove what environments left in a Docker engine, and the evidence of old runs",
		Long: `Remove the containers, networks and volumes of environments whose runner is gone or whose lease is over.
Of runs that were killed a moment ago, wait for what the engine still makes, however long it takes, and remove it too.
Objects that envd did not make are never touched. The process runtime leaves nothing to collect.

Remove the run directories of runs that ended longer ago than --keep, too. Evidence that --out placed elsewhere stays.`,
		Example: "  envd gc --dry-run\n  envd gc\n  envd gc --keep 7d",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := checkRetention(keep); err != nil {
				return err
			}
			if !dryRun {
				docker.QueueUp(c.Context())
			}
			found, err := docker.Collect(c.Context(), dryRun)
			if err == nil && !dryRun {
				err = settle(c.Context(), docker.QueueUp)
			}
			if errors.Is(err, docker.ErrNoEngine) {
				fmt.Fprintln(c.ErrOrStderr(), "envd: no engine was looked into:", err)
				err = nil // on a machine without one, nothing is left in one
			}
			old, perr := prune(keep, dryRun)
			found, err = append(append([]envd.Leftover{}, found...), old...), errors.Join(err, perr)
			if perr := a.print(c, found, func() {
				for _, l := range found {
					fmt.Fprintf(c.OutOrStdout(), "%s %s %s\n", l.Kind, l.ID, l.Detail)
				}
			}); perr != nil {
				return errors.Join(err, perr)
			}
			return withCode(envd.ExitLeftovers, err)
		},
	}
	c.Flags().BoolVar(&dryRun, "dry-run", false, "only say what would be removed")
	durationVar(c.Flags(), &keep, "keep", launch.Retention, "how long the evidence of a run is kept after its end")
	return c
}

func checkRetention(keep time.Duration) error {
	if keep < 0 {
		return fmt.Errorf("--keep %s: it cannot be negative, write 7d for example", shortDuration(keep))
	}
	return nil
}

// prune removes the evidence of this user's runs that ended longer ago than keep.
func prune(keep time.Duration, dryRun bool) ([]envd.Leftover, error) {
	root, err := launch.RunsDir()
	if err != nil {
		return nil, err
	}
	return launch.Prune(root, time.Now().Add(-keep), dryRun)
}
