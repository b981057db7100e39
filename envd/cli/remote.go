package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/envd-dev/envd/envd"
	v1 "github.com/envd-dev/envd/envd/api/v1"
	"github.com/envd-dev/envd/envd/client"
	"github.com/envd-dev/envd/envd/internal/evidence"
	"github.com/envd-dev/envd/envd/internal/runner"
	"github.com/envd-dev/envd/envd/spec"
)

// runRemote hands a run to a daemon, follows it, prints its report and ends with its exit code. An interrupt cancels the
// run, which is then followed to its end, as a local one would be. A second interrupt leaves at once.
func (a *app) runRemote(c *cobra.Command, daemon *client.Client, path, runtime string) error {
	s, err := submission(daemon, path, runtime)
	if err != nil {
		return err
	}
	ctx, leave := a.patient(c.Context())
	defer leave(nil)
	run, err := daemon.SubmitRun(ctx, s)
	if err != nil {
		return a.remoteError(c, path, err)
	}
	progress := newProgress(os.Stderr)
	fmt.Fprintf(c.ErrOrStderr(), "run %s\n", run.ID)
	id := run.ID
	context.AfterFunc(c.Context(), func() {
		// It may have ended meanwhile; then its verdict stands.
		if _, err := daemon.Cancel(ctx, id); err != nil && !errors.Is(err, v1.ErrConflict) {
			leave(fmt.Errorf("%s could not be canceled and goes on: %w", id, err))
		}
	})
	cut := false // the run did not go to its end
	run, err = daemon.Follow(ctx, id, func(o envd.Observation) error {
		cut = cut || o.Run != nil && o.Run.Name == envd.RunInterrupted
		progress.notice(runner.Notice{Time: o.Time, Observation: &o})
		return nil
	})
	progress.close()
	switch {
	case ctx.Err() != nil:
		return withCode(envd.ExitInterrupted, context.Cause(ctx))
	case err != nil:
		return a.remoteError(c, path, err)
	}
	if err := a.showRemote(ctx, c, daemon, path, run); err != nil {
		return err
	}
	switch {
	case c.Context().Err() != nil && (cut || run.Status == v1.Canceled):
		return &exitError{envd.ExitInterrupted, nil}
	case run.ExitCode == nil:
		return &exitError{envd.ExitEnvironment, nil} // the message has said why
	case *run.ExitCode != envd.ExitPass:
		return &exitError{*run.ExitCode, nil}
	}
	return nil
}

// patient returns a context that outlives the first interrupt, and ends with the second or with leave.
func (a *app) patient(ctx context.Context) (patient context.Context, leave context.CancelCauseFunc) {
	patient, leave = context.WithCancelCause(context.WithoutCancel(ctx))
	go func() {
		select {
		case <-a.again:
			leave(errors.New("left before its teardown was seen; the daemon goes on with it"))
		case <-patient.Done():
		}
	}()
	return patient, leave
}

// showRemote prints the report of a run that ended, or why there is none.
func (a *app) showRemote(ctx context.Context, c *cobra.Command, daemon *client.Client, path string, run v1.Run) error {
	name := evidence.TextFile
	if a.output == "json" {
		name = evidence.JSONFile
	}
	file, err := daemon.File(ctx, run.ID, name)
	if errors.Is(err, v1.ErrNotFound) {
		fmt.Fprintf(c.ErrOrStderr(), "envd: %s is %s, without a verdict. %s\n", run.ID, run.Status, run.Message)
		return nil
	}
	if err != nil {
		return a.remoteError(c, path, err)
	}
	defer file.Close()
	if _, err = io.Copy(c.OutOrStdout(), file); err != nil {
		return withCode(envd.ExitEnvironment, err)
	}
	sums, err := daemon.File(ctx, run.ID, evidence.SumsFile)
	if err != nil {
		return a.remoteError(c, path, err)
	}
	defer sums.Close()
	digest, err := evidence.Digest(sums)
	if err != nil {
		return withCode(envd.ExitEnvironment, err)
	}
	a.showDigest(c, digest)
	return nil
}

// upRemote brings an environment up through a daemon.
func (a *app) upRemote(c *cobra.Command, daemon *client.Client, path, runtime string, ttl time.Duration) error {
	s, err := submission(daemon, path, runtime)
	if err != nil {
		return err
	}
	e, err := daemon.Up(c.Context(), s, ttl)
	if err != nil {
		return a.remoteError(c, path, err)
	}
	return a.showUp(c, metaOf(e))
}

// submission describes the spec to the daemon: by its path if both see the same files, otherwise with its whole directory.
func submission(daemon *client.Client, file, runtime string) (client.Spec, error) {
	if file == stdinSpec {
		return client.Spec{}, errors.New("a daemon takes a file: a spec on standard input is for runs of this command's own")
	}
	path, err := filepath.Abs(file)
	if err != nil {
		return client.Spec{}, err
	}
	if _, err := os.Stat(path); err != nil {
		return client.Spec{}, err
	}
	return client.Spec{Path: path, Runtime: runtime, Upload: !daemon.LocalPath()}, nil
}

// remoteError gives a daemon's error the exit code of the same failure here, and prints mistakes of the spec at path in the
// same form.
func (a *app) remoteError(c *cobra.Command, path string, err error) error {
	var refused *v1.Error
	switch {
	case errors.As(err, &refused) && refused.Code == v1.BadSpec && len(refused.Detail) > 0:
		var mistakes spec.Diagnostics
		for _, d := range refused.Detail {
			d.File = asGiven(path, d.File)
			mistakes = append(mistakes, spec.Diagnostic(d))
		}
		return a.printDiagnostics(c, mistakes)
	case errors.Is(err, v1.ErrBadSpec), errors.Is(err, v1.ErrUnauthorized), errors.Is(err, v1.ErrNotFound):
		return withCode(envd.ExitUsage, err)
	}
	return withCode(envd.ExitEnvironment, err)
}

// asGiven turns a daemon's name for a file (the absolute path, or the path in an upload) into the form in which the command
// line named the spec.
func asGiven(path, file string) string {
	if file == spec.RuntimeFlag {
		return file
	}
	if filepath.IsAbs(file) {
		absolute, err := filepath.Abs(path)
		if err != nil {
			return file
		}
		inside, ok := strings.CutPrefix(file, filepath.Dir(absolute)+string(filepath.Separator))
		if !ok {
			return file
		}
		file = inside
	}
	return filepath.Join(filepath.Dir(path), file)
}
