// Backing is servers that speak the protocols of Kafka and MongoDB, and clients of such servers, for tests of the modules of
// those names: their own images cannot be had everywhere. The servers are libraries' (kfake of franz-go, FerretDB), the
// clients are the drivers that programs use.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "backing:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	switch {
	case len(args) == 1 && args[0] == "broker":
		return broker(ctx, os.Getenv)
	case len(args) == 2 && args[0] == "documents":
		return documents(ctx, args[1])
	case len(args) == 1 && args[0] == "wait": // to be asked for more by exec
		<-ctx.Done()
		return nil
	case len(args) == 2 && args[0] == "kafka":
		return kafka(ctx, args[1])
	case len(args) == 2 && args[0] == "mongodb":
		return mongodb(ctx, args[1])
	}
	return fmt.Errorf("usage: backing broker | documents FOLDER | wait | kafka ADDRESS | mongodb URI, not %q", args)
}
