package cli

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/compose"
	"github.com/envd-dev/envd/envd/spec"
)

// source is where an environment is described: in a spec, or in compose files alone.
type source struct {
	files, profiles []string
	publish         bool
}

func (s *source) flags(c *cobra.Command) {
	c.Flags().StringArrayVarP(&s.files, "file", "f", nil, "a compose file instead of a spec; of several, later ones override earlier ones")
	c.Flags().StringArrayVar(&s.profiles, "profile", nil, "enable a profile of the compose files")
	c.Flags().BoolVar(&s.publish, "publish", false, "open the ports that the compose files publish on this host")
	c.Args = func(_ *cobra.Command, args []string) error { return s.check(args) }
}

// check demands either a spec or compose files.
func (s *source) check(args []string) error {
	if len(args) == 0 && len(s.files) == 0 {
		var err error
		if s.files, err = compose.DefaultFiles(os.LookupEnv); err != nil {
			return fmt.Errorf(".env: %w", err)
		}
	}
	switch {
	case len(args) > 1:
		return fmt.Errorf("accepts 1 arg(s), received %d", len(args))
	case len(args) == 1 && len(s.files) > 0:
		return errors.New("name a spec or compose files, not both: a spec names them itself, as environment: {compose: compose.yaml}")
	case len(args) == 0 && len(s.files) == 0:
		return errors.New("accepts 1 arg(s), received 0: name a spec, or compose files with -f or in COMPOSE_FILE")
	case len(s.files) == 0 && (len(s.profiles) > 0 || s.publish):
		return errors.New("--profile and --publish are for compose files named with -f: a spec says environment: {compose: {files: [compose.yaml], profiles: [name], publish: true}}")
	}
	return nil
}

// refuse returns an error for compose files: a daemon takes specs only.
func (s *source) refuse() error {
	if len(s.files) > 0 {
		return errors.New("-f is for environments of this command's own: a daemon takes a spec, which names compose files as environment: {compose: compose.yaml}")
	}
	return nil
}

// load reads the spec, or makes one from the compose files.
func (s *source) load(a *app, c *cobra.Command, args []string, runtime string) (*envd.Spec, error) {
	if len(s.files) == 0 {
		return a.load(c, args[0], runtime)
	}
	loaded, diagnostics := spec.FromCompose(s.files, s.profiles, s.publish, specOptions(runtime))
	if len(diagnostics) > 0 {
		return nil, a.printDiagnostics(c, diagnostics)
	}
	return loaded, nil
}
