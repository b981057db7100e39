package execstream

import (
	"encoding/json"
	"io"
	"sync"

	"github.com/envd-dev/envd/envd"
	v1 "github.com/envd-dev/envd/envd/api/v1"
)

// unpack reads frames from d and distributes them. If the command does not read its input, everything behind that input
// waits, signals too; but not the end of the connection.
func (c *Call) unpack(d *json.Decoder) {
	stdin, typed := io.Pipe()
	control, over := make(chan envd.ExecControl), make(chan struct{})
	c.Stdin, c.Control = stdin, control
	c.Close = sync.OnceFunc(func() { close(over); _ = stdin.Close() }) // never fails
	go func() {
		for {
			var in v1.ExecInput
			err := d.Decode(&in)
			if err == nil && len(in.Stdin) > 0 {
				_, _ = typed.Write(in.Stdin) // the command may have ended
			}
			if err != nil || in.End {
				_ = typed.Close() // never fails
			}
			if err != nil {
				return
			}
			if in.ExecControl == (envd.ExecControl{}) {
				continue
			}
			select {
			case control <- in.ExecControl:
			case <-over:
				return
			}
		}
	}()
}

// Input is the sending side of an exec's body with Frames: an io.Writer for the command's standard input. Nothing is
// buffered: writes wait for the reader of the body. It may be used from many goroutines.
type Input struct {
	mu     sync.Mutex
	out    *io.PipeWriter
	encode *json.Encoder
}

// NewInput returns an input and the other end of it, which is read as a body.
func NewInput() (in *Input, frames *io.PipeReader) {
	frames, out := io.Pipe()
	return &Input{out: out, encode: json.NewEncoder(out)}, frames
}

// Write sends a piece of the standard input.
func (i *Input) Write(b []byte) (int, error) {
	if err := i.send(v1.ExecInput{Stdin: b}); err != nil {
		return 0, err
	}
	return len(b), nil
}

// End marks the end of the standard input.
func (i *Input) End() error { return i.send(v1.ExecInput{End: true}) }

// Control sends a signal or a terminal's size.
func (i *Input) Control(c envd.ExecControl) error { return i.send(v1.ExecInput{ExecControl: c}) }

func (i *Input) send(in v1.ExecInput) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.encode.Encode(in)
}
