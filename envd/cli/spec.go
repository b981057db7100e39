package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/plan"
	"github.com/envd-dev/envd/envd/spec"
	"github.com/envd-dev/envd/templates"
)

func (a *app) initCommand() *cobra.Command {
	var template string
	var list bool
	c := &cobra.Command{
		Use:   "init [DIRECTORY]",
		Short: "Write a working spec to start from",
		Example: `  envd init                          # the minimal template, here
  envd init --template podinfo shop  # the full tour, into ./shop
  envd init --list`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if list {
				return a.print(c, templates.List(), func() {
					for _, t := range templates.List() {
						fmt.Fprintf(c.OutOrStdout(), "%-16s %s\n", t.Name, t.Summary)
					}
				})
			}
			dir := "."
			if len(args) == 1 {
				dir = args[0]
			}
			files, err := templates.Write(template, dir)
			if err != nil {
				return err
			}
			return a.print(c, files, func() {
				for _, f := range files {
					fmt.Fprintln(c.OutOrStdout(), "wrote", f)
				}
				fmt.Fprintf(c.OutOrStdout(), "\nNext: envd run %s\n", filepath.Join(dir, templates.SpecFile))
			})
		},
	}
	c.Flags().StringVar(&template, "template", "minimal", "which template; --list names them")
	c.Flags().BoolVar(&list, "list", false, "list the templates")
	return c
}

func (a *app) validateCommand() *cobra.Command {
	var from source
	c := &cobra.Command{
		Use:     "validate [SPEC]",
		Short:   "Report every mistake of a spec at once",
		Example: "  envd validate envd.yaml\n  envd validate -f compose.yaml\n  envd validate - <envd.yaml",
		RunE: func(c *cobra.Command, args []string) error {
			s, err := from.load(a, c, args, "")
			if err != nil {
				return err
			}
			return a.print(c, s, func() { fmt.Fprintf(c.OutOrStdout(), "%s: ok\n", strings.Join(append(args, from.files...), ", ")) })
		},
	}
	from.flags(c)
	return c
}

func (a *app) planCommand() *cobra.Command {
	var runtime string
	var from source
	c := &cobra.Command{
		Use:     "plan [SPEC]",
		Short:   "Print what a run would do, without doing it",
		Example: "  envd plan envd.yaml\n  envd plan -f compose.yaml",
		RunE: func(c *cobra.Command, args []string) error {
			s, err := from.load(a, c, args, runtime)
			if err != nil {
				return err
			}
			rt, err := newRuntime(s, "", 0, nil, nil)
			if err != nil {
				return err
			}
			caps, err := rt.Capabilities(c.Context())
			if err != nil {
				return withCode(envd.ExitEnvironment, err)
			}
			p, err := plan.Of(s, caps)
			if err = errors.Join(err, plan.RefuseFaults(s.Environment.Runtime, s.Stages, caps)); err != nil {
				return err
			}
			return a.print(c, p.Operations, func() { fmt.Fprint(c.OutOrStdout(), p.String()) })
		},
	}
	c.Flags().StringVar(&runtime, "runtime", "", "override the spec's runtime")
	from.flags(c)
	return c
}

func (a *app) schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "schema",
		Short:   "Print the JSON Schema of specs, for editors",
		Example: "  envd schema > .envd.schema.json",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			_, err := c.OutOrStdout().Write(spec.Schema())
			return err
		},
	}
}

// stdinSpec names a spec on standard input. It has no folder: its paths are relative to the working directory.
const stdinSpec = "-"

// load reads a spec; runtime replaces the spec's own unless it is empty. Mistakes are printed, and returned as an error with
// the exit code for a bad spec.
func (a *app) load(c *cobra.Command, path, runtime string) (*envd.Spec, error) {
	var s *envd.Spec
	var diagnostics spec.Diagnostics
	if path == stdinSpec {
		s, diagnostics = spec.Read("stdin", c.InOrStdin(), specOptions(runtime))
	} else {
		s, diagnostics = spec.Load(path, specOptions(runtime))
	}
	if len(diagnostics) > 0 {
		return nil, a.printDiagnostics(c, diagnostics)
	}
	return s, nil
}

// printDiagnostics shows a spec's mistakes: on standard error for people, on standard output for programs.
func (a *app) printDiagnostics(c *cobra.Command, d spec.Diagnostics) error {
	if a.output == "json" {
		if err := a.print(c, d, nil); err != nil {
			return err
		}
	} else if err := d.Render(c.ErrOrStderr(), colored(os.Stderr)); err != nil {
		return err
	}
	return &exitError{envd.ExitUsage, nil}
}
