// Command k6 is Grafana k6, of the version that go.mod pins, with one more output: envd, in samples.go.
//
// It is a program of its own, in a module of its own, and nothing of envd is linked with it: k6 is under the AGPL-3.0,
// and so is this program. A k6 as Grafana publishes it works as well, at a higher price for each sample.
//
//	cd loadprofiles/k6 && CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o ../../bin/k6 .
package main

import (
	"go.k6.io/k6/v2/cmd"
	"go.k6.io/k6/v2/output"
)

func main() {
	output.RegisterExtension("envd", newSamples)
	cmd.Execute()
}
