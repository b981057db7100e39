//go:build !linux

package wiremock

import (
	"os"
	"os/exec"
)

// A shell next to the server waits for the end of a pipe, which comes when this process ends however it ends, and kills
// the server then.
const leash = `"$@" </dev/null & p=$!; { cat <&3 >/dev/null; kill -9 $p; } 3<&3 2>/dev/null & wait $p`

// runLeashed runs cmd to its end; started receives the error of starting it.
func runLeashed(cmd *exec.Cmd, started chan<- error) error {
	hold, lifeline, err := os.Pipe()
	if err != nil {
		started <- err
		return err
	}
	defer lifeline.Close()
	cmd.Args = append([]string{"sh", "-c", leash, "sh"}, append([]string{cmd.Path}, cmd.Args[1:]...)...)
	if cmd.Path, err = exec.LookPath("sh"); err != nil {
		started <- err
		return err
	}
	cmd.ExtraFiles = []*os.File{hold}
	err = cmd.Start()
	_ = hold.Close() // the child has its own
	started <- err
	if err != nil {
		return err
	}
	return cmd.Wait()
}
