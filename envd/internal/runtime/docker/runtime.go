package docker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/moby/moby/client"
	"golang.org/x/sync/singleflight"

	"github.com/envd-dev/envd/envd"
)

// Runtime is the Docker runtime; it implements envd.Runtime. It finds the environments of other processes by their labels.
// Only the files and hostnames of an environment are known to nobody but the Runtime that created it.
type Runtime struct {
	opts   Options
	client func() (*client.Client, error)

	probing sync.Mutex
	probed  bool   // the engine was found usable
	traits  traits // set once, with probed

	renewing sync.Mutex // held to renew and to destroy, so that a renewal creates nothing for an environment that is gone

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
	_ envd.Listener      = (*Runtime)(nil)
)

// New returns a runtime. It does not talk to the engine yet.
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

// find returns an environment that exists, or ErrNotFound.
func (r *Runtime) find(ctx context.Context, id string) (*environment, error) {
	r.mu.Lock()
	e := r.envs[id]
	r.mu.Unlock()
	if e != nil {
		return e, nil
	}
	cli, err := r.usable(ctx)
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
	if err := findExternal(ctx, cli, env); err != nil {
		return err
	}
	l, err := startLeash(exe, id)
	if err != nil {
		return fmt.Errorf("leash of environment %s: %w", id, err)
	}
	// Requests are not broken off when ctx ends: nobody would know whether they still have their effect.
	asked := context.WithoutCancel(ctx)
	leased := r.leaseFrom(time.Now())
	packed := make(chan error, 1)
	go func() { // to find out which image is envd's takes about as long as the engine needs for a network
		_, err := r.ownImage(ctx, cli)
		packed <- err
	}()
	networkID, subnet, err := createNetwork(asked, cli, networkName(id), r.labels(id, labelControl, strconv.Itoa(controlPort(env))))
	packErr := <-packed
	if errors.Is(err, envd.ErrExists) {
		return errors.Join(fmt.Errorf("environment %s %w", id, envd.ErrExists), l.release())
	}
	if err = errors.Join(ctx.Err(), err, packErr); err != nil {
		left, removeErr := remove(asked, cli, id)
		if removeErr != nil || len(left) > 0 {
			return errors.Join(err, removeErr, l.cut())
		}
		return errors.Join(err, l.release())
	}
	e := newEnvironment(r, cli, id, networkID, subnet, controlPort(env))
	e.leash, e.leased, e.spec, e.ways = l, leased, env, ways
	r.mu.Lock()
	defer r.mu.Unlock()
	r.envs[id] = e
	return nil
}

// Do carries out one operation.
func (r *Runtime) Do(ctx context.Context, envID string, op envd.Operation) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if op.Kind == envd.OpCreate {
		return fullDisk(r.create(ctx, envID, op.Environment))
	}
	if op.Kind == envd.OpImage { // possible before the environment exists
		if op.Service == nil {
			return fmt.Errorf("prepare %s: no service given", op.Target)
		}
		_, err := r.prepareImage(ctx, envID, op.Service, op.Env)
		return fullDisk(err)
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

// Logs reads a service's output: from the recorded log or, if another process records it, from the engine.
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

// AwaitListening looks at the sockets of a service's container from this machine.
func (r *Runtime) AwaitListening(ctx context.Context, envID, service string) error {
	e, err := r.find(ctx, envID)
	if err != nil {
		return err
	}
	svc, err := e.service(ctx, service)
	if err != nil {
		return err
	}
	if svc.process == nil {
		return fmt.Errorf("%w: this engine's processes cannot be seen from here", envd.ErrUnsupported)
	}
	return svc.process.awaitSocket(ctx)
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

// Exec runs a command inside the environment. Nothing that the command started outlives it.
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

// Undeclared lists what the router refused. It is nil if the engine could not make the router the default route. Lookups of
// undeclared names are reported by the gateway.
func (r *Runtime) Undeclared(ctx context.Context, envID string) ([]envd.Connection, error) {
	e, err := r.find(ctx, envID)
	if err != nil {
		return nil, err
	}
	list, err := e.undeclared(ctx)
	return list, e.explain(ctx, err)
}
