//go:build !linux

package gateway

import (
	"errors"
	"net"
)

type socket int

// listen: no runtime hands sockets over elsewhere than on Linux.
func (socket) listen() (net.Listener, error) { return nil, errors.ErrUnsupported }
