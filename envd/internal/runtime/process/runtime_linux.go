package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/runtime/process/internal/control"
	"github.com/envd-dev/envd/envd/internal/runtime/process/internal/pid1"
)

// Runtime is the process runtime; it implements envd.Runtime. Except for Observe and Destroy, its methods work only in the
// process that created the environment.
type Runtime struct {
	opts Options

	mu   sync.Mutex
	envs map[string]*environment

	probing sync.Mutex
	probed  *footing // nil until footing has found out
}

var _ envd.Runtime = (*Runtime)(nil)

// New returns a runtime. It does nothing yet.
func New(opts Options) *Runtime {
	return &Runtime{opts: opts, envs: map[string]*environment{}}
}

// The first process of an environment (`envd init --env ID`) is this binary, and the initialisation of this package is its
// main function: initialising most of the other packages would take several times as long as its own work.
func init() {
	if args := os.Args[1:]; isInit(args) {
		os.Exit(pid1.Main(context.Background(), args[1:]))
	}
}

// Name returns "process".
func (r *Runtime) Name() string { return Name }

func (r *Runtime) exe() (string, error) {
	if r.opts.Exe != "" {
		return r.opts.Exe, nil
	}
	return os.Executable()
}

// owned returns an environment of this Runtime that is alive.
func (r *Runtime) owned(id string) (*environment, error) {
	r.mu.Lock()
	e := r.envs[id]
	if e != nil && e.bare { // not an environment yet
		r.mu.Unlock()
		return nil, fmt.Errorf("%w: %s", envd.ErrNotFound, id)
	}
	r.mu.Unlock()
	if e != nil && !e.over() {
		return e, nil
	}
	if e == nil {
		if inits, err := findInits(id); err != nil {
			return nil, err
		} else if len(inits) > 0 {
			return nil, fmt.Errorf("%w: environment %s belongs to another process", envd.ErrUnsupported, id)
		}
	}
	return nil, fmt.Errorf("%w: %s", envd.ErrNotFound, id)
}

// Do carries out one operation.
func (r *Runtime) Do(ctx context.Context, envID string, op envd.Operation) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if op.Kind == envd.OpCreate {
		return r.create(ctx, envID, op.Environment)
	}
	e, err := r.owned(envID)
	if err != nil {
		return err
	}
	switch op.Kind {
	case envd.OpGateway:
		return e.explain(e.startGateway(ctx, op))
	case envd.OpFile:
		return e.explain(e.writeFile(ctx, op))
	case envd.OpStart:
		return e.explain(e.startService(ctx, op))
	case envd.OpStop:
		return e.explain(e.stop(ctx, op))
	case envd.OpKill, envd.OpRestart, envd.OpPause, envd.OpResume:
		return e.explain(e.fault(ctx, op))
	default:
		return fmt.Errorf("%w: operation %s is not the runtime's", envd.ErrUnsupported, op.Kind)
	}
}

// Wait blocks until the service's process has ended. Descendants that it left running are not waited for.
func (r *Runtime) Wait(ctx context.Context, envID, service string) (envd.Exit, error) {
	e, err := r.owned(envID)
	if err != nil {
		return envd.Exit{}, err
	}
	resp, _, err := e.client.Call(ctx, control.Request{Wait: &control.Wait{Name: service}})
	switch {
	case errors.Is(err, control.ErrGone):
		return envd.Exit{Code: 137, Signal: "killed", Reason: envd.ReasonGone}, nil
	case err != nil:
		return envd.Exit{}, err
	}
	return *resp.Exit, nil
}

// Logs reads a service's output.
func (r *Runtime) Logs(ctx context.Context, envID, service string, follow bool) (io.ReadCloser, error) {
	e, err := r.owned(envID)
	if err != nil {
		return nil, err
	}
	svc, err := e.service(service)
	if err != nil {
		return nil, err
	}
	return svc.log.Reader(ctx, follow)
}

// Dial connects to a port inside.
func (r *Runtime) Dial(ctx context.Context, envID, service string, port int) (net.Conn, error) {
	e, err := r.owned(envID)
	if err != nil {
		return nil, err
	}
	conn, err := e.dial(ctx, service, port)
	return conn, e.explain(err)
}

// Exec runs a command inside the environment. Nothing that the command started outlives it.
func (r *Runtime) Exec(ctx context.Context, envID string, cmd envd.Exec) (int, error) {
	e, err := r.owned(envID)
	if err != nil {
		return -1, err
	}
	code, err := e.exec(ctx, cmd)
	return code, e.explain(err)
}

// Stats samples each service, and the gateway, with everything that descends from it.
func (r *Runtime) Stats(ctx context.Context, envID string) ([]envd.Usage, error) {
	e, err := r.owned(envID)
	if err != nil {
		return nil, err
	}
	processes, err := e.processes(ctx)
	if err != nil {
		return nil, e.explain(err)
	}
	var usage []envd.Usage
	for _, p := range processes {
		usage = append(usage, envd.Usage{Service: p.Name, CPU: envd.Duration(p.CPU), RSSBytes: p.RSS})
	}
	return usage, nil
}

// Undeclared lists the connections that were refused. It is nil if they cannot be seen on this machine.
func (r *Runtime) Undeclared(ctx context.Context, envID string) ([]envd.Connection, error) {
	e, err := r.owned(envID)
	if err != nil {
		return nil, err
	}
	if !e.features.Recorded {
		return nil, nil
	}
	resp, _, err := e.client.Call(ctx, control.Request{Query: &control.Query{Undeclared: true}})
	if err != nil {
		return nil, e.explain(err)
	}
	if resp.Undeclared == nil {
		resp.Undeclared = []envd.Connection{}
	}
	return resp.Undeclared, nil
}
