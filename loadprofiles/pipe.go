//go:build unix

package loadprofiles

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// Pipe is the reading end of a named pipe into which k6 writes its samples.
//
// Opening a named pipe waits for the other side, and its end is only seen once every writer is gone. So a Pipe holds
// a writer of its own: it can be read at once, does not end before k6 has begun, and does end when [Pipe.Finish] says
// that k6 is gone, even if it never opened the pipe.
type Pipe struct {
	path   string
	reader *os.File
	holder *os.File
}

// NewPipe makes the named pipe and opens it. Only the user of this process may open it.
func NewPipe(path string) (*Pipe, error) {
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		return nil, fmt.Errorf("make named pipe %s: %w", path, err)
	}
	p := &Pipe{path: path}
	var err error
	if p.reader, err = os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0); err == nil {
		p.holder, err = os.OpenFile(path, os.O_WRONLY|syscall.O_NONBLOCK, 0)
	}
	if err != nil {
		return nil, errors.Join(err, p.Close())
	}
	enlarge(p.reader)
	return p, nil
}

// Read reads what k6 has written, waiting for it; io.EOF after Finish.
func (p *Pipe) Read(b []byte) (int, error) { return p.reader.Read(b) }

// Finish lets Read end with what is in the pipe. Call it when k6 has ended.
func (p *Pipe) Finish() error { return p.holder.Close() }

// Close releases the pipe and removes it; a Read that waits ends. It may follow Finish.
func (p *Pipe) Close() error {
	var errs []error
	for _, f := range []*os.File{p.holder, p.reader} {
		if f == nil {
			continue
		}
		if err := f.Close(); !errors.Is(err, os.ErrClosed) {
			errs = append(errs, err)
		}
	}
	return errors.Join(append(errs, os.Remove(p.path))...)
}
