// Package execstream carries a command's streams over one HTTP request. The body is a v1.ExecRequest and then the command's
// standard input; the answer has one v1.ExecFrame per line, the last with the exit code or an error. The runner sends the
// answer, the daemon passes it on unchanged, and the clients of both receive it.
package execstream

import (
	"bytes"
	"context"
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

// Body is a request's body until ctx ends. stdin may be nil.
func Body(ctx context.Context, r v1.ExecRequest, stdin io.Reader) (io.Reader, error) {
	head, err := json.Marshal(r)
	if err != nil || stdin == nil {
		return bytes.NewReader(head), err
	}
	return io.MultiReader(bytes.NewReader(head), untilEnd(ctx, stdin)), nil
}

// untilEnd reads from r until ctx ends, even while r has nothing to give: net/http returns from a request that was cancelled
// before its answer only once it has read its body. r is not read from before the first Read.
func untilEnd(ctx context.Context, r io.Reader) io.Reader {
	in, out := io.Pipe()
	begin := sync.OnceFunc(func() {
		context.AfterFunc(ctx, func() { _ = out.CloseWithError(context.Cause(ctx)) }) // never fails
		go func() {
			_, err := io.Copy(out, r)
			_ = out.CloseWithError(err) // never fails
		}()
	})
	return readerFunc(func(b []byte) (int, error) {
		begin()
		return in.Read(b)
	})
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

// Call is an exec on the receiving side.
type Call struct {
	v1.ExecRequest
	Stdin   io.Reader
	Control <-chan envd.ExecControl // nil without Frames
	Close   func()                  // releases what reads the body; called when the command has ended
}

// Accept reads the ExecRequest at the head of a body. The rest is the command's standard input, or frames.
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

// Receive copies the streams of an answer until its last frame, and returns the command's exit code.
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

// Sender writes an answer. Both of its streams may be written to concurrently.
type Sender struct {
	mu  sync.Mutex
	out *json.Encoder
}

// NewSender returns a sender that writes whole lines to w.
func NewSender(w io.Writer) *Sender { return &Sender{out: json.NewEncoder(w)} }

// Stdout is the writer for the command's standard output.
func (s *Sender) Stdout() io.Writer {
	return stream(func(b []byte) error { return s.send(v1.ExecFrame{Stdout: b}) })
}

// Stderr is the writer for the command's standard error.
func (s *Sender) Stderr() io.Writer {
	return stream(func(b []byte) error { return s.send(v1.ExecFrame{Stderr: b}) })
}

// End sends the last frame: the exit code, or why there is none. It ignores that the caller may have left.
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
