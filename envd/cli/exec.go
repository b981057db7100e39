package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/envd-dev/envd/envd"
	v1 "github.com/envd-dev/envd/envd/api/v1"
	"github.com/envd-dev/envd/envd/internal/runner"
)

func (a *app) execCommand() *cobra.Command {
	var service string
	c := &cobra.Command{
		Use:   "exec ID -- COMMAND [ARG...]",
		Short: "Run a command inside an environment",
		Example: `  envd exec shop-k3f9qa -- curl -s https://payments.example.com/charge
  envd exec shop-k3f9qa --service api -- env`,
		Args: cobra.MinimumNArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			f, err := a.fleet()
			if err != nil {
				return err
			}
			req := v1.ExecRequest{Service: service, Command: args[1:]}
			code, err := f.Exec(c.Context(), args[0], req, stdin(), c.OutOrStdout(), c.ErrOrStderr())
			if errors.Is(err, runner.ErrGone) {
				return withCode(envd.ExitEnvironment, err)
			}
			if err != nil {
				return err
			}
			if code != 0 {
				return &exitError{code, nil}
			}
			return nil
		},
	}
	c.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		return fmt.Errorf("%w (the command to run comes after --)", err)
	})
	c.Flags().StringVar(&service, "service", "", "with the variables and working directory of this service, not those of the spec")
	return c
}
