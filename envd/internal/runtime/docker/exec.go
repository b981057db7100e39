package docker

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"github.com/envd-dev/envd/envd"
)

func (e *environment) exec(ctx context.Context, cmd envd.Exec) (int, error) {
	if cmd.Service == "" {
		return e.runCommand(ctx, cmd)
	}
	svc, err := e.service(ctx, cmd.Service)
	if err != nil {
		return -1, err
	}
	if svc.over() {
		return e.runBeside(ctx, svc, cmd)
	}
	return e.execInService(ctx, svc, cmd)
}

// runCommand runs a program of this machine in a container that sees the machine's folders and the environment's
// network.
func (e *environment) runCommand(ctx context.Context, cmd envd.Exec) (int, error) {
	vars := map[string]string{}
	for _, v := range os.Environ() {
		if name, value, ok := strings.Cut(v, "="); ok && !cmd.Clean {
			vars[name] = value
		}
	}
	maps.Copy(vars, cmd.Env)
	program, err := e.rt.lookup(cmd.Command[0], vars["PATH"])
	if err != nil {
		return -1, err
	}
	workDir := cmd.WorkDir
	if workDir == "" {
		workDir, _ = os.Getwd() // without one, the container's own
	}
	files := e.filesOf("")
	inside := slices.ContainsFunc(files, func(f placed) bool { return path.Dir(f.path) == workDir })
	if !inside {
		if workDir, err = e.rt.folder(workDir); err != nil {
			return -1, fmt.Errorf("working directory: %w", err)
		}
	}
	id := rand.Text()
	s := surroundings{workDir: workDir, command: helper(cmd, id, program)}
	visible := append([]string{program, workDir}, cmd.Command[1:]...) // arguments may be files to read
	if s.image, s.mounts, err = e.rt.hostView(ctx, e.cli, visible...); err != nil {
		return -1, err
	}
	if s.user, s.groups, err = e.rt.traits.hostUser(""); err != nil {
		return -1, err
	}
	return e.runContainer(ctx, id, e.containerSpec("", s, vars), "", files, cmd)
}

// runBeside runs a command in the surroundings of a service whose container has ended: its image, files and environment.
func (e *environment) runBeside(ctx context.Context, svc *service, cmd envd.Exec) (int, error) {
	spec := svc.spec
	config, host := *spec.Config, *spec.HostConfig
	id := rand.Text()
	config.Entrypoint, config.Cmd = helper(cmd, id, cmd.Command[0]), nil
	for name, value := range cmd.Env {
		config.Env = append(slices.Clone(config.Env), name+"="+value)
	}
	if cmd.User != "" {
		config.User = cmd.User
	}
	if cmd.WorkDir != "" {
		config.WorkingDir = cmd.WorkDir
	}
	spec.Config, spec.HostConfig = &config, &host
	return e.runContainer(ctx, id, spec, svc.tree, e.filesOf(cmd.Service), cmd)
}

// runContainer runs a command in a container of its own; id is the command's for its helper. Removing the container ends
// everything that the command started.
func (e *environment) runContainer(ctx context.Context, id string, spec client.ContainerCreateOptions, tree string, files []placed, cmd envd.Exec) (code int, err error) {
	spec.Name = e.containerName("exec-" + strings.ToLower(rand.Text()[:10]))
	spec.Config.Hostname, spec.Config.Labels = "", e.rt.labels(e.id, labelCommand, cmd.Name)
	spec.Config.OpenStdin, spec.Config.StdinOnce, spec.Config.Tty = cmd.Stdin != nil, cmd.Stdin != nil, cmd.Terminal != nil
	spec.HostConfig.LogConfig, spec.HostConfig.Init = container.LogConfig{Type: "none"}, nil
	if spec.NetworkingConfig = nil; e.ownNetwork(spec.HostConfig) {
		spec.NetworkingConfig = e.endpoint(netip.Addr{}, nil)
	}
	asked := context.WithoutCancel(ctx)
	created, err := e.cli.ContainerCreate(asked, spec)
	if err != nil {
		return -1, err
	}
	defer func() { err = errors.Join(err, e.removeContainer(asked, created.ID)) }()
	if err := e.copyFiles(ctx, created.ID, tree, files); err != nil {
		return -1, err
	}
	attached, err := e.cli.ContainerAttach(ctx, created.ID, client.ContainerAttachOptions{
		Stream: true, Stdin: cmd.Stdin != nil, Stdout: true, Stderr: true,
	})
	if err != nil {
		return -1, err
	}
	defer attached.Close()
	if _, err := e.cli.ContainerStart(asked, created.ID, client.ContainerStartOptions{}); err != nil {
		return -1, err
	}
	copied := carry(attached.HijackedResponse, cmd)
	running, ended := context.WithCancel(ctx)
	defer ended()
	go e.steer(running, created.ID, id, cmd.Control, func(size client.ContainerResizeOptions) error {
		_, err := e.cli.ContainerResize(running, created.ID, size)
		return err
	})
	exit, err := e.wait(ctx, created.ID)
	if err != nil {
		return -1, err
	}
	select {
	case err = <-copied:
	case <-ctx.Done():
		err = ctx.Err()
	}
	return exit.Code, err
}

// execInService runs a command in a service's container. The helper around it ends everything that it started.
func (e *environment) execInService(ctx context.Context, svc *service, cmd envd.Exec) (int, error) {
	id := rand.Text()
	var env []string
	for k, v := range cmd.Env {
		env = append(env, k+"="+v)
	}
	slices.Sort(env)
	created, err := e.cli.ExecCreate(ctx, svc.container, client.ExecCreateOptions{
		Cmd: helper(cmd, id, cmd.Command[0]), Env: env, WorkingDir: cmd.WorkDir, User: cmd.User,
		AttachStdin: cmd.Stdin != nil, AttachStdout: true, AttachStderr: true, TTY: cmd.Terminal != nil,
	})
	if conflict(err) {
		return -1, fmt.Errorf("service %s: %w: nothing can be run in it", cmd.Service, envd.ErrExited)
	}
	if err != nil {
		return -1, err
	}
	attached, err := e.cli.ExecAttach(context.WithoutCancel(ctx), created.ID, client.ExecAttachOptions{TTY: cmd.Terminal != nil})
	if err != nil {
		return -1, err
	}
	defer attached.Close()
	copied := carry(attached.HijackedResponse, cmd)
	running, ended := context.WithCancel(ctx)
	defer ended()
	go e.steer(running, svc.container, id, cmd.Control, func(size client.ContainerResizeOptions) error {
		_, err := e.cli.ExecResize(running, created.ID, client.ExecResizeOptions(size))
		return err
	})
	select {
	case err = <-copied:
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		return -1, errors.Join(err, e.endExec(context.WithoutCancel(ctx), svc, id, created.ID))
	}
	return e.execExit(ctx, created.ID)
}

// execExit waits for the exit of a command whose output has ended.
func (e *environment) execExit(ctx context.Context, exec string) (int, error) {
	for pause := time.Millisecond; ; pause = min(2*pause, 100*time.Millisecond) {
		state, err := e.cli.ExecInspect(ctx, exec, client.ExecInspectOptions{})
		if err != nil {
			return -1, err
		}
		if !state.Running {
			return state.ExitCode, nil
		}
		select {
		case <-ctx.Done():
			return -1, ctx.Err()
		case <-time.After(pause):
		}
	}
}

// carry copies a command's streams until its output has ended.
func carry(attached client.HijackedResponse, cmd envd.Exec) <-chan error {
	if cmd.Stdin != nil {
		// Not waited for: a reader that blocks for ever, such as a terminal, must not delay the end of the command.
		go func() {
			_, _ = io.Copy(attached.Conn, cmd.Stdin) // the command may end before it has read all
			_ = attached.CloseWrite()
		}()
	}
	copied := make(chan error, 1)
	go func() {
		out, errs := &output{to: cmd.Stdout}, &output{to: cmd.Stderr, cpu: cmd.CPU}
		var err error
		if cmd.Terminal != nil { // a terminal has one stream, which the engine does not frame
			_, err = io.Copy(out, attached.Reader)
		} else {
			_, err = stdcopy.StdCopy(out, errs, attached.Reader)
		}
		copied <- errors.Join(err, out.end(), errs.end())
	}()
	return copied
}

// output keeps accepting data after its writer has failed, so that the command does not block. If the command's CPU time
// was asked for, it holds back the end of stderr, which is the helper's trailer.
type output struct {
	to   io.Writer
	cpu  *time.Duration
	held []byte
	err  error
}

func (o *output) Write(p []byte) (int, error) {
	n := len(p)
	if o.cpu != nil {
		o.held = append(o.held, p...)
		ready := max(0, len(o.held)-trailerLength)
		p, o.held = o.held[:ready:ready], o.held[ready:]
	}
	o.pass(p)
	return n, nil
}

func (o *output) pass(p []byte) {
	if o.to != nil && o.err == nil && len(p) > 0 {
		_, o.err = o.to.Write(p)
	}
}

func (o *output) end() error {
	if d, ok := readTrailer(o.held); ok {
		*o.cpu = d
	} else {
		o.pass(o.held)
	}
	return o.err
}
