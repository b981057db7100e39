package process

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/logfile"
	"github.com/envd-dev/envd/envd/internal/runtime/process/internal/control"
	"github.com/envd-dev/envd/envd/internal/runtime/process/internal/pid1"
)

// environment is the runner's side of one environment.
type environment struct {
	id       string
	opts     Options
	plain    bool
	address  string // where services are reached
	gateway  string // where the gateway listens
	features control.Features
	visible  []string
	bare     bool // an empty space, to be taken over by create; guarded by Runtime.mu

	client *control.Client
	cmd    *exec.Cmd
	gone   chan struct{} // closed when PID 1 has been reaped, and everything inside with it
	stderr *tail
	egress *egress

	mu       sync.Mutex
	services map[string]*service
	execs    int

	redirects []control.Redirect // of the gateway's ports; set before it starts
}

// service is one started process with its log.
type service struct {
	log     *logfile.Log
	pumped  chan struct{} // closed when the log is complete
	failed  error         // why the log is not complete; read after pumped
	pid     int           // in the host's PID namespace; 0 if unknown
	env     []string
	workDir string
	user    string
	stop    envd.Stop
	started control.Start // the request that started it
}

// namespaces that an environment has for itself.
const namespaces = unix.CLONE_NEWUSER | unix.CLONE_NEWPID | unix.CLONE_NEWNET | unix.CLONE_NEWNS | unix.CLONE_NEWIPC | unix.CLONE_NEWUTS

// launch starts PID 1 and makes the environment's space, without anything in it. If it fails, nothing stays behind.
func launch(ctx context.Context, exe, id string, opts Options, plain bool, visible []string) (*environment, error) {
	conn, inherited, err := control.Pair()
	if err != nil {
		return nil, err
	}
	e := &environment{
		id: id, opts: opts, plain: plain, visible: visible, gone: make(chan struct{}), stderr: &tail{}, egress: newEgress(),
		address: serviceAddress, gateway: gatewayAddress, services: map[string]*service{},
	}
	if plain {
		e.address = plainAddress(id)
		e.gateway = e.address
	}
	e.cmd = exec.Command(exe, "init", "--env", id)
	if plain {
		e.cmd.Args = append(e.cmd.Args, "--plain")
	}
	e.cmd.Env = initEnviron
	e.cmd.Dir = "/"
	e.cmd.Stderr = e.stderr
	e.cmd.ExtraFiles = []*os.File{inherited}
	if e.cmd.SysProcAttr, err = initAttributes(plain); err == nil {
		err = e.spawn()
	}
	if err := errors.Join(err, inherited.Close()); err != nil {
		e.egress.close()
		return nil, errors.Join(fmt.Errorf("start PID 1 of %s: %w", id, err), conn.Close())
	}
	e.client = control.NewClient(conn, e.egress.carry)
	resp, _, err := e.client.Call(ctx, control.Request{Setup: &control.Setup{Hostname: id, Visible: visible}})
	if err != nil {
		err = e.explain(err)
		return nil, errors.Join(fmt.Errorf("set up %s: %w", id, err), e.end(context.WithoutCancel(ctx)))
	}
	e.features = *resp.Setup
	return e, nil
}

// shows reports whether these paths are visible in the space.
func (e *environment) shows(visible []string) bool {
	return !slices.ContainsFunc(visible, func(p string) bool { return pid1.Hidden(p) && !covered(p, e.visible) })
}

// initEnviron makes PID 1 start fast and stay small. It sleeps nearly all the time, and needs no variables of the runner.
var initEnviron = []string{"GOGC=off", "GOMEMLIMIT=24MiB", "GOMAXPROCS=2"}

// spawn starts PID 1 from a thread that lives exactly as long as PID 1 does: the parent-death signal is sent at the
// end of the thread that forked, not of the process.
func (e *environment) spawn() error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := e.cmd.Start()
		started <- err
		if err == nil {
			_ = e.cmd.Wait() // why it ended is in its output
			close(e.gone)
		}
	}()
	return <-started
}

func (e *environment) over() bool {
	select {
	case <-e.gone:
		return true
	default:
		return false
	}
}

// end kills PID 1, and with it everything inside, and waits until that has happened.
func (e *environment) end(ctx context.Context) error {
	if e.plain {
		return e.endPlain(ctx)
	}
	if err := e.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("kill PID 1 of %s: %w", e.id, err)
	}
	return e.settle(ctx)
}

// settle waits for the end of PID 1 and of everything that this process does for the environment.
func (e *environment) settle(ctx context.Context) error {
	select {
	case <-e.gone:
	case <-ctx.Done():
		return fmt.Errorf("wait for the end of %s: %w", e.id, ctx.Err())
	}
	e.egress.close()
	_ = e.client.Close() // an error only means that PID 1 has closed its end first
	e.mu.Lock()
	defer e.mu.Unlock()
	for name, svc := range e.services {
		select {
		case <-svc.pumped:
		case <-ctx.Done():
			return fmt.Errorf("read the rest of %s's output: %w", name, ctx.Err())
		}
	}
	return nil
}

// explain turns "PID 1 is gone" into the error that the contract demands, with PID 1's last output.
func (e *environment) explain(err error) error {
	if !errors.Is(err, control.ErrGone) {
		return err
	}
	select { // its output is complete once it has been reaped
	case <-e.gone:
	case <-time.After(time.Second):
	}
	if words := e.stderr.String(); words != "" {
		return fmt.Errorf("%w: %s: %s", envd.ErrNotFound, e.id, words)
	}
	return fmt.Errorf("%w: %s: %w", envd.ErrNotFound, e.id, err)
}

func (e *environment) service(name string) (*service, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if svc := e.services[name]; svc != nil {
		return svc, nil
	}
	return nil, fmt.Errorf("%w: %s", envd.ErrNoService, name)
}

// processes asks PID 1 for services and gateway; commands of Exec are left out.
func (e *environment) processes(ctx context.Context) ([]control.Process, error) {
	resp, _, err := e.client.Call(ctx, control.Request{Query: &control.Query{Processes: true}})
	if err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	var known []control.Process
	for _, p := range resp.Processes {
		if e.services[p.Name] != nil {
			known = append(known, p)
		}
	}
	return known, nil
}

// tail keeps the last output of PID 1, for error messages.
type tail struct {
	mu   sync.Mutex
	last []byte
}

const tailSize = 2048

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = append(t.last, p...)
	if extra := len(t.last) - tailSize; extra > 0 {
		t.last = append(t.last[:0], t.last[extra:]...)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(bytes.ToValidUTF8(t.last, []byte("?"))))
}
