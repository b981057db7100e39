package cli

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/daemon"
	"github.com/envd-dev/envd/envd/internal/launch"
)

// serverAddress is where `envd serve` listens by default: this host only.
const serverAddress = "127.0.0.1:8700"

func (a *app) serveCommand() *cobra.Command {
	var cfg daemon.Config
	c := &cobra.Command{
		Use:   "serve",
		Short: "Serve the HTTP API: the same verbs for many, with a queue and a web page",
		Long: `Serve the HTTP API, its OpenAPI document (/openapi.json) and a web page.

Runs and environments are processes of their own: they survive the daemon, and a daemon that starts again finds them.
Clients need the token that is written to the token file at the first start.`,
		Example: `  envd serve
  ENVD_SERVER=http://127.0.0.1:8700 envd run envd.yaml`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			err := checkRetention(cfg.Keep)
			if err != nil {
				return err
			}
			if cfg.StateDir, err = launch.StateDir(); err != nil {
				return err
			}
			if cfg.TokenFile == "" {
				if cfg.TokenFile, err = tokenFile(); err != nil {
					return err
				}
			}
			if cfg.Exe, err = os.Executable(); err != nil {
				return err
			}
			cfg.Version = versionString()
			cfg.SpecOptions = specOptions("")
			cfg.Collect, cfg.Clear = collectAbandoned, clearRun
			cfg.Log = slog.New(slog.NewTextHandler(c.ErrOrStderr(), nil))
			return withCode(envd.ExitEnvironment, daemon.Run(c.Context(), cfg))
		},
	}
	c.Flags().StringVar(&cfg.Address, "address", serverAddress, "host:port to listen on")
	c.Flags().StringVar(&cfg.TokenFile, "token-file", "", "where the token is kept (default: in the state directory)")
	c.Flags().IntVar(&cfg.MaxRuns, "max-runs", 2, "how many runs go on at once; more wait in the queue")
	c.Flags().IntVar(&cfg.MaxEnvironments, "max-environments", 50, "how many environments may be up at once")
	durationVar(c.Flags(), &cfg.Keep, "keep", launch.Retention, "how long the evidence of a run is kept after its end; 0: for ever")
	return c
}

// tokenFile is where this user's daemon keeps its token.
func tokenFile() (string, error) {
	dir, err := launch.StateDir()
	return filepath.Join(dir, "token"), err
}

// readToken returns the token in a file; "", which the daemon will refuse, if it cannot be read.
func readToken(path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}
