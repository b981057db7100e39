package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/evidence"
	"github.com/envd-dev/envd/envd/internal/launch"
	"github.com/envd-dev/envd/envd/internal/runner"
)

func (a *app) upCommand() *cobra.Command {
	var place where
	var from source
	var runtime string
	var ttl time.Duration
	var foreground bool
	c := &cobra.Command{
		Use:   "up [SPEC]",
		Short: "Bring an environment up to work in; it is gone when its lease ends",
		Example: `  envd up envd.yaml
  envd up envd.yaml --ttl 4h -o json
  envd up envd.yaml --foreground      # until ^C
  envd up -f compose.yaml -f compose.test.yaml --profile debug`,
		RunE: func(c *cobra.Command, args []string) error {
			if err := checkTTL(ttl); err != nil {
				return err
			}
			if place.resolved {
				return a.upResolved(c, args[0], ttl)
			}
			if daemon, err := a.client(); daemon != nil || err != nil {
				if err = errors.Join(err, place.refuse(), from.refuse()); err != nil {
					return err
				}
				return a.upRemote(c, daemon, args[0], runtime, ttl)
			}
			s, err := from.load(a, c, args, runtime)
			if err != nil {
				return err
			}
			dir, err := place.create(s)
			if err != nil {
				return err
			}
			if foreground {
				return a.hold(c, s, dir, place.id, ttl)
			}
			return a.upDetached(c, s, dir, place.id, ttl)
		},
	}
	place.flags(c)
	from.flags(c)
	c.Flags().StringVar(&runtime, "runtime", "", "override the spec's runtime")
	durationVar(c.Flags(), &ttl, "ttl", time.Hour, "the lease: when the environment is torn down unless renewed")
	c.Flags().BoolVar(&foreground, "foreground", false, "hold the environment in this process, until it is interrupted")
	return c
}

// hold makes this process the runner of an environment.
func (a *app) hold(c *cobra.Command, s *envd.Spec, dir *evidence.Dir, id string, ttl time.Duration) error {
	progress := newProgress(os.Stderr)
	cfg, err := newConfig(s, dir, id, leaseOf(s, ttl), progress.notice)
	if err != nil {
		return err
	}
	stop := func() {} // a detached runner has no terminal, and its starter watches
	if os.Getenv(launch.ReadyVariable) == "" {
		stop = progress.watch(progress.own)
		defer stop()
	}
	cfg.TTL = ttl
	cfg.Ready = func(meta evidence.Meta) error {
		stop()
		if os.Getenv(launch.ReadyVariable) != "" {
			return launch.Ready(meta)
		}
		return a.showUp(c, meta)
	}
	swept := sweep(&cfg)
	result, err := runner.Up(c.Context(), cfg)
	swept()
	progress.close()
	switch {
	case err != nil:
		return withCode(envd.ExitEnvironment, err)
	case result.ExitCode == envd.ExitLeftovers:
		return withCode(envd.ExitLeftovers, errors.New("something was left behind; see "+dir.Path(evidence.ObservationsFile)))
	case result.ExitCode != envd.ExitPass:
		return &exitError{result.ExitCode, nil} // the progress has said why
	}
	return nil
}

// upDetached starts a runner as a process of its own, and returns when the environment is ready.
func (a *app) upDetached(c *cobra.Command, s *envd.Spec, dir *evidence.Dir, id string, ttl time.Duration) error {
	stop := newProgress(os.Stderr).watch(func() map[string]time.Time {
		underWay, _ := runner.UnderWay(dir) // while the runner has written nothing, there is nothing to tell
		return underWay
	})
	meta, err := detach(c, s, dir, launch.Options{Arg: []string{"up", "--id", id, "--ttl", ttl.String()}})
	stop()
	if err == nil {
		return a.showUp(c, meta)
	}
	failed := (*launch.Failure)(nil)
	if errors.As(err, &failed) && failed.ExitCode > 0 && !interrupted(c) {
		fmt.Fprintln(c.ErrOrStderr(), failed.Output)
	}
	return howDetachedEnded(c, err)
}

func interrupted(c *cobra.Command) bool {
	return errors.Is(context.Cause(c.Context()), runner.ErrInterrupted)
}

// howDetachedEnded turns the failure of a detached runner into this command's error and exit code.
func howDetachedEnded(c *cobra.Command, err error) error {
	failed := (*launch.Failure)(nil)
	switch {
	case errors.As(err, &failed) && failed.ExitCode > 0:
		return &exitError{failed.ExitCode, nil}
	case interrupted(c):
		return &exitError{envd.ExitInterrupted, nil}
	}
	return withCode(envd.ExitEnvironment, err)
}

// upResolved is what the process started by upDetached does.
func (a *app) upResolved(c *cobra.Command, path string, ttl time.Duration) error {
	s, dir, id, err := takeOver(c, path)
	if err != nil {
		return err
	}
	return a.hold(c, s, dir, id, ttl)
}

// detach starts a runner as a process of its own, with the command o.Arg. It gets the resolved spec in the run directory.
func detach(c *cobra.Command, s *envd.Spec, dir *evidence.Dir, o launch.Options) (evidence.Meta, error) {
	if err := dir.WriteJSON(evidence.SpecFile, s); err != nil {
		return evidence.Meta{}, err
	}
	exe, err := os.Executable()
	if err != nil {
		return evidence.Meta{}, err
	}
	o.Exe, o.Dir = exe, dir.Path()
	o.Arg = append(o.Arg, "--resolved", dir.Path())
	return launch.Up(c.Context(), o)
}

// takeOver reads, in the process started by detach, what the run directory holds.
func takeOver(c *cobra.Command, path string) (*envd.Spec, *evidence.Dir, string, error) {
	id, err := c.Flags().GetString("id")
	if err != nil {
		return nil, nil, "", err
	}
	dir := evidence.Claimed(path)
	s, err := dir.Spec()
	return s, dir, id, err
}

// showUp prints how to reach an environment that is ready.
func (a *app) showUp(c *cobra.Command, meta evidence.Meta) error {
	return a.print(c, meta, func() {
		out := c.OutOrStdout()
		fmt.Fprintf(out, "%s is ready until %s\n", meta.ID, meta.Expires.Local().Format("15:04:05"))
		for _, name := range slices.Sorted(maps.Keys(meta.Addresses)) {
			fmt.Fprintf(out, "  %-24s http://%s\n", name, meta.Addresses[name])
		}
		fmt.Fprintf(out, "Take it down: envd down %s\n", meta.ID)
	})
}
