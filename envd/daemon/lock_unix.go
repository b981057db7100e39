//go:build unix

package daemon

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

// lockPatience is how long a lock may outlive its daemon: a runner that was being started when the daemon was killed holds
// a copy of the descriptor between its fork and its exec.
const lockPatience = 2 * time.Second

// lock makes sure that only one daemon serves a state directory. The kernel releases it when the process ends.
func lock(path string) (unlock func() error, err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	deadline := time.Now().Add(lockPatience)
	for {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EWOULDBLOCK) || time.Now().After(deadline) {
			break
		}
		time.Sleep(10 * time.Millisecond) // flock(2) itself can wait, but without a limit
	}
	if err != nil {
		if errors.Is(err, syscall.EWOULDBLOCK) {
			err = fmt.Errorf("another daemon serves %s", path)
		}
		return nil, errors.Join(err, f.Close())
	}
	return f.Close, nil
}
