package gateway

import (
	"errors"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// socket is an inherited descriptor of a bound socket. It stays open, so that a link can be shut and opened again.
type socket int

// listen makes the socket listen (again) and returns its listener, whose Close makes it refuse connections.
func (s socket) listen() (net.Listener, error) {
	if err := unix.Listen(int(s), unix.SOMAXCONN); err != nil {
		return nil, os.NewSyscallError("listen", err)
	}
	fd, err := unix.FcntlInt(uintptr(s), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("dup", err)
	}
	f := os.NewFile(uintptr(fd), "link")
	l, err := net.FileListener(f)
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	return &refusing{l.(*net.TCPListener), s}, nil
}

type refusing struct {
	*net.TCPListener
	socket socket
}

// Close ends listening: shutdown(2) takes a listening socket back to where bind(2) left it.
func (r *refusing) Close() error {
	return errors.Join(r.TCPListener.Close(), os.NewSyscallError("shutdown", unix.Shutdown(int(r.socket), unix.SHUT_RDWR)))
}
