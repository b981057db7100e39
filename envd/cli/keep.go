package cli

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/evidence"
	"github.com/envd-dev/envd/envd/internal/launch"
)

// keepFlag is the flag of `envd run`; defaultKeep is its value where it is given without one.
const (
	keepFlag    = "keep-on-failure"
	defaultKeep = time.Hour
)

// refuseKeep tells that a daemon's runs take places that others wait for.
func refuseKeep(keep time.Duration) error {
	if keep == 0 {
		return nil
	}
	return errors.New("--" + keepFlag + " is for runs of this command's own: a daemon's run gives its place to the next one when it has ended")
}

// longest is how long an environment may stay whose spec sets no budget, or whose lease may be renewed. Only who cannot
// tell whether a runner lives goes by it.
const longest = 24 * time.Hour

// leaseOf is how long an environment may stay that is held for ttl.
func leaseOf(s *envd.Spec, ttl time.Duration) time.Duration {
	return max(s.Budget.Std(), longest) + ttl
}

// runKeeping starts a runner of its own, which can stay with the environment, and returns when the run has ended or its
// environment is kept. The runner prints by itself until then.
func (a *app) runKeeping(c *cobra.Command, s *envd.Spec, dir *evidence.Dir, id string, keep time.Duration) error {
	arg := []string{"run", "--id", id, "--" + keepFlag + "=" + keep.String(), "--output", a.output}
	meta, err := detach(c, s, dir, launch.Options{Arg: arg, Stdout: os.Stdout, Stderr: os.Stderr})
	ended := (*launch.Failure)(nil)
	switch {
	case err == nil && meta.ExitCode != nil:
		return &exitError{*meta.ExitCode, nil}
	case errors.As(err, &ended) && ended.ExitCode == envd.ExitPass:
		return nil
	}
	return howDetachedEnded(c, err)
}

// runResolved is the other end of runKeeping.
func (a *app) runResolved(c *cobra.Command, path string, keep time.Duration) error {
	s, dir, id, err := takeOver(c, path)
	if err != nil {
		return err
	}
	return a.runHere(c, s, dir, id, keep)
}

// handOver prints the verdict on a run whose environment is kept and lets its starter go.
func (a *app) handOver(c *cobra.Command, dir *evidence.Dir, meta evidence.Meta) error {
	if err := a.showReport(c, dir); err != nil {
		return err
	}
	fmt.Fprintf(c.ErrOrStderr(), "%s is kept until %s: envd inspect, logs and exec show what it is like; envd down %s takes it down\n",
		meta.ID, meta.Expires.Local().Format("15:04:05"), meta.ID)
	if err := launch.Detach(dir.Path()); err != nil {
		return err
	}
	return launch.Ready(meta)
}
