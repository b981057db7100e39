// Package fake is a runtime in memory: environments are maps, services are Go functions. It keeps the contract of
// envd.Runtime, so that what drives a runtime can be tested without a process being started; services that are given
// a Program really listen and answer.
package fake

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
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
	case envd.OpKill:
		return e.killService(op.Target)
	case envd.OpRestart:
		return r.startAgain(e, op.Target)
	}
	return fmt.Errorf("%w: operation %s is not the runtime's", envd.ErrUnsupported, op.Kind)
}

func (r *Runtime) create(id string, spec *envd.Environment) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.envs[id] != nil {
		return fmt.Errorf("environment %s %w", id, envd.ErrExists)
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
	return nil, fmt.Errorf("command %q not found in PATH %s: %w", command[0], env["PATH"], envd.ErrNoProgram)
}

// clear kills what an earlier task of that name left running.
func (e *environment) clear(name string) {
	if old, err := e.service(name); err == nil && old.over() {
		old.kill()
		<-old.treeEnded
	}
}

// run starts a task under a name that no running one has.
func (r *Runtime) run(e *environment, name string, t *task) error {
	e.clear(name)
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

func (e *environment) killService(name string) error {
	t, err := e.service(name)
	if err != nil {
		return err
	}
	t.kill()
	<-t.treeEnded
	return nil
}

// startAgain starts a service that has ended as it was started before.
func (r *Runtime) startAgain(e *environment, name string) error {
	old, err := e.service(name)
	if err != nil || !old.over() {
		return err
	}
	return r.run(e, name, &task{program: old.program, command: old.command, env: old.env, workDir: old.workDir})
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
