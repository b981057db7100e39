package cli

import (
	"github.com/spf13/cobra"

	"github.com/envd-dev/envd/templates"
)

// completions tells the shell what may stand where: specs, environments that are up, templates, formats.
func (a *app) completions(root *cobra.Command) {
	specs := func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return []string{"yaml", "yml"}, cobra.ShellCompDirectiveFilterFileExt
	}
	for _, name := range []string{"run", "up", "plan", "validate"} {
		find(root, name).ValidArgsFunction = specs
	}
	for _, path := range [][]string{{"inspect"}, {"logs"}, {"exec"}, {"renew"}, {"down"},
		{"stub", "ls"}, {"stub", "requests"}, {"stub", "add"}, {"stub", "reset"}, {"stub", "admin"}} {
		find(root, path...).ValidArgsFunction = a.completeIDs
	}
	fixed := func(c *cobra.Command, flag string, values ...string) {
		if err := c.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)); err != nil {
			panic(err) // a flag that does not exist is our own mistake, and every command would show it
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
}

// find returns the command of that path.
func find(root *cobra.Command, path ...string) *cobra.Command {
	c, _, err := root.Find(path)
	if err != nil {
		panic(err) // our own mistake, as above
	}
	return c
}

// completeServices offers the services of the environment that is named, or of the only one.
func (a *app) completeServices(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	id := ""
	if len(args) > 0 {
		id = args[0]
	}
	f, err := a.fleet()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	state, err := f.State(c.Context(), id)
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	return sortedKeys(state.Services), cobra.ShellCompDirectiveNoFileComp
}

// completeIDs offers the environments and runs that are alive, and then the stubs or services of the one named.
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
	case len(args) == 1 && (c.Name() == "logs" || c.Parent().Name() == "stub" && c.Name() != "ls"):
		state, err := f.State(c.Context(), args[0])
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		if c.Name() == "logs" {
			return sortedKeys(state.Services), none
		}
		var hosts []string
		for _, s := range state.Stubs {
			hosts = append(hosts, s.Host)
		}
		return hosts, none
	}
	return nil, cobra.ShellCompDirectiveDefault
}
