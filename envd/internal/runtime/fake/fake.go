// Package fake is a runtime in memory: environments are maps, services are Go functions. It keeps the contract of
// envd.Runtime, so that what drives a runtime can be tested without a process being started; services that are given
// a Program really listen and answer.
package fake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sort"
	"sync"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/logfile"
)

// Options say what the fake can do.
type Options struct {
	// LogDir is where each service's output goes, as ENVIRONMENT/SERVICE.log.
	LogDir string

	// Programs are the commands that exist, by Command[0].
	Programs map[string]Program

	// Gateway is run by gateway.start; without one the gateway only runs.
	Gateway Program

	// Before sees every operation first, where set; its error is the operation's.
	Before func(ctx context.Context, envID string, op envd.Operation) error

	// Leftovers are what every Destroy claims to have left.
	Leftovers []envd.Leftover

	// Capabilities replace the usual ones, where set.
	Capabilities *envd.Capabilities
}

// Runtime is the fake. It serves any number of environments.
type Runtime struct {
	opts Options
	mu   sync.Mutex
	envs map[string]*environment
}

var _ envd.Runtime = (*Runtime)(nil)

// New returns a runtime without environments.
func New(opts Options) *Runtime {
	return &Runtime{opts: opts, envs: map[string]*environment{}}
}

// Name returns "fake".
func (r *Runtime) Name() string { return "fake" }

// Capabilities are those of the process runtime, unless the options say otherwise.
func (r *Runtime) Capabilities(context.Context) (envd.Capabilities, error) {
	if r.opts.Capabilities != nil {
		return *r.opts.Capabilities, nil
	}
	return envd.Capabilities{
		Commands: true, Isolated: true, Hostnames: true, SharedPorts: true, Egress: true, KillSafe: true,
		Guarantee: "none of this is real: services are functions of this very process",
	}, nil
}

// environment is what one ID stands for.
type environment struct {
	id       string
	spec     *envd.Environment
	mu       sync.Mutex
	services map[string]*task
	files    map[string][]byte
	ports    map[endpoint]net.Listener
	opened   chan struct{}             // closed and replaced whenever a port was opened
	refused  map[envd.Connection]int64 // by destination and protocol
	running  sync.WaitGroup
}

func (r *Runtime) get(id string) (*environment, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e := r.envs[id]; e != nil {
		return e, nil
	}
	return nil, fmt.Errorf("%w: %s", envd.ErrNotFound, id)
}

func (e *environment) service(name string) (*task, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if t := e.services[name]; t != nil {
		return t, nil
	}
	return nil, fmt.Errorf("%w: %s", envd.ErrNoService, name)
}

// Do carries one operation out.
func (r *Runtime) Do(ctx context.Context, envID string, op envd.Operation) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if r.opts.Before != nil {
		if err := r.opts.Before(ctx, envID, op); err != nil {
			return err
		}
	}
	if op.Kind == envd.OpCreate {
		return r.create(envID, op.Environment)
	}
	e, err := r.get(envID)
	if err != nil {
		return err
	}
	switch op.Kind {
	case envd.OpGateway:
		return r.startGateway(ctx, e, op)
	case envd.OpFile:
		return e.writeFile(op)
	case envd.OpStart:
		return r.startService(e, op)
	case envd.OpStop:
		return e.stop(ctx, op)
	}
	return fmt.Errorf("%w: operation %s is not the runtime's", envd.ErrUnsupported, op.Kind)
}

func (r *Runtime) create(id string, spec *envd.Environment) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.envs[id] != nil {
		return fmt.Errorf("environment %s exists already", id)
	}
	if err := os.MkdirAll(filepath.Join(r.opts.LogDir, id), 0o755); err != nil {
		return err
	}
	if spec == nil {
		spec = &envd.Environment{}
	}
	r.envs[id] = &environment{
		id: id, spec: spec, services: map[string]*task{}, files: map[string][]byte{},
		ports: map[endpoint]net.Listener{}, opened: make(chan struct{}), refused: map[envd.Connection]int64{},
	}
	return nil
}

func (r *Runtime) startService(e *environment, op envd.Operation) error {
	spec := op.Service
	if len(spec.Command) == 0 {
		return fmt.Errorf("%w: service %s has no command", envd.ErrUnsupported, spec.Name)
	}
	program, err := r.look(spec.Command, op.Env, spec.WorkDir)
	if err != nil {
		return fmt.Errorf("start %s: %w", spec.Name, err)
	}
	return r.run(e, spec.Name, &task{program: program, command: spec.Command, env: op.Env, workDir: spec.WorkDir})
}

func (r *Runtime) startGateway(ctx context.Context, e *environment, op envd.Operation) error {
	program := r.opts.Gateway
	if program == nil {
		program = func(ctx context.Context, _ *Process) int { <-ctx.Done(); return 0 }
	}
	if err := r.run(e, envd.GatewayName, &task{program: program, command: []string{"envd", "gateway"}, env: op.Env}); err != nil {
		return err
	}
	if r.opts.Gateway == nil {
		return nil
	}
	return e.awaitPort(ctx, endpoint{envd.GatewayName, 0})
}

// look finds the program of a command as the process runtime would.
func (r *Runtime) look(command []string, env map[string]string, dir string) (Program, error) {
	if dir != "" {
		if _, err := os.Stat(dir); err != nil {
			return nil, fmt.Errorf("working directory: %w", err)
		}
	}
	if program := r.opts.Programs[command[0]]; program != nil {
		return program, nil
	}
	return nil, fmt.Errorf("command %q not found in PATH %s", command[0], env["PATH"])
}

// run starts a task under a name that no running one has.
func (r *Runtime) run(e *environment, name string, t *task) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	open := logfile.Create
	if old := e.services[name]; old != nil {
		if !old.over() {
			return fmt.Errorf("start %s: it runs already", name)
		}
		open = logfile.Append
	}
	log, err := open(filepath.Join(r.opts.LogDir, e.id, name+".log"), nil)
	if err != nil {
		return err
	}
	t.log, t.name = log, name
	t.start(e, nil, log.Stream("stdout"), log.Stream("stderr"))
	e.services[name] = t
	return nil
}

func (e *environment) stop(ctx context.Context, op envd.Operation) error {
	name := op.Target
	var how envd.Stop
	if op.Service != nil {
		name, how = op.Service.Name, op.Service.Stop
	}
	t, err := e.service(name)
	if err != nil {
		return err
	}
	return t.stop(ctx, how)
}

func (e *environment) writeFile(op envd.Operation) error {
	if info, err := os.Stat(op.File.Path); err == nil && info.IsDir() {
		return fmt.Errorf("write %s: it is a directory", op.File.Path)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.files[op.File.Path] = append([]byte(nil), op.Content...)
	return nil
}

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

// Exec runs a program as a command.
func (r *Runtime) Exec(ctx context.Context, envID string, cmd envd.Exec) (int, error) {
	e, err := r.get(envID)
	if err != nil {
		return -1, err
	}
	if len(cmd.Command) == 0 {
		return -1, errors.New("exec: no command given")
	}
	t := &task{name: cmd.Service, command: cmd.Command, env: map[string]string{}, workDir: cmd.WorkDir}
	if cmd.Service != "" {
		svc, err := e.service(cmd.Service)
		if err != nil {
			return -1, err
		}
		for k, v := range svc.env {
			t.env[k] = v
		}
		if t.workDir == "" {
			t.workDir = svc.workDir
		}
	}
	for k, v := range cmd.Env {
		t.env[k] = v
	}
	if t.program, err = r.look(cmd.Command, t.env, t.workDir); err != nil {
		return -1, err
	}
	t.start(e, cmd.Stdin, orDiscard(cmd.Stdout), orDiscard(cmd.Stderr))
	select {
	case <-t.ended:
	case <-ctx.Done():
	}
	t.kill()
	<-t.treeEnded
	if err := ctx.Err(); err != nil {
		return -1, err
	}
	return t.exit.Code, nil
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

// awaitPort waits until somebody listens.
func (e *environment) awaitPort(ctx context.Context, at endpoint) error {
	for {
		e.mu.Lock()
		l, t, opened := e.ports[at], e.services[at.host], e.opened
		e.mu.Unlock()
		if l != nil {
			return nil
		}
		select {
		case <-opened:
		case <-t.ended:
			return fmt.Errorf("%w: %s, code %d", envd.ErrExited, at.host, t.exit.Code)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
