package runner

import (
	"errors"
	"fmt"
	"net"
	"os"

	"golang.org/x/sys/unix"

	"github.com/envd-dev/envd/envd/internal/evidence"
)

// listenControl listens on an abstract Unix socket: it has no file, so even SIGKILL leaves nothing behind. Abstract
// sockets know no permissions (unix(7)); each connection's peer must be this user or root.
func listenControl(_ *evidence.Dir, id string) (net.Listener, string, error) {
	name := fmt.Sprintf("@envd/%d/%s", os.Getuid(), id)
	l, err := net.Listen("unix", name)
	if errors.Is(err, unix.EADDRINUSE) { // abstract names are shared by all state directories of this machine
		return nil, "", fmt.Errorf("%s is the ID of an environment that is up, of another state directory: name another", id)
	}
	if err != nil {
		return nil, "", err
	}
	return &ownListener{l}, "unix:" + name, nil
}

// ownListener turns other users away.
type ownListener struct{ net.Listener }

func (l *ownListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if uid, err := peer(conn.(*net.UnixConn)); err == nil && (uid == os.Getuid() || uid == 0) {
			return conn, nil
		}
		conn.Close()
	}
}

// peer returns the user at the other end.
func peer(conn *net.UnixConn) (uid int, err error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0, err
	}
	var cred *unix.Ucred
	cerr := raw.Control(func(fd uintptr) { cred, err = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) })
	if cerr != nil || err != nil {
		return 0, fmt.Errorf("peer credentials: %w, %w", cerr, err)
	}
	return int(cred.Uid), nil
}
