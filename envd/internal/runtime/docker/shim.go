package docker

import (
	"fmt"
	"time"

	"github.com/envd-dev/envd/envd"
)

// shimVerb begins the command line of envd as the helper inside a container.
const shimVerb = "container-helper"

// IsShim reports whether a command line, without the program's name, is that of the helper inside a container.
func IsShim(args []string) bool { return len(args) > 1 && args[0] == shimVerb }

// helper returns the command line that runs cmd, with its program replaced, under the helper. A later --kill finds it by id.
func helper(cmd envd.Exec, id, program string) []string {
	line := []string{helperPath, shimVerb}
	if cmd.Merged() {
		line = append(line, "--merge")
	}
	if cmd.Terminal != nil {
		line = append(line, "--terminal", fmt.Sprintf("%dx%d", cmd.Terminal.Rows, cmd.Terminal.Columns))
	}
	if cmd.CPU != nil {
		line = append(line, "--cpu")
	}
	if id != "" {
		line = append(line, "--id", id)
	}
	return append(append(line, "--", program), cmd.Command[1:]...)
}

// The helper ends stderr with a trailer that holds the command's CPU time: nothing else survives a container that has ended.
const (
	trailerFormat = "\x00envd cpu %019d\x00"
	trailerLength = 1 + len("envd cpu ") + 19 + 1
)

func trailer(cpu time.Duration) string { return fmt.Sprintf(trailerFormat, cpu.Nanoseconds()) }

func readTrailer(b []byte) (cpu time.Duration, ok bool) {
	if len(b) != trailerLength {
		return 0, false
	}
	var ns int64
	_, err := fmt.Sscanf(string(b), trailerFormat, &ns)
	return time.Duration(ns), err == nil
}
