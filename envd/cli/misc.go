package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/gateway"
	"github.com/envd-dev/envd/stubs/standalone"
)

// version is set by the linker for releases; a build from source tells its revision.
var version string

func versionString() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "devel"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return "devel-" + s.Value[:12]
		}
	}
	return "devel"
}

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print envd's version",
		Example: "  envd version -o json",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			v := map[string]string{"version": versionString(), "go": runtime.Version(), "platform": runtime.GOOS + "/" + runtime.GOARCH}
			return a.print(c, v, func() { fmt.Fprintf(c.OutOrStdout(), "envd %s (%s, %s)\n", v["version"], v["go"], v["platform"]) })
		},
	}
}

// gatewayCommand is started by runtimes inside an environment; people have no use for it.
func (a *app) gatewayCommand() *cobra.Command {
	var o gateway.Options
	c := &cobra.Command{
		Use:    "gateway",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return withCode(envd.ExitEnvironment, gateway.Run(c.Context(), o))
		},
	}
	c.Flags().StringVar(&o.Address, "address", "", "IP address of the stubs")
	c.Flags().StringVar(&o.DNS, "dns", "", "host:port of the name server")
	c.Flags().StringToIntVar(&o.ListenAt, "listen-at", nil, "PORT=OTHER: listen on OTHER, to which connections to PORT are led")
	c.Flags().StringVar(&o.Control, "control", "", "address of the control API")
	c.Flags().StringToStringVar(&o.Names, "name", nil, "HOST=IP that the name server answers besides")
	c.Flags().StringVar(&o.Services, "services", "", "IP address of the services")
	c.Flags().StringToStringVar(&o.Links, "link", nil, "IP address of a link: CONSUMER:DEPENDENCY=IP")
	c.Flags().StringSliceVar(&o.Sockets, "socket", nil, "ip:port of inherited sockets, from descriptor 3 on")
	return c
}

func (a *app) wiremockCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "wiremock [FLAGS]",
		Short: "Serve stubs from a command line: WireMock's own flags",
		Example: `  envd wiremock --port 8080 --root-dir stubs/
  envd wiremock --help`,
		DisableFlagParsing: true,
		RunE: func(c *cobra.Command, args []string) error {
			if code := standalone.Main(c.Context(), args, c.OutOrStdout(), c.ErrOrStderr()); code != 0 {
				return &exitError{code, nil}
			}
			return nil
		},
	}
}
