// Package execstream is how a command's streams travel over one HTTP request: the body is a v1.ExecRequest and then the
// command's standard input, the answer one v1.ExecFrame a line, the last with the exit code or an error. The runner sends it,
// the daemon passes it on as it is, and the clients of both receive it.
package execstream

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/envd-dev/envd/envd"
	v1 "github.com/envd-dev/envd/envd/api/v1"
)

// MediaType is the answer's.
const MediaType = "application/x-ndjson"

// ErrCut says that the answer ended before the command did.
var ErrCut = errors.New("the connection ended before the command did")

// Body is a request's body. stdin may be nil.
func Body(r v1.ExecRequest, stdin io.Reader) (io.Reader, error) {
	head, err := json.Marshal(r)
	if err != nil || stdin == nil {
		return bytes.NewReader(head), err
	}
	return io.MultiReader(bytes.NewReader(head), stdin), nil
}

// Call is an exec as its receiver has it.
type Call struct {
	v1.ExecRequest
	Stdin   io.Reader
	Control <-chan envd.ExecControl // nil without Frames
	Close   func()                  // releases what reads the body; called when the command has ended
}

// Accept reads the head of a body. What is left of it is the command's standard input, or frames.
func Accept(body io.Reader) (*Call, error) {
	c := &Call{Close: func() {}}
	d := json.NewDecoder(body)
	if err := d.Decode(&c.ExecRequest); err != nil || len(c.Command) == 0 {
		return nil, errors.New(`the body must begin with {"command": ["…"]}`)
	}
	if c.Frames {
		c.unpack(d)
	} else {
		c.Stdin = io.MultiReader(d.Buffered(), body)
	}
	return c, nil
}

// Receive writes an answer's streams out until the last frame, and returns the command's exit code.
func Receive(answer io.Reader, stdout, stderr io.Writer) (code int, err error) {
	for d := json.NewDecoder(answer); ; {
		var frame v1.ExecFrame
		if err := d.Decode(&frame); err != nil {
			return 0, fmt.Errorf("%w: %w", ErrCut, err)
		}
		err := errors.Join(pass(stdout, frame.Stdout), pass(stderr, frame.Stderr))
		switch {
		case frame.Exit != nil:
			return *frame.Exit, nil
		case frame.Error != "":
			return 0, errors.New(frame.Error)
		case err != nil:
			return 0, err
		}
	}
}

// pass leaves empty writes out: a pipe would wait for a reader.
func pass(w io.Writer, b []byte) error {
	if len(b) == 0 {
		return nil
	}
	_, err := w.Write(b)
	return err
}

// Sender writes an answer. Its streams may be written to at the same time.
type Sender struct {
	mu  sync.Mutex
	out *json.Encoder
}

// NewSender returns a sender to w, which gets whole lines.
func NewSender(w io.Writer) *Sender { return &Sender{out: json.NewEncoder(w)} }

// Stdout is what the command prints.
func (s *Sender) Stdout() io.Writer {
	return stream(func(b []byte) error { return s.send(v1.ExecFrame{Stdout: b}) })
}

// Stderr is what the command complains about.
func (s *Sender) Stderr() io.Writer {
	return stream(func(b []byte) error { return s.send(v1.ExecFrame{Stderr: b}) })
}

// End sends the last frame: the exit code, or why there is none. That the caller has left is no concern of the sender's.
func (s *Sender) End(code int, err error) {
	last := v1.ExecFrame{Exit: &code}
	if err != nil {
		last = v1.ExecFrame{Error: err.Error()}
	}
	_ = s.send(last)
}

func (s *Sender) send(f v1.ExecFrame) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.out.Encode(f)
}

// stream is a writer of whole frames.
type stream func([]byte) error

func (f stream) Write(b []byte) (int, error) {
	if err := f(b); err != nil {
		return 0, err
	}
	return len(b), nil
}
