package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/runtime/docker"
)

func (a *app) gcCommand() *cobra.Command {
	var dryRun bool
	c := &cobra.Command{
		Use:   "gc",
		Short: "Remove what environments left in a Docker engine",
		Long: `Remove the containers, networks and volumes of environments whose runner is gone or whose lease is over.
Objects that envd did not make are never touched. The process runtime leaves nothing to collect.`,
		Example: "  envd gc --dry-run\n  envd gc",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			found, err := docker.Collect(c.Context(), dryRun)
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
	return c
}
