package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/envd-dev/envd/envd"
	v1 "github.com/envd-dev/envd/envd/api/v1"
	"github.com/envd-dev/envd/envd/client"
	"github.com/envd-dev/envd/envd/internal/evidence"
	"github.com/envd-dev/envd/envd/internal/runner"
)

// runRemote hands a run to a daemon, follows it, and ends with its exit code.
func (a *app) runRemote(c *cobra.Command, daemon *client.Client, spec, runtime string) error {
	s, err := submission(daemon, spec, runtime)
	if err != nil {
		return err
	}
	ctx := c.Context()
	run, err := daemon.SubmitRun(ctx, s)
	if err != nil {
		return remoteError(err)
	}
	progress := newProgress(os.Stderr)
	fmt.Fprintf(c.ErrOrStderr(), "run %s\n", run.ID)
	id := run.ID
	run, err = daemon.Follow(ctx, id, func(o envd.Observation) error {
		progress.notice(runner.Notice{Time: o.Time, Observation: &o})
		return nil
	})
	progress.close()
	if ctx.Err() != nil {
		return cancelRemote(ctx, daemon, id)
	}
	if err != nil {
		return remoteError(err)
	}
	if err := a.showRemote(c, daemon, run); err != nil {
		return err
	}
	if run.ExitCode == nil {
		return withCode(envd.ExitEnvironment, fmt.Errorf("%s ended without an exit code: %s", run.ID, run.Message))
	}
	if *run.ExitCode != envd.ExitPass {
		return &exitError{*run.ExitCode, nil}
	}
	return nil
}

// cancelRemote makes the daemon end a run whose caller was interrupted.
func cancelRemote(ctx context.Context, daemon *client.Client, id string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if _, err := daemon.Cancel(ctx, id); err != nil {
		return withCode(envd.ExitInterrupted, fmt.Errorf("%s goes on: %w", id, err))
	}
	return &exitError{envd.ExitInterrupted, nil}
}

// showRemote prints the report of a run that ended.
func (a *app) showRemote(c *cobra.Command, daemon *client.Client, run v1.Run) error {
	if a.output == "json" {
		verdict, err := daemon.Verdict(c.Context(), run.ID)
		if err != nil && !errors.Is(err, v1.ErrNotFound) {
			return remoteError(err)
		}
		return a.print(c, struct {
			v1.Run
			Verdict envd.Verdict `json:"verdict"`
		}{run, verdict}, nil)
	}
	file, err := daemon.File(c.Context(), run.ID, evidence.TextFile)
	if errors.Is(err, v1.ErrNotFound) {
		fmt.Fprintln(c.OutOrStdout(), run.Message)
		return nil
	}
	if err != nil {
		return remoteError(err)
	}
	defer file.Close()
	_, err = io.Copy(c.OutOrStdout(), file)
	return err
}

// upRemote brings an environment up through a daemon.
func (a *app) upRemote(c *cobra.Command, daemon *client.Client, spec, runtime string, ttl time.Duration) error {
	s, err := submission(daemon, spec, runtime)
	if err != nil {
		return err
	}
	e, err := daemon.Up(c.Context(), s, ttl)
	if err != nil {
		return remoteError(err)
	}
	return a.showUp(c, metaOf(e))
}

// submission names the spec to the daemon: by its path where both see the same files, with its directory otherwise.
func submission(daemon *client.Client, spec, runtime string) (client.Spec, error) {
	path, err := filepath.Abs(spec)
	if err != nil {
		return client.Spec{}, err
	}
	if _, err := os.Stat(path); err != nil {
		return client.Spec{}, err
	}
	return client.Spec{Path: path, Runtime: runtime, Upload: !daemon.LocalPath()}, nil
}

// remoteError gives a daemon's error the exit code that the same failure has here.
func remoteError(err error) error {
	switch {
	case errors.Is(err, v1.ErrBadSpec), errors.Is(err, v1.ErrUnauthorized), errors.Is(err, v1.ErrNotFound):
		return withCode(envd.ExitUsage, err)
	}
	return withCode(envd.ExitEnvironment, err)
}
