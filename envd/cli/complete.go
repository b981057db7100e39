package cli

import (
	"maps"
	"net/http"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/envd-dev/envd/templates"
)

// completions sets what the shell offers for arguments and flags: specs, environments that are up, templates, formats. For
// everything else it offers nothing, where a shell by default would offer files.
func (a *app) completions(root *cobra.Command) {
	for _, name := range []string{"run", "up", "plan", "validate"} {
		find(root, name).ValidArgsFunction = one([]string{"yaml", "yml"}, cobra.ShellCompDirectiveFilterFileExt)
	}
	for _, name := range []string{"init", "verify"} {
		find(root, name).ValidArgsFunction = one(nil, cobra.ShellCompDirectiveFilterDirs)
	}
	for _, name := range []string{"ls", "gc", "schema", "serve", "doctor", "version"} {
		find(root, name).ValidArgsFunction = cobra.NoFileCompletions
	}
	for _, path := range [][]string{{"inspect"}, {"logs"}, {"exec"}, {"renew"}, {"down"},
		{"stub", "ls"}, {"stub", "requests"}, {"stub", "add"}, {"stub", "reset"}, {"stub", "admin"}} {
		find(root, path...).ValidArgsFunction = a.completeIDs
	}
	fixed := func(c *cobra.Command, flag string, values ...string) {
		if err := c.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)); err != nil {
			panic(err) // a flag that does not exist is a programming error, which every command would show
		}
	}
	var names []string
	for _, t := range templates.List() {
		names = append(names, t.Name)
	}
	if err := find(root, "exec").RegisterFlagCompletionFunc("service", a.completeServices); err != nil {
		panic(err) // as above
	}
	fixed(root, "output", "text", "json")
	fixed(find(root, "init"), "template", names...)
	for _, name := range []string{"run", "up", "plan"} {
		fixed(find(root, name), "runtime", runtimes...)
	}
	for _, c := range root.Commands() {
		c.Flags().VisitAll(func(f *pflag.Flag) { completeFlag(c, f) })
	}
}

// one offers completions for the first argument only.
func one(offers []string, how cobra.ShellCompDirective) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return offers, how
	}
}

// completeFlag sets what is offered for a flag's value, unless that was set before.
func completeFlag(c *cobra.Command, f *pflag.Flag) {
	offer := cobra.NoFileCompletions // numbers, durations, names
	switch f.Name {
	case "out":
		offer = one(nil, cobra.ShellCompDirectiveFilterDirs)
	case "file":
		offer = one([]string{"yaml", "yml"}, cobra.ShellCompDirectiveFilterFileExt)
	case "token-file":
		return
	}
	if _, said := c.GetFlagCompletionFunc(f.Name); said {
		return
	}
	if err := c.RegisterFlagCompletionFunc(f.Name, offer); err != nil {
		panic(err) // the flag is this command's
	}
}

// find returns the command of that path.
func find(root *cobra.Command, path ...string) *cobra.Command {
	c, _, err := root.Find(path)
	if err != nil {
		panic(err) // a programming error, as above
	}
	return c
}

// completeServices offers the services of the named environment, or of the only one.
func (a *app) completeServices(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	id := ""
	if len(args) > 0 {
		id = args[0]
	}
	f, err := a.fleet()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	services, err := f.Services(c.Context(), id)
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	return services, cobra.ShellCompDirectiveNoFileComp
}

// completeIDs offers the environments and runs that are alive and, for the next argument, the stubs or services of the one
// that was named.
func (a *app) completeIDs(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	const none = cobra.ShellCompDirectiveNoFileComp
	f, err := a.fleet()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	switch {
	case len(args) == 0 || c.Name() == "down":
		runs, err := f.List(c.Context())
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		var ids []string
		for _, m := range runs {
			if isUp(m) {
				ids = append(ids, m.ID)
			}
		}
		return ids, none
	case c.Name() == "logs", len(args) == 1 && c.Parent().Name() == "stub" && c.Name() != "ls":
		state, err := f.State(c.Context(), args[0])
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		if c.Name() == "logs" {
			return slices.Sorted(maps.Keys(state.Services)), none
		}
		var hosts []string
		for _, s := range state.Stubs {
			hosts = append(hosts, s.Host)
		}
		return hosts, none
	case len(args) == 2 && c.Name() == "admin":
		return []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}, none
	case len(args) == 2 && c.Name() == "add":
		return []string{"json"}, cobra.ShellCompDirectiveFilterFileExt
	case len(args) == 4 && c.Name() == "admin", c.Name() == "exec":
		return nil, cobra.ShellCompDirectiveDefault // files
	}
	return nil, none
}
