package docker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"github.com/moby/moby/client"
	"golang.org/x/sync/singleflight"

	"github.com/envd-dev/envd/envd"
)

// Runtime is the Docker runtime. It keeps the contract of envd.Runtime. What it did not create itself it finds by label;
// only the environment's files and hostnames are known to the Runtime that created it alone.
type Runtime struct {
	opts   Options
	client func() (*client.Client, error)

	probing sync.Mutex
	probed  bool // the engine is usable

	renewing sync.Mutex // or destroying: a renewal makes nothing of an environment that is gone

	packing  packer
	building singleflight.Group // by tag

	mu     sync.Mutex
	envs   map[string]*environment
	images map[imageKey]envd.ImageFact
}

var (
	_ envd.Runtime       = (*Runtime)(nil)
	_ envd.ImageReporter = (*Runtime)(nil)
	_ envd.Leaser        = (*Runtime)(nil)
)

// New returns a runtime. It touches nothing yet.
func New(opts Options) *Runtime {
	return &Runtime{opts: opts, client: sync.OnceValues(connect), envs: map[string]*environment{}, images: map[imageKey]envd.ImageFact{}}
}

// Name returns "docker".
func (r *Runtime) Name() string { return Name }

func (r *Runtime) exe() (string, error) {
	if r.opts.Exe != "" {
		return r.opts.Exe, nil
	}
	return os.Executable()
}

// find returns an environment that exists.
func (r *Runtime) find(ctx context.Context, id string) (*environment, error) {
	r.mu.Lock()
	e := r.envs[id]
	r.mu.Unlock()
	if e != nil {
		return e, nil
	}
	cli, err := r.client()
	if err != nil {
		return nil, err
	}
	return r.adopt(ctx, cli, id)
}

func (r *Runtime) create(ctx context.Context, id string, env *envd.Environment) (err error) {
	if err := envd.CheckID(id); err != nil {
		return err
	}
	cli, err := r.usable(ctx)
	if err != nil {
		return err
	}
	switch _, err := r.find(ctx, id); {
	case err == nil:
		return fmt.Errorf("environment %s %w", id, envd.ErrExists)
	case !errors.Is(err, envd.ErrNotFound):
		return err
	}
	exe, err := r.exe()
	if err != nil {
		return err
	}
	if static, err := isStatic(exe); err != nil || !static {
		return errors.Join(fmt.Errorf("%w: %s is linked dynamically and cannot run in containers: build it with CGO_ENABLED=0", envd.ErrUnsupported, exe), err)
	}
	ways, err := waysOf(env)
	if err != nil {
		return err
	}
	l, err := startLeash(exe, id)
	if err != nil {
		return fmt.Errorf("leash of environment %s: %w", id, err)
	}
	// Let finish what it asked for: whether a request that was broken off still has its effect, nobody knows.
	asked := context.WithoutCancel(ctx)
	leased := r.leaseFrom(time.Now())
	networkID, subnet, err := r.createNetwork(asked, cli, id, env)
	if errors.Is(err, envd.ErrExists) {
		return errors.Join(err, l.release())
	}
	if err = errors.Join(ctx.Err(), err); err != nil {
		left, removeErr := remove(asked, cli, id)
		if removeErr != nil || len(left) > 0 {
			return errors.Join(err, removeErr, l.cut())
		}
		return errors.Join(err, l.release())
	}
	e := newEnvironment(r, cli, id, networkID, subnet, controlPort(env))
	e.leash, e.leased, e.spec, e.ways = l, leased, env, ways
	e.startRouter(ctx)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.envs[id] = e
	return nil
}

// Do carries one operation out.
func (r *Runtime) Do(ctx context.Context, envID string, op envd.Operation) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if op.Kind == envd.OpCreate {
		return r.create(ctx, envID, op.Environment)
	}
	if op.Kind == envd.OpImage { // which needs nothing of the environment
		if op.Service == nil {
			return fmt.Errorf("prepare %s: no service given", op.Target)
		}
		_, err := r.prepareImage(ctx, envID, op.Service, op.Env)
		return err
	}
	e, err := r.find(ctx, envID)
	if err != nil {
		return err
	}
	switch op.Kind {
	case envd.OpGateway:
		err = e.startGateway(ctx, op)
	case envd.OpFile:
		err = e.writeFile(ctx, op)
	case envd.OpMake:
		err = e.makeService(ctx, op)
	case envd.OpStart:
		err = e.startService(ctx, op)
	case envd.OpStop:
		err = e.stop(ctx, op)
	case envd.OpKill, envd.OpRestart, envd.OpPause, envd.OpResume, envd.OpDisconnect, envd.OpConnect, envd.OpLimit:
		err = e.fault(ctx, op)
	default:
		err = fmt.Errorf("%w: operation %s is not the runtime's", envd.ErrUnsupported, op.Kind)
	}
	return e.explain(ctx, err)
}

// Wait blocks until the service's container has ended.
func (r *Runtime) Wait(ctx context.Context, envID, service string) (envd.Exit, error) {
	e, err := r.find(ctx, envID)
	if err != nil {
		return envd.Exit{}, err
	}
	svc, err := e.service(ctx, service)
	if err != nil {
		return envd.Exit{}, e.explain(ctx, err)
	}
	exit, err := e.wait(ctx, svc.container)
	if err == nil && exit.Code != 0 && exit.Signal == "" && exit.Reason == "" {
		exit.Reason = svc.neverRan(ctx)
	}
	return exit, err
}

// Logs reads a service's output: as it was recorded, or where another process records it, as the engine keeps it.
func (r *Runtime) Logs(ctx context.Context, envID, service string, follow bool) (io.ReadCloser, error) {
	e, err := r.find(ctx, envID)
	if err != nil {
		return nil, err
	}
	svc, err := e.service(ctx, service)
	if err != nil {
		return nil, e.explain(ctx, err)
	}
	if svc.log != nil {
		return svc.log.Reader(ctx, follow)
	}
	logs, err := e.engineLogs(ctx, svc.container, follow)
	return logs, e.explain(ctx, err)
}

// Dial connects to a container's own address.
func (r *Runtime) Dial(ctx context.Context, envID, service string, port int) (net.Conn, error) {
	e, err := r.find(ctx, envID)
	if err != nil {
		return nil, err
	}
	conn, err := e.dial(ctx, service, port)
	return conn, e.explain(ctx, err)
}

// Exec runs a command inside. Nothing that it started outlives it.
func (r *Runtime) Exec(ctx context.Context, envID string, cmd envd.Exec) (int, error) {
	e, err := r.find(ctx, envID)
	if err != nil {
		return -1, err
	}
	if len(cmd.Command) == 0 {
		return -1, errors.New("exec: no command given")
	}
	code, err := e.exec(ctx, cmd)
	if ctx.Err() != nil {
		err = errors.Join(ctx.Err(), err)
	}
	if err != nil {
		return -1, e.explain(ctx, fmt.Errorf("exec %s: %w", cmd.Command[0], err))
	}
	return code, nil
}

// Stats samples each service's container, the gateway's too.
func (r *Runtime) Stats(ctx context.Context, envID string) ([]envd.Usage, error) {
	e, err := r.find(ctx, envID)
	if err != nil {
		return nil, err
	}
	usage, err := e.stats(ctx)
	return usage, e.explain(ctx, err)
}

// Undeclared lists what was refused on its way out. It is nil where the engine did not route it to where that is seen.
// Look-ups of undeclared names are the gateway's to tell.
func (r *Runtime) Undeclared(ctx context.Context, envID string) ([]envd.Connection, error) {
	e, err := r.find(ctx, envID)
	if err != nil {
		return nil, err
	}
	list, err := e.undeclared(ctx)
	return list, e.explain(ctx, err)
}
