package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/evidence"
	"github.com/envd-dev/envd/envd/internal/judge"
	"github.com/envd-dev/envd/envd/internal/launch"
)

// digestPrefix names the algorithm of a digest, as in image names.
const digestPrefix = "sha256:"

// verification is what `envd verify -o json` prints.
type verification struct {
	envd.Verdict
	Artifact envd.Artifact `json:"artifact"`
	Digest   string        `json:"digest"` // of the sealed run directory
}

func (a *app) verifyCommand() *cobra.Command {
	var digest string
	c := &cobra.Command{
		Use:   "verify DIRECTORY",
		Short: "Prove that evidence is whole, and recompute its verdict",
		Long: `Compare every file of a run directory with the digests in its SHA256SUMS, judge the observations again and compare the
verdict with the recorded one. It needs nothing but the directory. The exit code is the verdict's; 3 where anything differs,
or where the run was never sealed: because it goes on, was killed, or could not be recorded whole, as on a full disk.

Who keeps the digest that the run printed at its end, next to the artifact for example, and gives it here, knows that the
evidence is that run's: SHA256SUMS itself cannot have been written anew.`,
		Example: "  envd verify evidence/\n  envd verify evidence/ --digest sha256:…",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			dir, err := evidence.Open(args[0])
			if err != nil {
				return err
			}
			v, n, err := verify(dir)
			if err != nil {
				return withCode(envd.ExitEnvironment, err)
			}
			if digest != "" && digestPrefix+strings.TrimPrefix(digest, digestPrefix) != v.Digest {
				return withCode(envd.ExitEnvironment, fmt.Errorf("this is the evidence of another run: its digest is %s", v.Digest))
			}
			err = a.print(c, v, func() {
				fmt.Fprintf(c.OutOrStdout(), "%s: recomputed from %d observations; every file is as it was sealed (%s)\n", v.Outcome, n, v.Digest)
			})
			if code := v.ExitCode(); err == nil && code != envd.ExitPass {
				return &exitError{code, nil}
			}
			return err
		},
	}
	c.Flags().StringVar(&digest, "digest", "", "the digest that the run printed at its end")
	return c
}

// verify checks a run directory's files, and its verdict against the n observations.
func verify(dir *evidence.Dir) (v verification, n int, err error) {
	digest, err := dir.Check()
	if errors.Is(err, evidence.ErrUnsealed) {
		return v, 0, unsealed(dir)
	}
	if err != nil {
		return v, 0, err
	}
	spec, err := dir.Spec()
	if err != nil {
		return v, 0, err
	}
	observations, err := dir.Observations()
	if err != nil {
		return v, 0, err
	}
	recorded, err := dir.Verdict()
	if err != nil {
		return v, 0, err
	}
	v = verification{Verdict: judge.Judge(spec, observations), Artifact: spec.Artifact, Digest: digestPrefix + digest}
	same, err := equal(recorded, v.Verdict)
	if err == nil && !same {
		err = fmt.Errorf("the observations do not lead to the recorded verdict: recorded is %s, recomputed %s (%s)",
			recorded.Outcome, v.Outcome, strings.Join(v.Reasons, "; "))
	}
	return v, len(observations), err
}

// unsealed explains why a run directory has no seal, and so proves nothing.
func unsealed(dir *evidence.Dir) error {
	m, err := dir.Meta()
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", evidence.ErrUnsealed, err)
	case launch.Alive(m):
		return fmt.Errorf("%w yet: %s goes on, it is %s", evidence.ErrUnsealed, m.ID, m.Status)
	case m.Status != evidence.Finished:
		return fmt.Errorf("%w: %s was killed when it was %s; what it had observed by then is no proof", evidence.ErrUnsealed, m.ID, m.Status)
	case m.Message != "":
		return fmt.Errorf("%w: %s ended without a record that is whole: %s", evidence.ErrUnsealed, m.ID, m.Message)
	}
	return fmt.Errorf("%w, or its seal (%s) was removed", evidence.ErrUnsealed, evidence.SumsFile)
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
