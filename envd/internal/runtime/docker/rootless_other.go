//go:build !linux

package docker

import (
	"fmt"
	"syscall"

	"github.com/envd-dev/envd/envd"
)

// sockets cannot be had: rootless engines are on Linux.
type sockets struct{}

func socketsOf(string, string) (*sockets, error) {
	return nil, fmt.Errorf("%w: a rootless engine is on a Linux machine only", envd.ErrUnsupported)
}

func (s *sockets) replace(string, string, syscall.RawConn) error { return envd.ErrUnsupported }
