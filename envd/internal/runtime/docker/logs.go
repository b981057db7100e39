package docker

import (
	"bytes"
	"context"
	"errors"
	"io"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/client"
)

// engineLogs reads the engine's own log of a container, in the format of recorded logs.
func (e *environment) engineLogs(ctx context.Context, container string, follow bool) (io.ReadCloser, error) {
	ctx, cancel := context.WithCancel(ctx)
	kept, err := e.cli.ContainerLogs(ctx, container, client.ContainerLogsOptions{ShowStdout: true, ShowStderr: true, Timestamps: true, Follow: follow})
	if err != nil {
		cancel()
		return nil, err
	}
	read, write := io.Pipe()
	go func() {
		_, err := stdcopy.StdCopy(&named{to: write, stream: "stdout"}, &named{to: write, stream: "stderr"}, kept)
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		write.CloseWithError(errors.Join(err, kept.Close()))
	}()
	return &reader{PipeReader: read, cancel: cancel}, nil
}

type reader struct {
	*io.PipeReader
	cancel context.CancelFunc
}

func (r *reader) Close() error {
	r.cancel()
	return r.PipeReader.Close()
}

// named inserts the stream's name after the time with which the engine begins each line.
type named struct {
	to      io.Writer
	stream  string
	partial []byte
}

func (n *named) Write(p []byte) (int, error) {
	n.partial = append(n.partial, p...)
	for {
		line, rest, ended := bytes.Cut(n.partial, []byte{'\n'})
		if !ended {
			return len(p), nil
		}
		when, text, _ := bytes.Cut(line, []byte{' '})
		out := append(append(append([]byte{}, when...), ' '), n.stream...)
		out = append(append(append(out, ' '), text...), '\n')
		if _, err := n.to.Write(out); err != nil {
			return 0, err
		}
		n.partial = rest
	}
}
