//go:build unix

package docker

import (
	"syscall"

	"github.com/envd-dev/envd/envd"
)

// exitOf interprets an exit code as shells write it: 128+n for signal n. Engines do not distinguish that from a program
// that exits with 137 itself.
func exitOf(code int) envd.Exit {
	exit := envd.Exit{Code: code}
	if n := code - 128; n > 0 && n < 65 {
		exit.Signal = syscall.Signal(n).String()
	}
	return exit
}
