package fake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"sort"

	"github.com/envd-dev/envd/envd"
)

// Observe tells what exists.
func (r *Runtime) Observe(ctx context.Context, envID string) (envd.State, error) {
	e, err := r.get(envID)
	if errors.Is(err, envd.ErrNotFound) {
		return envd.State{}, ctx.Err()
	}
	state := envd.State{Exists: true, Services: map[string]envd.ServiceState{}}
	e.mu.Lock()
	defer e.mu.Unlock()
	for name, t := range e.services {
		if name == envd.GatewayName {
			state.Gateway = !t.over()
			continue
		}
		s := envd.ServiceState{Running: !t.over(), Started: t.started}
		if t.over() {
			s.ExitCode = &t.exit.Code
		}
		state.Services[name] = s
	}
	return state, ctx.Err()
}

// Wait blocks until the service has ended.
func (r *Runtime) Wait(ctx context.Context, envID, service string) (envd.Exit, error) {
	e, err := r.get(envID)
	if err != nil {
		return envd.Exit{}, err
	}
	t, err := e.service(service)
	if err != nil {
		return envd.Exit{}, err
	}
	select {
	case <-t.ended:
		return t.exit, nil
	case <-ctx.Done():
		return envd.Exit{}, ctx.Err()
	}
}

// Logs reads a service's output.
func (r *Runtime) Logs(ctx context.Context, envID, service string, follow bool) (io.ReadCloser, error) {
	e, err := r.get(envID)
	if err != nil {
		return nil, err
	}
	t, err := e.service(service)
	if err != nil {
		return nil, err
	}
	return t.log.Reader(ctx, follow)
}

// Exec runs a program as a command. What a function used cannot be told: its CPU time is 0.
func (r *Runtime) Exec(ctx context.Context, envID string, cmd envd.Exec) (int, error) {
	e, err := r.get(envID)
	if err != nil {
		return -1, err
	}
	if len(cmd.Command) == 0 {
		return -1, errors.New("exec: no command given")
	}
	if cmd.Terminal != nil {
		return -1, fmt.Errorf("%w: a function runs on no terminal", envd.ErrUnsupported)
	}
	if cmd.User != "" {
		return -1, fmt.Errorf("%w: a function is nobody's", envd.ErrUnsupported)
	}
	t := &task{name: cmd.Service, command: cmd.Command, env: map[string]string{}, workDir: cmd.WorkDir}
	if cmd.Service != "" {
		svc, err := e.service(cmd.Service)
		if err != nil {
			return -1, err
		}
		maps.Copy(t.env, svc.env)
		if t.workDir == "" {
			t.workDir = svc.workDir
		}
	}
	maps.Copy(t.env, cmd.Env)
	if t.program, err = r.look(cmd.Command, t.env, t.workDir); err != nil {
		return -1, err
	}
	t.start(e, cmd.Stdin, orDiscard(cmd.Stdout), orDiscard(cmd.Stderr))
	t.await(ctx, cmd.Control)
	t.kill()
	<-t.treeEnded
	if cmd.CPU != nil {
		*cmd.CPU = 0
	}
	if err := ctx.Err(); err != nil {
		return -1, err
	}
	return t.exit.Code, nil
}

// await returns when the task has ended or ctx is over. A function cannot be signalled.
func (t *task) await(ctx context.Context, control <-chan envd.ExecControl) {
	for {
		select {
		case <-t.ended:
			return
		case <-ctx.Done():
			return
		case <-control:
		}
	}
}

func orDiscard(w io.Writer) io.Writer {
	if w == nil {
		return io.Discard
	}
	return w
}

// Stats lists the services; a function's consumption cannot be told from its process's.
func (r *Runtime) Stats(ctx context.Context, envID string) ([]envd.Usage, error) {
	e, err := r.get(envID)
	if err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	var usage []envd.Usage
	for name := range e.services {
		usage = append(usage, envd.Usage{Service: name})
	}
	sort.Slice(usage, func(i, j int) bool { return usage[i].Service < usage[j].Service })
	return usage, ctx.Err()
}

// Undeclared lists what Process.Dial refused.
func (r *Runtime) Undeclared(ctx context.Context, envID string) ([]envd.Connection, error) {
	e, err := r.get(envID)
	if err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	out := []envd.Connection{}
	for c, n := range e.refused {
		c.Count = n
		out = append(out, c)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Destination < out[j].Destination })
	return out, ctx.Err()
}

// Dial connects to a port that a Program listens on.
func (r *Runtime) Dial(ctx context.Context, envID, service string, port int) (net.Conn, error) {
	e, err := r.get(envID)
	if err != nil {
		return nil, err
	}
	if _, err := e.service(service); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return e.dial(ctx, endpointOf(service, port))
}

// Destroy ends everything, and waits until it has ended.
func (r *Runtime) Destroy(ctx context.Context, envID string) ([]envd.Leftover, error) {
	r.mu.Lock()
	e := r.envs[envID]
	r.mu.Unlock()
	if e == nil {
		return nil, nil
	}
	e.mu.Lock()
	for _, t := range e.services {
		t.kill()
	}
	e.mu.Unlock()
	ended := make(chan struct{})
	go func() {
		e.running.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.envs, envID)
	return r.opts.Leftovers, nil
}
