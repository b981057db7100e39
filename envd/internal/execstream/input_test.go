package execstream

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/envd"
	v1 "github.com/envd-dev/envd/envd/api/v1"
)

func TestFrames(t *testing.T) {
	in, frames := NewInput()
	defer frames.Close()
	body, err := Body(t.Context(), v1.ExecRequest{Command: []string{"sh"}, Frames: true, Terminal: &envd.TerminalSize{Rows: 24, Columns: 80}}, frames)
	require.NoError(t, err)
	input, controls := strings.Repeat("all of it\x00\n", 10_000), []envd.ExecControl{{Signal: "INT"}, {Size: &envd.TerminalSize{Rows: 1, Columns: 2}}, {Signal: "TERM"}}
	sent := make(chan error, 1)
	go func() {
		_, err := io.Copy(in, strings.NewReader(input))
		err = errors.Join(err, in.Control(controls[0]), in.End())
		for _, c := range controls[1:] { // a signal may come long after the input's end
			err = errors.Join(err, in.Control(c))
		}
		sent <- err
	}()
	c, err := Accept(body)
	require.NoError(t, err)
	assert.Equal(t, &envd.TerminalSize{Rows: 24, Columns: 80}, c.Terminal)
	got := make(chan string, 1)
	go func() {
		b, _ := io.ReadAll(c.Stdin)
		got <- string(b)
	}()
	for _, want := range controls {
		assert.Equal(t, want, <-c.Control)
	}
	assert.Equal(t, input, <-got)
	require.NoError(t, <-sent)
	c.Close()
	c.Close()
}

// What is sent to a command that has ended goes nowhere, and holds nobody up.
func TestFramesAfterTheEnd(t *testing.T) {
	in, frames := NewInput()
	body, err := Body(t.Context(), v1.ExecRequest{Command: []string{"true"}, Frames: true}, frames)
	require.NoError(t, err)
	ended := make(chan error)
	go func() {
		for {
			if err := errors.Join(json.NewEncoder(in).Encode("more"), in.Control(envd.ExecControl{Signal: "INT"})); err != nil {
				ended <- err
				return
			}
		}
	}()
	c, err := Accept(body)
	require.NoError(t, err)
	_, err = c.Stdin.Read(make([]byte, 1))
	require.NoError(t, err)
	c.Close()
	require.NoError(t, frames.Close())
	assert.ErrorIs(t, <-ended, io.ErrClosedPipe)
}
