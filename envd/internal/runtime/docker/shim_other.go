//go:build !linux

package docker

import (
	"fmt"
	"os"
)

// ShimMain refuses: containers are Linux.
func ShimMain([]string) int {
	fmt.Fprintln(os.Stderr, "envd: the helper runs in Linux containers only")
	return 2
}
