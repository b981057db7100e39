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

// keepFlag is a flag of `envd run`; defaultKeep is its value if it is given without one.
const (
	keepFlag    = "keep-on-failure"
	defaultKeep = time.Hour
)

// refuseKeep returns an error for keepFlag with a daemon, whose runs must make room for those in its queue.
func refuseKeep(keep time.Duration) error {
	if keep == 0 {
		return nil
	}
	return errors.New("--" + keepFlag + " is for runs of this command's own: a daemon's run gives its place to the next one when it has ended")
}

// longest is how long objects may stay if the spec sets no budget, or if the lease may be renewed. It matters only to
// collectors that cannot tell whether the runner is alive.
const longest = 24 * time.Hour

// leaseOf returns how long the objects of an environment may stay that is held for ttl.
func leaseOf(s *envd.Spec, ttl time.Duration) time.Duration {
	return max(s.Budget.Std(), longest) + ttl
}

// runKeeping starts a runner as a process of its own, which can outlive this one, and returns when the run has ended or its
// environment is kept. Until then the runner does the printing.
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

// runResolved is what the process started by runKeeping does.
func (a *app) runResolved(c *cobra.Command, path string, keep time.Duration) error {
	s, dir, id, err := takeOver(c, path)
	if err != nil {
		return err
	}
	return a.runHere(c, s, dir, id, keep)
}

// handOver prints the verdict on a run whose environment is kept, and lets the process that started the runner return.
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
