package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/evidence"
	"github.com/envd-dev/envd/envd/internal/launch"
	"github.com/envd-dev/envd/envd/internal/report"
	"github.com/envd-dev/envd/envd/internal/runner"
)

// where holds the flags that name a run and the place of its evidence.
type where struct {
	id, out  string
	resolved bool // SPEC is a run directory, prepared by the process that started this one; see detach
}

func (p *where) flags(c *cobra.Command) {
	c.Flags().StringVar(&p.out, "out", "", "the run directory to write (default: below the state directory)")
	c.Flags().StringVar(&p.id, "id", "", "the run's ID (default: the spec's name and a random part)")
	c.Flags().BoolVar(&p.resolved, "resolved", false, "SPEC is a run directory whose spec was read before")
	c.Flags().Lookup("resolved").Hidden = true
}

// refuse returns an error for flags that a daemon has no use for: it names its runs and their directories itself.
func (p *where) refuse() error {
	if p.id != "" || p.out != "" {
		return errors.New("--id and --out are for runs of this command's own: a daemon names its runs and keeps their evidence")
	}
	return nil
}

// create claims the ID and makes the run directory. If several processes want the same ID, only one gets it.
func (p *where) create(s *envd.Spec) (*evidence.Dir, error) {
	if p.id == "" {
		p.id = launch.NewID(s.Name)
	}
	if err := envd.CheckID(p.id); err != nil {
		return nil, fmt.Errorf("--id: %w", err)
	}
	root, err := launch.RunsDir()
	if err != nil {
		return nil, err
	}
	if p.out == "" {
		p.out = filepath.Join(root, p.id)
	}
	if p.out, err = filepath.Abs(p.out); err != nil {
		return nil, err
	}
	if err := launch.Register(root, p.id, p.out); err != nil {
		return nil, err
	}
	dir, err := evidence.Create(p.out)
	if err != nil {
		return nil, errors.Join(err, launch.Unregister(root, p.id, p.out))
	}
	return dir, nil
}

func (a *app) runCommand() *cobra.Command {
	var place where
	var from source
	var runtime string
	var keep time.Duration
	c := &cobra.Command{
		Use:   "run [SPEC]",
		Short: "Provision, exercise, judge, tear down; the exit code is the verdict",
		Example: `  envd run envd.yaml
  envd run envd.yaml -o json --out evidence/
  envd run --keep-on-failure=2h envd.yaml
  envd run -f compose.yaml           # does it come up, and go without a trace?`,
		RunE: func(c *cobra.Command, args []string) error {
			if c.Flags().Changed(keepFlag) && keep <= 0 {
				return fmt.Errorf("--%s=%s: a lease lasts longer than nothing, 30m for example", keepFlag, keep)
			}
			if place.resolved {
				return a.runResolved(c, args[0], keep)
			}
			if daemon, err := a.client(); daemon != nil || err != nil {
				if err = errors.Join(err, place.refuse(), from.refuse(), refuseKeep(keep)); err != nil {
					return err
				}
				return a.runRemote(c, daemon, args[0], runtime)
			}
			s, err := from.load(a, c, args, runtime)
			if err != nil {
				return err
			}
			dir, err := place.create(s)
			if err != nil {
				return err
			}
			if keep > 0 {
				return a.runKeeping(c, s, dir, place.id, keep)
			}
			return a.runHere(c, s, dir, place.id, 0)
		},
	}
	place.flags(c)
	from.flags(c)
	c.Flags().StringVar(&runtime, "runtime", "", "override the spec's runtime")
	durationVar(c.Flags(), &keep, keepFlag, 0,
		"keep the environment of a run that does not pass for so long, or until envd down").NoOptDefVal = shortDuration(defaultKeep)
	return c
}

// runHere runs the spec in this process, which is then the runner.
func (a *app) runHere(c *cobra.Command, s *envd.Spec, dir *evidence.Dir, id string, keep time.Duration) error {
	progress := newProgress(os.Stderr)
	cfg, err := newConfig(s, dir, id, leaseOf(s, keep), progress.notice)
	if err != nil {
		return err
	}
	stop := progress.watch(progress.own)
	defer stop()
	cfg.Keep = keep
	cfg.Kept = func(meta evidence.Meta) error {
		stop()
		return a.handOver(c, dir, meta)
	}
	swept := sweep(&cfg)
	result, err := runner.Run(c.Context(), cfg)
	swept()
	stop()
	return a.showRun(c, dir, result, err)
}

// showRun prints a run's verdict and returns the exit code that goes with it.
func (a *app) showRun(c *cobra.Command, dir *evidence.Dir, result runner.Result, err error) error {
	if err != nil {
		return withCode(envd.ExitEnvironment, fmt.Errorf("%w\nwhat was gathered is in %s", err, dir.Path()))
	}
	if err := a.showReport(c, dir); err != nil {
		return withCode(envd.ExitEnvironment, err)
	}
	a.showDigest(c, result.Digest)
	if result.ExitCode != envd.ExitPass {
		return &exitError{result.ExitCode, nil}
	}
	return nil
}

// showDigest prints the digest of the whole evidence, on standard error so that it does not mix with the report.
func (a *app) showDigest(c *cobra.Command, digest string) {
	fmt.Fprintf(c.ErrOrStderr(), "sealed %s%s\n", digestPrefix, digest)
}

// showReport prints a finished run's summary, or all of it as JSON.
func (a *app) showReport(c *cobra.Command, dir *evidence.Dir) error {
	if a.output == "json" {
		b, err := os.ReadFile(dir.Path(evidence.JSONFile))
		if err == nil {
			_, err = c.OutOrStdout().Write(b)
		}
		return err
	}
	r, err := runner.Describe(dir, versionString())
	if err != nil {
		return err
	}
	return report.Text(c.OutOrStdout(), r, report.TextOptions{Color: colored(os.Stdout), Width: width(os.Stdout)})
}
