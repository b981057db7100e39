// Command envd is the ephemeral test-environment and stub orchestrator.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/envd-dev/envd/stubs/standalone"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := 2
	if len(os.Args) > 1 && os.Args[1] == "wiremock" {
		code = standalone.Main(ctx, os.Args[2:], os.Stdout, os.Stderr)
	}
	stop()
	os.Exit(code)
}
