package execstream

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	v1 "github.com/envd-dev/envd/envd/api/v1"
)

func TestBodyIsAccepted(t *testing.T) {
	want := v1.ExecRequest{Service: "api", Command: []string{"cat", "-"}, Env: map[string]string{"A": "b"}}
	for _, input := range []string{"", "{}", strings.Repeat("input\n", 10_000)} {
		body, err := Body(t.Context(), want, strings.NewReader(input))
		require.NoError(t, err)
		got, err := Accept(body)
		require.NoError(t, err)
		assert.Equal(t, want, got.ExecRequest)
		b, err := io.ReadAll(got.Stdin)
		require.NoError(t, err)
		assert.Equal(t, input, string(b))
	}
	body, err := Body(t.Context(), want, nil)
	require.NoError(t, err)
	got, err := Accept(body)
	require.NoError(t, err)
	b, err := io.ReadAll(got.Stdin)
	require.NoError(t, err)
	assert.Empty(t, b)
	for _, bad := range []string{"", "{}", `{"command": []}`, "cat", `{"command": "cat"}`} {
		_, err := Accept(strings.NewReader(bad))
		assert.ErrorContains(t, err, "must begin with", bad)
	}
}

func TestStreamsArrive(t *testing.T) {
	var wire bytes.Buffer
	s := NewSender(&wire)
	var both sync.WaitGroup
	for name, w := range map[string]io.Writer{"out": s.Stdout(), "err": s.Stderr()} {
		both.Go(func() {
			for range 100 {
				_, err := io.WriteString(w, name+"\x00\n")
				assert.NoError(t, err)
			}
		})
	}
	both.Wait()
	s.End(7, nil)
	var stdout, stderr strings.Builder
	code, err := Receive(&wire, &stdout, &stderr)
	require.NoError(t, err)
	assert.Equal(t, 7, code)
	assert.Equal(t, strings.Repeat("out\x00\n", 100), stdout.String())
	assert.Equal(t, strings.Repeat("err\x00\n", 100), stderr.String())
}

// refusing is a writer that nobody reads from.
type refusing struct{}

var errRefused = errors.New("refused")

func (refusing) Write([]byte) (int, error) { return 0, errRefused }

func TestReceiveEnds(t *testing.T) {
	for _, c := range []struct {
		name, wire string
		code       int
		err        string
	}{
		{"with a code", `{"exit": 3}`, 3, ""},
		{"with a code next to output that nobody wants", `{"stdout": "YQ==", "exit": 0}`, 0, ""},
		{"with an error", `{"error": "no such program"}`, 0, "no such program"},
		{"too early", `{"stderr": ""}`, 0, "ended before the command did: EOF"},
		{"in the middle", `{"stdout": "YQ`, 0, "ended before the command did: unexpected EOF"},
		{"when nobody wants the output", `{"stdout": "YQ=="} {"exit": 0}`, 0, "refused"},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, err := Receive(strings.NewReader(c.wire), refusing{}, refusing{})
			assert.Equal(t, c.code, code)
			if c.err == "" {
				assert.NoError(t, err)
				return
			}
			assert.ErrorContains(t, err, c.err)
		})
	}
	var wire bytes.Buffer
	NewSender(&wire).End(0, errors.New("gone"))
	_, err := Receive(&wire, io.Discard, io.Discard)
	assert.EqualError(t, err, "gone")
	_, err = Receive(strings.NewReader(""), io.Discard, io.Discard)
	assert.ErrorIs(t, err, ErrCut)
	_, err = NewSender(refusing{}).Stdout().Write([]byte("x"))
	assert.ErrorIs(t, err, errRefused)
}

// A body whose source has nothing to give ends with its context.
func TestBodyEnds(t *testing.T) {
	stdin, typing := io.Pipe()
	defer typing.Close()
	ctx, cancel := context.WithCancel(t.Context())
	body, err := Body(ctx, v1.ExecRequest{Command: []string{"cat"}}, stdin)
	require.NoError(t, err)
	cancel()
	_, err = io.ReadAll(body)
	assert.ErrorIs(t, err, context.Canceled)
}
