// Package standalone runs one stub server from a command line: the same flags as WireMock's standalone jar.
package standalone

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// Main parses WireMock's command-line flags in args, serves until ctx ends and returns the process's exit code.
func Main(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	fmt.Fprintln(stderr, errors.ErrUnsupported)
	return 2
}
