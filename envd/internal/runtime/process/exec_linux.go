package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"sync"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/runtime/process/internal/control"
)

// exec runs a command inside. When ctx ends first, everything that the command started is killed.
func (e *environment) exec(ctx context.Context, cmd envd.Exec) (int, error) {
	if len(cmd.Command) == 0 {
		return -1, errors.New("exec: no command given")
	}
	req, err := e.execRequest(cmd)
	if err != nil {
		return -1, err
	}
	open := openStreams
	if req.Terminal = cmd.Terminal != nil; req.Terminal {
		open = openTerminal
	}
	streams, err := open(cmd)
	if err != nil {
		return -1, fmt.Errorf("exec %s: %w", cmd.Command[0], err)
	}
	_, files, err := e.client.Call(context.WithoutCancel(ctx), control.Request{Start: &req}, streams.theirs...)
	err = errors.Join(err, control.CloseAll(files), streams.handOver())
	if err != nil {
		return -1, errors.Join(err, streams.finish())
	}
	running, ended := context.WithCancel(ctx)
	go e.steer(running, req.Name, streams, cmd.Control)
	end, err := e.awaitExec(ctx, req.Name)
	ended()
	if cmd.CPU != nil {
		*cmd.CPU = end.CPU
	}
	if err := errors.Join(err, streams.finish()); err != nil {
		return -1, fmt.Errorf("exec %s: %w", cmd.Command[0], err)
	}
	return end.Exit.Code, nil
}

// execMark begins the names of commands, to tell them from services.
const execMark = "exec:"

// execRequest returns the request to start a command, in the surroundings of a service or in the runner's own.
func (e *environment) execRequest(cmd envd.Exec) (control.Start, error) {
	e.mu.Lock()
	e.execs++
	req := control.Start{Name: fmt.Sprintf("exec-%d", e.execs), Command: cmd.Command, WorkDir: cmd.WorkDir}
	e.mu.Unlock()
	mark := execMark + cmd.Name
	if cmd.Service != "" {
		svc, err := e.service(cmd.Service)
		if err != nil {
			return req, err
		}
		req.Env, req.User, req.View = svc.env, svc.user, cmd.Service
		if cmd.User != "" {
			req.User = cmd.User
		}
		if req.WorkDir == "" {
			req.WorkDir = svc.workDir
		}
	} else {
		if !cmd.Clean {
			req.Env = os.Environ()
		}
		if wd, err := os.Getwd(); err == nil && req.WorkDir == "" {
			req.WorkDir = wd
		}
	}
	vars := variables(req.Env)
	maps.Copy(vars, cmd.Env)
	req.Env = e.environ(mark, vars)
	return req, nil
}

// awaitExec waits for the command and, in any case, for the end of everything that it started.
func (e *environment) awaitExec(ctx context.Context, name string) (control.Response, error) {
	_, _, err := e.client.Call(ctx, control.Request{Wait: &control.Wait{Name: name}})
	if cause := ctx.Err(); cause != nil {
		if err := e.kill(ctx, name); err != nil {
			return control.Response{}, errors.Join(cause, err)
		}
		err = cause
	}
	forget := control.Request{Wait: &control.Wait{Name: name, Forget: true}}
	end, _, forgotten := e.client.Call(context.WithoutCancel(ctx), forget)
	return end, errors.Join(err, forgotten)
}

// streams are the standard streams of a command: files go to it as they are, anything else through pipes.
type streams struct {
	theirs  []*os.File
	close   []*os.File // the command's ends that were opened here
	copying sync.WaitGroup
	stdin   *os.File // our end, closed to stop copying when the command has ended
	screen  *os.File // our end of the terminal; nil without one
	mu      sync.Mutex
	err     error
}

func openStreams(cmd envd.Exec) (*streams, error) {
	s := &streams{}
	err := s.input(cmd.Stdin)
	if err == nil {
		err = s.output(cmd.Stdout)
	}
	switch {
	case err != nil:
	case cmd.Merged():
		s.theirs = append(s.theirs, s.theirs[1])
	default:
		err = s.output(cmd.Stderr)
	}
	if err != nil {
		return nil, errors.Join(err, s.handOver(), s.finish())
	}
	return s, nil
}

func (s *streams) input(r io.Reader) error {
	if f, ok := r.(*os.File); ok && f != nil {
		s.theirs = append(s.theirs, f)
		return nil
	}
	if r == nil {
		return s.null(os.O_RDONLY)
	}
	read, write, err := os.Pipe()
	if err != nil {
		return err
	}
	s.theirs, s.close, s.stdin = append(s.theirs, read), append(s.close, read), write
	// Not waited for: a reader that blocks for ever, such as a terminal, must not delay the end of the command.
	go func() {
		_, _ = io.Copy(write, r) // the command may end before it has read all
		_ = write.Close()
	}()
	return nil
}

func (s *streams) output(w io.Writer) error {
	if f, ok := w.(*os.File); ok && f != nil {
		s.theirs = append(s.theirs, f)
		return nil
	}
	if w == nil {
		return s.null(os.O_WRONLY)
	}
	read, write, err := os.Pipe()
	if err != nil {
		return err
	}
	s.theirs, s.close = append(s.theirs, write), append(s.close, write)
	s.copying.Go(func() {
		_, err := io.Copy(w, read)
		if err != nil { // the writer failed: the command must not block on a full pipe
			_, _ = io.Copy(io.Discard, read)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.err = errors.Join(s.err, err, read.Close())
	})
	return nil
}

func (s *streams) null(flag int) error {
	f, err := os.OpenFile(os.DevNull, flag, 0)
	if err != nil {
		return err
	}
	s.theirs, s.close = append(s.theirs, f), append(s.close, f)
	return nil
}

// handOver closes our copies of the descriptors that the command has.
func (s *streams) handOver() error { return control.CloseAll(s.close) }

// finish waits for the end of the output, which comes when no process holds the streams any more.
func (s *streams) finish() error {
	s.copying.Wait()
	if s.stdin != nil {
		_ = s.stdin.Close() // an error only means that the input has ended
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}
