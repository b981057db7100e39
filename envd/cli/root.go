package cli

import (
	"fmt"

	"github.com/spf13/cobra"
)

// app holds the flags that all commands share.
type app struct {
	output string // text or json
	server string
	token  string
	again  <-chan struct{} // closed by the second interrupt
}

func newRoot(again <-chan struct{}) *cobra.Command {
	a := &app{again: again}
	root := &cobra.Command{
		Use:   "envd",
		Short: "A dress rehearsal for every change: environments, stubs, load, faults, and an honest verdict",
		Long: `envd provisions a production-shaped environment from one spec file, stubs its dependencies,
puts load and faults on it, judges what was observed, tears everything down and keeps the evidence.

Exit codes: 0 pass · 1 fail · 2 bad spec or usage · 3 environment failed to come up
            4 inconclusive · 5 something was left behind · 130 interrupted`,
		Example: `  envd init --template podinfo     # start from a working spec
  envd run envd.yaml               # rehearse it and get a verdict
  envd up envd.yaml                # an environment to work in, gone after an hour`,
		SilenceUsage:  true,
		SilenceErrors: true,
		PersistentPreRunE: func(*cobra.Command, []string) error {
			if a.output != "text" && a.output != "json" {
				return fmt.Errorf("-o %s: want text or json", a.output)
			}
			return nil
		},
	}
	root.PersistentFlags().StringVarP(&a.output, "output", "o", "text", "how results are printed: text or json")
	root.PersistentFlags().StringVar(&a.server, "server", "", "go through the daemon at this URL (default $ENVD_SERVER)")
	root.PersistentFlags().StringVar(&a.token, "token-file", "", "the file with the daemon's token (default $ENVD_TOKEN_FILE, or the daemon's own on this host)")

	root.AddGroup(
		&cobra.Group{ID: "spec", Title: "Specs:"},
		&cobra.Group{ID: "run", Title: "Rehearsals:"},
		&cobra.Group{ID: "env", Title: "Environments:"},
		&cobra.Group{ID: "serve", Title: "Servers:"},
	)
	add := func(group string, commands ...*cobra.Command) {
		for _, c := range commands {
			c.GroupID = group
			root.AddCommand(c)
		}
	}
	add("spec", a.initCommand(), a.validateCommand(), a.planCommand(), a.schemaCommand())
	add("run", a.runCommand(), a.verifyCommand())
	add("env", a.upCommand(), a.lsCommand(), a.inspectCommand(), a.logsCommand(), a.execCommand(), a.renewCommand(),
		a.downCommand(), a.stubCommand(), a.gcCommand())
	add("serve", a.serveCommand(), a.wiremockCommand())
	root.AddCommand(a.gatewayCommand(), a.relayCommand(), a.doctorCommand(), a.versionCommand())
	a.completions(root)
	return root
}
