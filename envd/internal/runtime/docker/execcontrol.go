package docker

import (
	"context"
	"io"
	"time"

	"github.com/moby/moby/client"

	"github.com/envd-dev/envd/envd"
)

// endTimeout bounds how long ending a command may take once its context is done.
const endTimeout = 10 * time.Second

// endExec ends a command and everything that it started. Engines have no call for that, so a second helper does it inside.
func (e *environment) endExec(ctx context.Context, svc *service, id, exec string) error {
	ctx, cancel := context.WithTimeout(ctx, endTimeout)
	defer cancel()
	for {
		state, err := e.cli.ExecInspect(ctx, exec, client.ExecInspectOptions{})
		if notFound(err) || err == nil && !state.Running {
			return nil // it has ended, or its container is gone
		}
		if err != nil {
			return err
		}
		if err := e.help(ctx, svc.container, "--kill", id); err != nil {
			return err
		}
	}
}

// help runs the helper in a container with other arguments than a command, and waits for its end. It is no error if the
// container is gone.
func (e *environment) help(ctx context.Context, container string, args ...string) error {
	created, err := e.cli.ExecCreate(ctx, container, client.ExecCreateOptions{Cmd: append([]string{helperPath, shimVerb}, args...), AttachStdout: true})
	if notFound(err) || conflict(err) {
		return nil
	}
	if err != nil {
		return err
	}
	attached, err := e.cli.ExecAttach(ctx, created.ID, client.ExecAttachOptions{})
	if err != nil {
		return err
	}
	defer attached.Close()
	stop := context.AfterFunc(ctx, attached.Close)
	defer stop()
	_, err = io.Copy(io.Discard, attached.Reader)
	return err
}

// steer passes signals and resizes on to a command until ctx ends. It is no error if the command has just ended.
func (e *environment) steer(ctx context.Context, container, id string, controls <-chan envd.ExecControl, resize func(client.ContainerResizeOptions) error) {
	for {
		select {
		case c := <-controls:
			if c.Size != nil {
				_ = resize(client.ContainerResizeOptions{Height: uint(c.Size.Rows), Width: uint(c.Size.Columns)})
			}
			if c.Signal != "" {
				_ = e.help(ctx, container, "--signal", c.Signal, "--kill", id)
			}
		case <-ctx.Done():
			return
		}
	}
}
