package loadprofiles

import (
	"os"

	"golang.org/x/sys/unix"
)

// enlarge makes the pipe hold what k6 writes at a time, so that it need not wait for the reader. Without permission
// for that size the pipe just keeps its own.
func enlarge(f *os.File) {
	if conn, err := f.SyscallConn(); err == nil {
		_ = conn.Control(func(fd uintptr) { _, _ = unix.FcntlInt(fd, unix.F_SETPIPE_SZ, 1<<20) })
	}
}
