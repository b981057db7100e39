package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/logfile"
	"github.com/envd-dev/envd/envd/internal/runtime/process/internal/control"
)

// startService starts a service's process.
func (e *environment) startService(ctx context.Context, op envd.Operation) error {
	spec := op.Service
	if spec == nil {
		return fmt.Errorf("start %s: no service given", op.Target)
	}
	if len(spec.Command) == 0 {
		return fmt.Errorf("%w: service %s has no command, and this runtime runs no images", envd.ErrUnsupported, spec.Name)
	}
	if spec.Name == envd.GatewayName {
		return fmt.Errorf("start %s: the name is the gateway's", spec.Name)
	}
	svc := &service{env: e.environ(spec.Name, op.Env), workDir: spec.WorkDir, user: spec.User, stop: spec.Stop}
	return e.start(ctx, svc, control.Start{
		Name: spec.Name, Command: spec.Command, Env: svc.env, WorkDir: spec.WorkDir, User: spec.User, View: spec.Name,
	})
}

// variables turns "NAME=value" words into a map.
func variables(environ []string) map[string]string {
	vars := map[string]string{}
	for _, v := range environ {
		if name, value, ok := strings.Cut(v, "="); ok {
			vars[name] = value
		}
	}
	return vars
}

// environ returns the complete variables of a process, with envd's marks.
func (e *environment) environ(service string, vars map[string]string) []string {
	return envd.Environ(e.id, service, e.address, vars)
}

func (e *environment) start(ctx context.Context, svc *service, req control.Start) (err error) {
	if err := e.openLog(req.Name, svc); err != nil {
		return err
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		return errors.Join(err, svc.log.Close())
	}
	stdout, err := e.pipe()
	if err != nil {
		return errors.Join(err, null.Close(), svc.log.Close())
	}
	stderr, err := e.pipe()
	if err != nil {
		return errors.Join(err, null.Close(), stdout.close(), svc.log.Close())
	}
	// Not bounded by ctx, so that it is certain whether the process was started. It takes milliseconds.
	_, files, err := e.client.Call(context.WithoutCancel(ctx), control.Request{Start: &req}, null, stdout.write, stderr.write)
	err = errors.Join(err, null.Close(), stdout.write.Close(), stderr.write.Close())
	svc.pump([]pipe{stdout, stderr})
	if err != nil {
		return err
	}
	svc.pid, svc.started = hostPID(files), req
	e.mu.Lock()
	e.services[req.Name] = svc
	e.mu.Unlock()
	if ctx.Err() != nil {
		return errors.Join(e.abandon(ctx, req.Name), control.CloseAll(files))
	}
	return control.CloseAll(files)
}

// abandon kills what was started for a caller that has given up, and returns the caller's reason.
func (e *environment) abandon(ctx context.Context, name string) error {
	return errors.Join(ctx.Err(), e.kill(ctx, name))
}

// kill ends a process with everything that descends from it, even when ctx is over.
func (e *environment) kill(ctx context.Context, name string) error {
	kill := control.Request{Signal: &control.Signal{Name: name, All: true}}
	_, _, err := e.client.Call(context.WithoutCancel(ctx), kill)
	return err
}

// openLog continues the log of an earlier start in this environment, or begins a new one.
func (e *environment) openLog(name string, svc *service) (err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	open := logfile.Create
	if e.services[name] != nil {
		open = logfile.Append
	}
	svc.log, err = open(filepath.Join(e.opts.LogDir, name+".log"), e.opts.Redact)
	svc.pumped = make(chan struct{})
	return err
}

type pipe struct{ read, write *os.File }

func (e *environment) pipe() (p pipe, err error) {
	p.read, p.write, err = os.Pipe()
	return p, err
}

func (p pipe) close() error { return errors.Join(p.read.Close(), p.write.Close()) }

// pump copies stdout and stderr into the log until the last process that holds them has ended.
func (svc *service) pump(outs []pipe) {
	done := make(chan error, len(outs))
	for i, name := range []string{"stdout", "stderr"} {
		to := svc.log.Stream(name)
		go func() {
			_, err := io.CopyBuffer(struct{ io.Writer }{to}, struct{ io.Reader }{outs[i].read}, make([]byte, 8<<10))
			done <- errors.Join(err, outs[i].read.Close())
		}()
	}
	go func() {
		defer close(svc.pumped)
		err := errors.Join(<-done, <-done)
		svc.failed = errors.Join(err, svc.log.Close())
	}()
}

// hostPID returns the PID behind a pidfd in this process's own PID namespace (proc_pid_fdinfo(5)).
func hostPID(files []*os.File) int {
	if len(files) == 0 {
		return 0
	}
	b, err := os.ReadFile("/proc/self/fdinfo/" + strconv.Itoa(int(files[0].Fd())))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "Pid:"); ok {
			pid, err := strconv.Atoi(strings.TrimSpace(rest))
			if err == nil && pid > 0 {
				return pid
			}
		}
	}
	return 0
}

// stop ends a service, in the way it asks for, or the gateway. It is no error if it has ended already.
func (e *environment) stop(ctx context.Context, op envd.Operation) error {
	name := op.Target
	if op.Service != nil {
		name = op.Service.Name
	}
	svc, err := e.service(name)
	if err != nil {
		return err
	}
	how := svc.stop
	if op.Service != nil {
		how = op.Service.Stop
	}
	signal, err := signalNumber(how.Signal)
	if err != nil {
		return fmt.Errorf("stop %s: %w", name, err)
	}
	_, _, err = e.client.Call(ctx, control.Request{Stop: &control.Stop{Name: name, Number: int(signal), Grace: how.Grace.Std()}})
	if err != nil {
		return fmt.Errorf("stop %s: %w", name, err)
	}
	select { // no process holds its streams any more
	case <-svc.pumped:
		return svc.failed
	case <-ctx.Done():
		return ctx.Err()
	}
}

func signalNumber(name string) (unix.Signal, error) {
	if name == "" {
		return unix.SIGTERM, nil
	}
	if n, err := strconv.Atoi(name); err == nil && n > 0 && n < 65 {
		return unix.Signal(n), nil
	}
	if n := unix.SignalNum("SIG" + strings.TrimPrefix(strings.ToUpper(name), "SIG")); n != 0 {
		return n, nil
	}
	return 0, fmt.Errorf("%q is no signal", name)
}

// writeFile puts a file in place inside.
func (e *environment) writeFile(ctx context.Context, op envd.Operation) (err error) {
	if op.File == nil || !filepath.IsAbs(op.File.Path) {
		return fmt.Errorf("write %s: no absolute path given", op.Target)
	}
	if e.plain {
		return fmt.Errorf("%w: write %s: files need a mount namespace", envd.ErrUnsupported, op.File.Path)
	}
	content, err := memoryFile(op.Content)
	if err != nil {
		return fmt.Errorf("write %s: %w", op.File.Path, err)
	}
	defer func() { err = errors.Join(err, content.Close()) }()
	req := control.File{Path: op.File.Path, Mode: op.File.Mode}
	if op.Service != nil {
		req.User = op.Service.User
	}
	if req.Mode == 0 {
		req.Mode = 0o644
	}
	_, _, err = e.client.Call(ctx, control.Request{File: &req}, content)
	return err
}

// memoryFile returns a file with this content that has no name in any file system (memfd_create(2)).
func memoryFile(content []byte) (*os.File, error) {
	fd, err := unix.MemfdCreate("envd", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(fd), "content")
	if _, err := f.Write(content); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}
