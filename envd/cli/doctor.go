package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/launch"
	"github.com/envd-dev/envd/envd/internal/runtime/docker"
	"github.com/envd-dev/envd/envd/internal/runtime/process"
	"github.com/envd-dev/envd/loadprofiles"
)

// check is one line of `envd doctor`.
type check struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
	// Needed reports whether envd cannot do its work without it.
	Needed bool `json:"needed"`
	// Weaker says that it works, with a weaker guarantee than on other machines.
	Weaker bool `json:"weaker,omitempty"`
}

func (a *app) doctorCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "doctor",
		Short:   "Say what this machine can do and what it lacks",
		Example: "  envd doctor\n  envd doctor -o json",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			checks := examine(c.Context())
			err := a.print(c, checks, func() {
				for _, k := range checks {
					mark := "✓"
					switch {
					case !k.OK:
						mark = "✗"
					case k.Weaker:
						mark = "!"
					}
					fmt.Fprintf(c.OutOrStdout(), "%s %-18s %s\n", mark, k.Name, k.Detail)
				}
			})
			for _, k := range checks {
				if k.Needed && !k.OK {
					return &exitError{envd.ExitEnvironment, err}
				}
			}
			return err
		},
	}
}

func examine(ctx context.Context) []check {
	return []check{examineRuntime(ctx, process.Name, true), examineRuntime(ctx, docker.Name, false), examineK6(ctx), examineState()}
}

func examineRuntime(ctx context.Context, name string, needed bool) check {
	k := check{Name: "runtime " + name, Needed: needed}
	rt, err := newRuntime(&envd.Spec{Environment: &envd.Environment{Runtime: name}}, "", 0, nil, nil)
	if err != nil {
		k.Detail = err.Error()
		return k
	}
	caps, err := rt.Capabilities(ctx)
	if err != nil {
		k.Detail = err.Error()
		return k
	}
	k.OK, k.Detail, k.Weaker = true, caps.Guarantee, !caps.Isolated || caps.Lacks != ""
	if caps.Lacks != "" {
		k.Detail += "; " + caps.Lacks
	}
	if help := allowNamespaces(); !caps.Isolated && help != "" {
		k.Detail += "; to allow namespaces: " + help
	}
	return k
}

// namespaceLimits are the settings by which Linux distributions refuse user namespaces, with the values that refuse and
// allow them (user_namespaces(7); kernel.unprivileged_userns_clone is Debian's, the last one Ubuntu's).
var namespaceLimits = []struct{ name, refuses, allows string }{
	{"user.max_user_namespaces", "0", "10000"},
	{"kernel.unprivileged_userns_clone", "0", "1"},
	{"kernel.apparmor_restrict_unprivileged_userns", "1", "0"},
}

// allowNamespaces says which setting to change; "" if none of the known ones is the reason.
func allowNamespaces() string {
	var commands []string
	for _, l := range namespaceLimits {
		b, err := os.ReadFile("/proc/sys/" + strings.ReplaceAll(l.name, ".", "/"))
		if err == nil && strings.TrimSpace(string(b)) == l.refuses {
			commands = append(commands, "sysctl -w "+l.name+"="+l.allows)
		}
	}
	return strings.Join(commands, "; ")
}

func examineK6(ctx context.Context) check {
	k6, err := loadprofiles.Find(ctx, loadprofiles.Lookup{})
	if err != nil {
		return check{Name: "k6", Detail: err.Error()}
	}
	return check{Name: "k6", OK: true, Detail: k6.Path + " v" + loadprofiles.Version}
}

// examineState checks that evidence can be written.
func examineState() check {
	k := check{Name: "state directory", Needed: true}
	root, err := launch.RunsDir()
	if err == nil {
		if err = os.MkdirAll(root, 0o755); err == nil {
			var probe *os.File
			if probe, err = os.CreateTemp(root, ".doctor-*"); err == nil {
				probe.Close()
				err = os.Remove(probe.Name())
			}
		}
	}
	if err != nil {
		k.Detail = err.Error()
		return k
	}
	k.OK, k.Detail = true, filepath.Dir(root)
	return k
}
