package wiremock

import (
	"os/exec"
	"runtime"
	"syscall"
)

// runLeashed runs cmd to its end; started receives the error of starting it. The kernel kills the process when this one
// ends: the parent-death signal belongs to the thread that forked, which is therefore kept until then.
func runLeashed(cmd *exec.Cmd, started chan<- error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	err := cmd.Start()
	started <- err
	if err != nil {
		return err
	}
	return cmd.Wait()
}
