//go:build !unix

package cli

import (
	"os"
	"os/signal"
)

// signalNames are what `envd exec` passes on.
var signalNames = map[os.Signal]string{os.Interrupt: "INT"}

func notified() (signals <-chan os.Signal, stop func()) {
	c := make(chan os.Signal, 16)
	signal.Notify(c, os.Interrupt)
	return c, func() { signal.Stop(c) }
}
