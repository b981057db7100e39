package respond

import (
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// timerfd is a kernel timer that the runtime's poller waits for like for a socket: it wakes at once, with the
// resolution of the kernel's clock, and holds no thread meanwhile.
type timerfd struct {
	file *os.File
	fd   int
	buf  [8]byte
}

var timerfds = sync.Pool{New: func() any {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_CLOEXEC|unix.TFD_NONBLOCK)
	if err != nil {
		return (*timerfd)(nil)
	}
	return &timerfd{file: os.NewFile(uintptr(fd), "timerfd"), fd: fd} // closed by its finalizer when the pool lets go
}}

// sleepFine waits a few milliseconds at most.
func sleepFine(d time.Duration) {
	t := timerfds.Get().(*timerfd)
	if t == nil || !t.wait(d) {
		time.Sleep(d)
		return
	}
	timerfds.Put(t)
}

func (t *timerfd) wait(d time.Duration) bool {
	spec := unix.ItimerSpec{Value: unix.NsecToTimespec(int64(d))}
	if unix.TimerfdSettime(t.fd, 0, &spec, nil) != nil {
		return false
	}
	_, err := t.file.Read(t.buf[:])
	return err == nil
}
