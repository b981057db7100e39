//go:build unix

package cli

import (
	"os"
	"os/signal"

	"golang.org/x/sys/unix"
)

// signalNames are what `envd exec` passes on.
var signalNames = map[os.Signal]string{
	unix.SIGINT: "INT", unix.SIGTERM: "TERM", unix.SIGQUIT: "QUIT", unix.SIGHUP: "HUP", unix.SIGUSR1: "USR1", unix.SIGUSR2: "USR2",
}

// notified returns those signals and, as the one that has no name there, that the terminal's size has changed.
func notified() (signals <-chan os.Signal, stop func()) {
	c := make(chan os.Signal, 16)
	signal.Notify(c, unix.SIGWINCH)
	for s := range signalNames {
		signal.Notify(c, s)
	}
	return c, func() { signal.Stop(c) }
}
