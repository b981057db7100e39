package cli

import (
	"errors"
	"os"
	"os/exec"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/loadprofiles"
)

// relayVerb is the command under which a runner runs k6.
const relayVerb = "load-relay"

// relayCommand runs k6 inside an environment; people have no use for it.
func (a *app) relayCommand() *cobra.Command {
	return &cobra.Command{
		Use:    relayVerb + " -- K6 ARG...",
		Short:  "Run k6 and pass on what it measures",
		Hidden: true,
		Args:   cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			k6 := exec.CommandContext(c.Context(), args[0], args[1:]...)
			k6.Cancel = func() error { return k6.Process.Signal(os.Interrupt) }
			k6.Stderr = os.Stderr
			err := loadprofiles.Relay(k6, os.Stdout)
			var exit *exec.ExitError
			if errors.As(err, &exit) {
				return &exitError{exitCode(exit.ProcessState), nil}
			}
			return withCode(envd.ExitEnvironment, err)
		},
	}
}

// exitCode returns the exit code of a process as shells do: 128+n if it was ended by signal n.
func exitCode(state *os.ProcessState) int {
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return state.ExitCode()
}
