//go:build !linux

package runner

import (
	"net"
	"os"

	"github.com/envd-dev/envd/envd/internal/evidence"
)

// listenControl listens on a socket in the run directory that only this user may open.
func listenControl(dir *evidence.Dir, _ string) (net.Listener, string, error) {
	path := dir.Path("control.sock")
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, "", err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		l.Close()
		return nil, "", err
	}
	return l, "unix:" + path, nil
}
