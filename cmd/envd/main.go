// Command envd is the ephemeral test-environment and stub orchestrator.
package main

import (
	"os"

	"github.com/envd-dev/envd/envd/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:])) }
