package fake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/logfile"
)

// Program stands in for a command. The end of ctx is its SIGKILL: it must return then. What it returns is its exit code.
type Program func(ctx context.Context, p *Process) (exitCode int)

// Process is what a Program sees of its environment.
type Process struct {
	Service        string
	Command        []string
	Env            map[string]string
	WorkDir        string
	Stdin          io.Reader
	Stdout, Stderr io.Writer

	env  *environment
	task *task
}

// Terminated is closed when the service is asked to end. A program that never asks for it ends at once, as one without
// a signal handler does.
func (p *Process) Terminated() <-chan struct{} {
	p.task.mu.Lock()
	defer p.task.mu.Unlock()
	p.task.handles = true
	return p.task.terminated
}

// Listen listens on a port of the service's, behind which is a real TCP socket. Port 0 of the gateway is its control API.
func (p *Process) Listen(port int) (net.Listener, error) {
	at := endpointOf(p.Service, port)
	p.env.mu.Lock()
	defer p.env.mu.Unlock()
	if p.env.ports[at] != nil {
		return nil, fmt.Errorf("listen on port %d: %w", port, syscall.EADDRINUSE)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p.env.ports[at] = l
	close(p.env.opened)
	p.env.opened = make(chan struct{})
	p.task.onEnd(func() {
		p.env.mu.Lock()
		defer p.env.mu.Unlock()
		l.Close()
		delete(p.env.ports, at)
	})
	return l, nil
}

// Spawn runs another function as a process that outlives this one, as a daemon does, until the service is stopped.
func (p *Process) Spawn(name string, program Program) {
	child := *p
	child.Service = name
	p.task.spawn(func(ctx context.Context) { program(ctx, &child) })
}

// ReadFile reads what an operation wrote, or else the machine's own file.
func (p *Process) ReadFile(path string) ([]byte, error) {
	p.env.mu.Lock()
	content, ok := p.env.files[path]
	p.env.mu.Unlock()
	if ok {
		return content, nil
	}
	return os.ReadFile(path)
}

// Resolve returns the addresses of a name: services and stubs have one, everything else has none.
func (p *Process) Resolve(_ context.Context, name string) ([]string, error) {
	switch p.env.owner(name) {
	case "":
		return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
	case envd.GatewayName:
		return []string{"127.0.1.1"}, nil
	}
	return []string{"127.0.0.1"}, nil
}

// Dial connects to a service, a stub or a declared destination; everything else is refused and on record.
func (p *Process) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, portText, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	port, err := strconv.Atoi(portText)
	if err != nil {
		return nil, err
	}
	if slices.Contains(p.env.spec.Egress, address) {
		var d net.Dialer
		return d.DialContext(ctx, network, address)
	}
	owner := p.env.owner(host)
	if owner != "" {
		return p.env.dial(ctx, endpointOf(owner, port))
	}
	p.env.mu.Lock()
	p.env.refused[envd.Connection{Destination: address, Protocol: network}]++
	p.env.mu.Unlock()
	return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.ECONNREFUSED}
}

// endpoint is a port of the services' one address, or of the gateway's.
type endpoint struct {
	host string
	port int
}

func endpointOf(service string, port int) endpoint {
	if service == envd.GatewayName {
		return endpoint{envd.GatewayName, port}
	}
	return endpoint{"", port}
}

// owner says who answers to a name: the gateway, a service, or nobody.
func (e *environment) owner(name string) string {
	if e.spec.Stub(name) != nil || name == "127.0.1.1" {
		return envd.GatewayName
	}
	if name == "127.0.0.1" || name == "localhost" {
		return "localhost"
	}
	for _, s := range e.spec.Services {
		if s.Name == name || slices.Contains(s.Hostnames, name) {
			return s.Name
		}
	}
	return ""
}

func (e *environment) dial(ctx context.Context, at endpoint) (net.Conn, error) {
	e.mu.Lock()
	l := e.ports[at]
	e.mu.Unlock()
	if l == nil {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}
	var d net.Dialer
	return d.DialContext(ctx, "tcp", l.Addr().String())
}

// task is a program that runs, with what it spawned.
type task struct {
	name    string
	program Program
	command []string
	env     map[string]string
	workDir string
	log     *logfile.Log // nil for a command

	started    time.Time
	ctx        context.Context // ended by kill
	kill       context.CancelFunc
	terminated chan struct{}
	ended      chan struct{} // the program itself; exit is set then
	treeEnded  chan struct{} // with everything that it spawned
	exit       envd.Exit
	tree       sync.WaitGroup

	mu       sync.Mutex
	handles  bool
	asked    sync.Once
	cleanups []func()
}

func (t *task) over() bool {
	select {
	case <-t.ended:
		return true
	default:
		return false
	}
}

func (t *task) start(e *environment, stdin io.Reader, stdout, stderr io.Writer) {
	if stdin == nil {
		stdin = strings.NewReader("")
	}
	t.started = time.Now()
	t.ctx, t.kill = context.WithCancel(context.Background())
	t.terminated, t.ended, t.treeEnded = make(chan struct{}), make(chan struct{}), make(chan struct{})
	p := &Process{
		Service: t.name, Command: t.command, Env: t.env, WorkDir: t.workDir,
		Stdin: stdin, Stdout: stdout, Stderr: stderr, env: e, task: t,
	}
	t.tree.Go(func() {
		t.exit.Code = t.program(t.ctx, p)
		if t.ctx.Err() != nil {
			t.exit = envd.Exit{Code: 137, Signal: "killed"}
		}
		close(t.ended)
	})
	e.running.Go(func() {
		t.tree.Wait()
		t.kill() // frees the context
		t.mu.Lock()
		defer t.mu.Unlock()
		for _, f := range t.cleanups {
			f()
		}
		if t.log != nil {
			_ = t.log.Close() // tests read it
		}
		close(t.treeEnded)
	})
}

func (t *task) spawn(f func(context.Context)) { t.tree.Go(func() { f(t.ctx) }) }

func (t *task) onEnd(f func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.cleanups = append(t.cleanups, f)
}

// stop asks the program to end, and kills it with what it spawned after the grace.
func (t *task) stop(ctx context.Context, how envd.Stop) error {
	t.mu.Lock()
	handles := t.handles
	t.mu.Unlock()
	if handles && strings.TrimPrefix(how.Signal, "SIG") != "KILL" {
		t.asked.Do(func() { close(t.terminated) })
		patience := time.NewTimer(how.Grace.Std())
		defer patience.Stop()
		select {
		case <-t.treeEnded:
		case <-patience.C:
		case <-ctx.Done():
		}
	}
	t.kill()
	select {
	case <-t.treeEnded:
		return nil
	case <-ctx.Done():
		return errors.Join(fmt.Errorf("stop %s", t.name), ctx.Err())
	}
}
