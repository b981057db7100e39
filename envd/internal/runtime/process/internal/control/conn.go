//go:build linux

// Package control is the wire between a runner and the PID 1 of one of its environments: length-prefixed JSON over an
// inherited stream socket, with open files (standard streams, connected sockets) travelling along as SCM_RIGHTS.
//
// The socket is also the lifeline: its end means that the other side is gone.
package control

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// maxBody bounds one message. Bulk content travels as an open file, never inline.
const maxBody = 16 << 20

// maxFiles bounds the open files of one message.
const maxFiles = 8

// Conn is one end of the socket. Sends may come from many goroutines, receives from one.
type Conn struct {
	socket *net.UnixConn
	send   sync.Mutex
}

// Pair returns a connected end and the file to inherit to the other process.
func Pair() (*Conn, *os.File, error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("control socket: %w", err)
	}
	ours, theirs := os.NewFile(uintptr(fds[0]), "control"), os.NewFile(uintptr(fds[1]), "control")
	conn, err := FromFile(ours)
	if err != nil {
		return nil, nil, errors.Join(err, theirs.Close())
	}
	return conn, theirs, nil
}

// FromFile makes an inherited socket an end. It takes f over.
func FromFile(f *os.File) (*Conn, error) {
	c, err := net.FileConn(f)
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("control socket: %w", err)
	}
	socket, ok := c.(*net.UnixConn)
	if !ok {
		return nil, errors.Join(fmt.Errorf("control socket: it is a %T", c), c.Close())
	}
	return &Conn{socket: socket}, nil
}

// Close ends the connection; the other side's Receive returns io.EOF.
func (c *Conn) Close() error { return c.socket.Close() }

// Send writes v and passes copies of files; they stay the caller's to close.
func (c *Conn) Send(v any, files ...*os.File) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("control message: %w", err)
	}
	if len(body) > maxBody {
		return fmt.Errorf("control message of %d bytes: the limit is %d", len(body), maxBody)
	}
	header := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	var rights []byte
	if len(files) > 0 {
		fds := make([]int, len(files))
		for i, f := range files {
			fds[i] = int(f.Fd())
		}
		rights = unix.UnixRights(fds...)
	}
	c.send.Lock()
	defer c.send.Unlock()
	// The files ride on the header, which is far below any socket buffer and so goes out whole.
	if _, _, err := c.socket.WriteMsgUnix(header, rights, nil); err != nil {
		return fmt.Errorf("control message: %w", err)
	}
	if _, err := c.socket.Write(body); err != nil {
		return fmt.Errorf("control message: %w", err)
	}
	return nil
}

// Receive reads the next message into v. The files are the caller's to close. io.EOF: the other side is gone.
func (c *Conn) Receive(v any) ([]*os.File, error) {
	var header [4]byte
	rights := make([]byte, unix.CmsgSpace(4*maxFiles))
	n, oobn, _, _, err := c.socket.ReadMsgUnix(header[:], rights)
	if err != nil {
		return nil, err
	}
	if n == 0 {
		return nil, io.EOF
	}
	files, err := openFiles(rights[:oobn])
	if err != nil {
		return nil, err
	}
	fail := func(err error) ([]*os.File, error) { return nil, errors.Join(err, CloseAll(files)) }
	if _, err := io.ReadFull(c.socket, header[n:]); err != nil {
		return fail(fmt.Errorf("control message: %w", err))
	}
	size := binary.BigEndian.Uint32(header[:])
	if size > maxBody {
		return fail(fmt.Errorf("control message of %d bytes: the limit is %d", size, maxBody))
	}
	body := make([]byte, size)
	if _, err := io.ReadFull(c.socket, body); err != nil {
		return fail(fmt.Errorf("control message: %w", err))
	}
	if err := json.Unmarshal(body, v); err != nil {
		return fail(fmt.Errorf("control message: %w", err))
	}
	return files, nil
}

func openFiles(oob []byte) ([]*os.File, error) {
	if len(oob) == 0 {
		return nil, nil
	}
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return nil, fmt.Errorf("control message: %w", err)
	}
	var files []*os.File
	for i := range messages {
		fds, err := unix.ParseUnixRights(&messages[i])
		if err != nil {
			return nil, errors.Join(fmt.Errorf("control message: %w", err), CloseAll(files))
		}
		for _, fd := range fds {
			unix.CloseOnExec(fd)
			files = append(files, os.NewFile(uintptr(fd), "passed"))
		}
	}
	return files, nil
}

// CloseAll closes every file and joins the errors.
func CloseAll(files []*os.File) error {
	var errs []error
	for _, f := range files {
		if f != nil {
			errs = append(errs, f.Close())
		}
	}
	return errors.Join(errs...)
}
