package docker

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/footprint"
)

// sockets makes sockets in the network of a rootless engine. A socket belongs to the network that it was made in, whoever
// uses it then. Only a process with a single thread may enter a user namespace (setns(2)), which no Go program is: nsenter(1)
// enters it, and becomes the helper that makes them. The helper ends with its input, which ends with this process.
type sockets struct {
	engine int    // a process in that network
	exe    string // envd, statically linked

	mu     sync.Mutex
	helper *socketHelper // nil until it is needed
}

// socketsOf finds the network of the rootless engine at a host: that of the process which listens there or, where systemd
// listens for it, of the one that its PID file names.
func socketsOf(host, exe string) (*sockets, error) {
	at, err := url.Parse(host)
	if err != nil {
		return nil, err
	}
	if at.Scheme != "unix" {
		return nil, fmt.Errorf("%w: the engine at %s is rootless, and only its socket tells which network its containers are in: name that in DOCKER_HOST, as unix://%s/docker.sock",
			envd.ErrUnsupported, host, os.Getenv("XDG_RUNTIME_DIR"))
	}
	if _, err := exec.LookPath("nsenter"); err != nil {
		return nil, fmt.Errorf("%w: the engine at %s is rootless, and its network is entered with nsenter, of util-linux: %w", envd.ErrUnsupported, host, err)
	}
	var errs []error
	for _, find := range []func(socket string) (int, error){listening, recorded} {
		pid, err := find(at.Path)
		if err == nil {
			err = otherNetwork(pid)
		}
		if err == nil {
			return &sockets{engine: pid, exe: exe}, nil
		}
		errs = append(errs, err)
	}
	return nil, fmt.Errorf("%w: the engine at %s is rootless, and the network that its containers are in cannot be found: run envd as the user who runs the engine: %w",
		envd.ErrUnsupported, host, errors.Join(errs...))
}

// listening is the process that listens at a socket (SO_PEERCRED, unix(7)).
func listening(socket string) (int, error) {
	conn, err := net.Dial("unix", socket)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	raw, err := conn.(*net.UnixConn).SyscallConn()
	if err != nil {
		return 0, err
	}
	var peer *unix.Ucred
	if controlErr := raw.Control(func(fd uintptr) { peer, err = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) }); controlErr != nil {
		return 0, controlErr
	}
	if err != nil {
		return 0, err
	}
	return int(peer.Pid), nil
}

// recorded is the engine's process as rootless engines write it down beside their socket.
func recorded(socket string) (int, error) {
	b, err := os.ReadFile(filepath.Join(filepath.Dir(socket), "docker.pid"))
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(b)))
}

// otherNetwork is an error where a process is not in another network than this one.
func otherNetwork(pid int) error {
	theirs, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/net", pid))
	if err != nil {
		return err
	}
	own, err := os.Readlink("/proc/self/ns/net")
	if err == nil && own == theirs {
		err = fmt.Errorf("process %d is in the network of this process", pid)
	}
	return err
}

// replace puts a socket that was made in the engine's network in the place of one that a dialer is about to connect.
func (s *sockets) replace(_, _ string, conn syscall.RawConn) error {
	made, err := s.take()
	if err != nil {
		return fmt.Errorf("a socket in the engine's network: %w", err)
	}
	defer unix.Close(made)
	var failed error
	err = conn.Control(func(fd uintptr) { failed = unix.Dup3(made, int(fd), unix.O_CLOEXEC) })
	return errors.Join(err, failed)
}

// take asks the helper for a socket. One that does not answer is given up; the next caller has another.
func (s *sockets) take() (fd int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.helper == nil {
		if s.helper, err = startHelper(s.exe, s.engine); err != nil {
			return -1, err
		}
	}
	if fd, err = s.helper.ask(); err != nil {
		err = errors.Join(err, s.helper.end())
		s.helper = nil
	}
	return fd, err
}

// socketHelper is the process in the engine's network.
type socketHelper struct {
	conn  *net.UnixConn
	ended chan error // why, and its last words
}

func startHelper(exe string, engine int) (*socketHelper, error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	ours, theirs := os.NewFile(uintptr(pair[0]), "sockets"), os.NewFile(uintptr(pair[1]), "sockets")
	defer ours.Close()
	defer theirs.Close()
	conn, err := net.FileConn(ours)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command("nsenter", "--preserve-credentials", "--user", "--net", "--target", strconv.Itoa(engine), "--", exe, shimVerb, "--sockets")
	var said strings.Builder
	cmd.Stdin, cmd.Stderr, cmd.Dir = theirs, &said, "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // a signal to this process's terminal is not for it
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	h := &socketHelper{conn: conn.(*net.UnixConn), ended: make(chan error, 1)}
	ended := h.ended // and not h: a helper that nobody has any more ends when its connection is collected
	go func() {
		err := cmd.Wait()
		if said.Len() > 0 {
			err = errors.Join(err, errors.New(strings.TrimSpace(said.String())))
		}
		ended <- err
	}()
	return h, nil
}

// helperTimeout bounds what takes well below a millisecond once the helper runs.
const helperTimeout = 10 * time.Second

func (h *socketHelper) ask() (int, error) {
	if err := h.conn.SetDeadline(time.Now().Add(helperTimeout)); err != nil {
		return -1, err
	}
	if _, err := h.conn.Write([]byte{0}); err != nil {
		return -1, err
	}
	passed := make([]byte, unix.CmsgSpace(4))
	_, n, _, _, err := h.conn.ReadMsgUnix(make([]byte, 1), passed)
	if err != nil {
		return -1, err
	}
	messages, err := unix.ParseSocketControlMessage(passed[:n])
	if err != nil {
		return -1, err
	}
	if len(messages) != 1 {
		return -1, errors.New("it ended")
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil {
		return -1, err
	}
	return fds[0], nil
}

// end ends the helper, and says why it ended if it had before.
func (h *socketHelper) end() error {
	err := h.conn.Close()
	return errors.Join(err, <-h.ended)
}

// handOutSockets is the helper's life: a TCP socket for every byte on its standard input.
func handOutSockets() error {
	time.AfterFunc(settle, func() { _ = footprint.Shrink() }) // a helper that stays large works all the same
	var request [1]byte
	for {
		n, err := unix.Read(0, request[:])
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil || n == 0 {
			return err
		}
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
		if err != nil {
			return err
		}
		if err := errors.Join(unix.Sendmsg(0, request[:], unix.UnixRights(fd), nil, 0), unix.Close(fd)); err != nil {
			return err
		}
	}
}
