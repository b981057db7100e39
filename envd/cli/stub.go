package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
)

func (a *app) stubCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "stub",
		Short: "Look into the stubs of an environment and change them",
		Example: `  envd stub ls shop-k3f9qa
  envd stub requests shop-k3f9qa payments.example.com
  envd stub add shop-k3f9qa payments.example.com charge.json
  envd stub admin shop-k3f9qa payments.example.com GET /__admin/scenarios`,
		Args: cobra.NoArgs, // with RunE, so that a mistyped subcommand is an error
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(a.stubLs(), a.stubRequests(), a.stubAdd(), a.stubReset(), a.stubAdmin())
	return c
}

func (a *app) stubLs() *cobra.Command {
	return &cobra.Command{
		Use:     "ls ID",
		Short:   "List the stubs with their counters",
		Example: "  envd stub ls shop-k3f9qa -o json",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			f, err := a.fleet()
			if err != nil {
				return err
			}
			state, err := f.State(c.Context(), args[0])
			if err != nil {
				return err
			}
			return a.print(c, state.Stubs, func() {
				w := tabwriter.NewWriter(c.OutOrStdout(), 0, 4, 2, ' ', 0)
				fmt.Fprintln(w, "HOST\tREQUESTS\tMATCHED\tUNMATCHED\tFAULTED\tUNUSED MAPPINGS")
				for _, s := range state.Stubs {
					fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\n", s.Host, s.Requests, s.Matched, s.Unmatched, s.Faulted, len(s.Unused))
				}
				w.Flush()
			})
		},
	}
}

func (a *app) stubRequests() *cobra.Command {
	var unmatched bool
	c := &cobra.Command{
		Use:     "requests ID HOST",
		Short:   "Show what a stub was asked, the newest first",
		Example: "  envd stub requests shop-k3f9qa payments.example.com --unmatched",
		Args:    cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			path := "/__admin/requests"
			if unmatched {
				path += "?unmatched=true"
			}
			answer, err := a.admin(c, args[0], args[1], http.MethodGet, path, nil)
			if err != nil {
				return err
			}
			var journal struct {
				Requests []struct {
					Request struct {
						Method, URL, LoggedDateString string
					}
					Response   struct{ Status int }
					WasMatched bool
				}
			}
			if err := json.Unmarshal(answer, &journal); err != nil {
				return err
			}
			return a.print(c, json.RawMessage(answer), func() {
				for _, e := range journal.Requests {
					note := ""
					if !e.WasMatched {
						note = "  (unmatched)"
					}
					fmt.Fprintf(c.OutOrStdout(), "%s %d %s %s%s\n", e.Request.LoggedDateString, e.Response.Status, e.Request.Method, e.Request.URL, note)
				}
			})
		},
	}
	c.Flags().BoolVar(&unmatched, "unmatched", false, "only those that no mapping matched")
	return c
}

func (a *app) stubAdd() *cobra.Command {
	return &cobra.Command{
		Use:     "add ID HOST FILE",
		Short:   "Add a mapping (- reads standard input)",
		Example: "  envd stub add shop-k3f9qa payments.example.com charge.json",
		Args:    cobra.ExactArgs(3),
		RunE: func(c *cobra.Command, args []string) error {
			body, err := readFileOrStdin(args[2])
			if err != nil {
				return err
			}
			answer, err := a.admin(c, args[0], args[1], http.MethodPost, "/__admin/mappings", body)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(c.OutOrStdout(), strings.TrimSpace(string(answer)))
			return err
		},
	}
}

func (a *app) stubReset() *cobra.Command {
	return &cobra.Command{
		Use:     "reset ID HOST",
		Short:   "Forget requests and scenarios and go back to the spec's mappings",
		Example: "  envd stub reset shop-k3f9qa payments.example.com",
		Args:    cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			_, err := a.admin(c, args[0], args[1], http.MethodPost, "/__admin/reset", nil)
			return err
		},
	}
}

func (a *app) stubAdmin() *cobra.Command {
	return &cobra.Command{
		Use:   "admin ID HOST METHOD PATH [FILE]",
		Short: "Call WireMock's admin API of a stub",
		Example: `  envd stub admin shop-k3f9qa payments.example.com GET /__admin/scenarios
  envd stub admin shop-k3f9qa payments.example.com POST /__admin/requests/count criteria.json`,
		Args: cobra.RangeArgs(4, 5),
		RunE: func(c *cobra.Command, args []string) error {
			if !strings.HasPrefix(args[3], "/__admin") {
				return fmt.Errorf("%s: an admin path begins with /__admin", args[3])
			}
			var body []byte
			if len(args) == 5 {
				var err error
				if body, err = readFileOrStdin(args[4]); err != nil {
					return err
				}
			}
			answer, err := a.admin(c, args[0], args[1], strings.ToUpper(args[2]), args[3], body)
			if err != nil {
				return err
			}
			_, err = c.OutOrStdout().Write(answer)
			return err
		},
	}
}

// admin calls a stub's admin API and returns the body of a successful answer.
func (a *app) admin(c *cobra.Command, id, host, method, path string, body []byte) ([]byte, error) {
	f, err := a.fleet()
	if err != nil {
		return nil, err
	}
	resp, err := f.Admin(c.Context(), id, method, host, path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return io.ReadAll(resp.Body)
}

func readFileOrStdin(name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(os.Stdin)
	}
	return os.ReadFile(name)
}
