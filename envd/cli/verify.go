package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/envd-dev/envd/envd/internal/evidence"
	"github.com/envd-dev/envd/envd/internal/judge"
)

func (a *app) verifyCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "verify DIRECTORY",
		Short: "Recompute a run's verdict from its observations",
		Long: `Judge the observations of a run directory again and compare the verdict with the recorded one.
It needs nothing but the directory. The exit code is the verdict's; 3 where the two differ.`,
		Example: "  envd verify evidence/",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			dir, err := evidence.Open(args[0])
			if err != nil {
				return err
			}
			spec, err := dir.Spec()
			if err != nil {
				return err
			}
			observations, err := dir.Observations()
			if err != nil {
				return err
			}
			recorded, err := dir.Verdict()
			if err != nil {
				return err
			}
			verdict := judge.Judge(spec, observations)
			same, err := equal(recorded, verdict)
			if err != nil {
				return err
			}
			if !same {
				return withCode(exitEnvironment, fmt.Errorf("the observations do not lead to the recorded verdict: recorded is %s, recomputed %s (%s)",
					recorded.Outcome, verdict.Outcome, strings.Join(verdict.Reasons, "; ")))
			}
			err = a.print(c, verdict, func() {
				fmt.Fprintf(c.OutOrStdout(), "%s: recomputed from %d observations\n", verdict.Outcome, len(observations))
			})
			if code := outcomeCode(verdict); err == nil && code != exitPass {
				return &exitError{code, nil}
			}
			return err
		},
	}
}

// equal compares two values by their JSON.
func equal(a, b any) (bool, error) {
	x, err := json.Marshal(a)
	if err != nil {
		return false, err
	}
	y, err := json.Marshal(b)
	return bytes.Equal(x, y), err
}
