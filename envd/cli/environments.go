package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/evidence"
	"github.com/envd-dev/envd/envd/internal/quantity"
	"github.com/envd-dev/envd/envd/internal/runner"
)

// downTimeout is how long `envd down` waits for runners to end unless it is told.
const downTimeout = 2 * time.Minute

// first returns the ID in args, or "" if there is none.
func first(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return args[0]
}

func (a *app) lsCommand() *cobra.Command {
	var all bool
	c := &cobra.Command{
		Use:     "ls",
		Short:   "List the environments and runs that are alive",
		Example: "  envd ls\n  envd ls --all -o json",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			f, err := a.fleet()
			if err != nil {
				return err
			}
			runs, err := f.List(c.Context())
			if err != nil {
				return err
			}
			if runs == nil {
				runs = []evidence.Meta{} // so that JSON has [] and not null
			}
			if !all {
				runs = slices.DeleteFunc(runs, func(m evidence.Meta) bool { return !isUp(m) })
			}
			return a.print(c, runs, func() {
				w := tabwriter.NewWriter(c.OutOrStdout(), 0, 4, 2, ' ', 0)
				fmt.Fprintln(w, "ID\tKIND\tRUNTIME\tSTATUS\tAGE\tLEASE\tPUBLISHED")
				for _, m := range runs {
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", m.ID, m.Kind, m.Runtime, status(m), ago(m.Started), lease(m), published(m))
				}
				w.Flush()
			})
		},
	}
	c.Flags().BoolVar(&all, "all", false, "also those that have ended")
	return c
}

func status(m evidence.Meta) string {
	switch {
	case m.Status == evidence.Finished && m.Outcome != "":
		return string(m.Outcome)
	case m.Stage != "":
		return string(m.Status) + " " + m.Stage
	}
	return string(m.Status)
}

func published(m evidence.Meta) string {
	if len(m.Published) == 0 {
		return "-"
	}
	var outlets []string
	for _, o := range m.Published {
		outlets = append(outlets, o.String())
	}
	return strings.Join(outlets, ", ")
}

func ago(t time.Time) string { return time.Since(t).Round(time.Second).String() }

func lease(m evidence.Meta) string {
	if m.Expires.IsZero() || m.Status == evidence.Finished {
		return "-"
	}
	return time.Until(m.Expires).Round(time.Second).String()
}

func (a *app) inspectCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "inspect [ID]",
		Short:   "Show an environment: its services, addresses and stubs",
		Example: "  envd inspect shop-k3f9qa -o json",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			f, err := a.fleet()
			if err != nil {
				return err
			}
			state, err := f.State(c.Context(), first(args))
			if err != nil {
				return err
			}
			return a.print(c, state, func() { printState(c, state) })
		},
	}
}

func printState(c *cobra.Command, s runner.State) {
	out := c.OutOrStdout()
	fmt.Fprintf(out, "%s (%s, runtime %s): %s, lease %s\n", s.Meta.ID, s.Meta.Kind, s.Meta.Runtime, status(s.Meta), lease(s.Meta))
	for _, name := range slices.Sorted(maps.Keys(s.Services)) {
		svc := s.Services[name]
		word := "running"
		if !svc.Running {
			word = "ended"
			if svc.ExitCode != nil {
				word = fmt.Sprintf("ended with exit code %d", *svc.ExitCode)
			}
		}
		if svc.Restarts > 0 {
			word += ", " + quantity.Plural(int64(svc.Restarts), "restart")
		}
		fmt.Fprintf(out, "service %-20s %s\n", name, word)
	}
	for _, image := range s.Meta.Images {
		fmt.Fprintf(out, "image   %-20s %s\n", image.Service, cmp.Or(image.Digest, image.Reference+" "+image.ID))
	}
	for _, name := range slices.Sorted(maps.Keys(s.Meta.Addresses)) {
		fmt.Fprintf(out, "address %-20s %s\n", name, s.Meta.Addresses[name])
	}
	for _, port := range s.Meta.Published {
		fmt.Fprintf(out, "publish %s\n", port)
	}
	for _, stub := range s.Stubs {
		fmt.Fprintf(out, "stub    %-20s %d requests, %d unmatched\n", stub.Host, stub.Requests, stub.Unmatched)
	}
}

func (a *app) renewCommand() *cobra.Command {
	var ttl time.Duration
	c := &cobra.Command{
		Use:     "renew [ID]",
		Short:   "Extend an environment's lease",
		Example: "  envd renew shop-k3f9qa --ttl 2h",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := checkTTL(ttl); err != nil {
				return err
			}
			f, err := a.fleet()
			if err != nil {
				return err
			}
			expires, err := f.Renew(c.Context(), first(args), ttl)
			if err != nil {
				return err
			}
			return a.print(c, map[string]time.Time{"expires": expires}, func() {
				fmt.Fprintf(c.OutOrStdout(), "until %s\n", expires.Local().Format("15:04:05"))
			})
		},
	}
	durationVar(c.Flags(), &ttl, "ttl", time.Hour, "from now on")
	return c
}

func checkTTL(ttl time.Duration) error {
	if ttl <= 0 {
		return fmt.Errorf("--ttl %s: a lease lasts longer than nothing, 30m for example", ttl)
	}
	return nil
}

func (a *app) downCommand() *cobra.Command {
	var all bool
	var timeout time.Duration
	c := &cobra.Command{
		Use:     "down [ID...]",
		Short:   "Tear environments down and wait until they are gone",
		Example: "  envd down shop-k3f9qa\n  envd down --all -o json",
		RunE: func(c *cobra.Command, ids []string) error {
			f, err := a.fleet()
			if err != nil {
				return err
			}
			if timeout <= 0 {
				return fmt.Errorf("--timeout %s: it takes longer than nothing, 5m for example", shortDuration(timeout))
			}
			ctx, cancel := context.WithTimeout(c.Context(), timeout)
			defer cancel()
			if all {
				runs, err := f.List(ctx)
				if err != nil {
					return err
				}
				for _, m := range runs {
					if m.Kind == "up" && isUp(m) {
						ids = append(ids, m.ID)
					}
				}
			} else if len(ids) == 0 {
				ids = []string{""}
			}
			down := []evidence.Meta{} // so that JSON has [] and not null
			var errs []error
			for _, id := range ids {
				m, err := f.Down(ctx, id)
				if err == nil {
					down, err = append(down, m), leftBehind(m)
				}
				errs = append(errs, err)
			}
			return errors.Join(append(errs, a.print(c, down, func() {}))...)
		},
	}
	c.Flags().BoolVar(&all, "all", false, "every environment")
	durationVar(c.Flags(), &timeout, "timeout", downTimeout, "how long to wait; the end of an environment goes on after that")
	return c
}

// notGone is the error of having waited long enough for the end of an environment. hint says where to look.
func notGone(id, hint string) error {
	return withCode(envd.ExitLeftovers, fmt.Errorf("%s is not gone yet: its end goes on%s; envd down waits for it again", id, hint))
}

// leftBehind returns an error if something of an environment that was taken down is still there.
func leftBehind(m evidence.Meta) error {
	if m.ExitCode == nil || *m.ExitCode != envd.ExitLeftovers {
		return nil
	}
	return withCode(envd.ExitLeftovers, fmt.Errorf("%s is down, but something of it was left behind: `envd gc` removes it", m.ID))
}
