package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/runtime/process/internal/control"
	"github.com/envd-dev/envd/envd/internal/runtime/process/internal/procfs"
)

// Observe tells what exists. The owner asks PID 1; anyone else of the same user reads /proc.
func (r *Runtime) Observe(ctx context.Context, envID string) (envd.State, error) {
	if err := ctx.Err(); err != nil {
		return envd.State{}, err
	}
	r.mu.Lock()
	e := r.envs[envID]
	r.mu.Unlock()
	if e != nil && !e.over() {
		state, err := e.observe(ctx)
		if !errors.Is(err, control.ErrGone) {
			return state, err
		}
	}
	return observeForeign(envID)
}

func (e *environment) observe(ctx context.Context) (envd.State, error) {
	processes, err := e.processes(ctx)
	if err != nil {
		return envd.State{}, err
	}
	state := envd.State{Exists: true, Services: map[string]envd.ServiceState{}}
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, p := range processes {
		s := envd.ServiceState{Running: p.Exit == nil, Started: p.Started}
		if p.Exit != nil {
			s.ExitCode = &p.Exit.Code
		} else {
			s.PID = e.services[p.Name].pid
		}
		if p.Name == envd.GatewayName {
			state.Gateway = s.Running
			continue
		}
		state.Services[p.Name] = s
	}
	return state, nil
}

// observeForeign recognises PID 1 by its command line and its children by their environment.
func observeForeign(envID string) (envd.State, error) {
	inits, err := findInits(envID)
	if err != nil {
		return envd.State{}, err
	}
	marked, err := findMarked(envID)
	if err != nil || len(inits)+len(marked) == 0 {
		return envd.State{}, err
	}
	state := envd.State{Exists: true, Services: map[string]envd.ServiceState{}}
	for _, pid := range marked {
		stat, err := procfs.Read(pid)
		if err != nil || stat.Session != pid || !slices.Contains(inits, stat.Parent) {
			continue // not the first process of its service, or gone meanwhile
		}
		switch name := variable(pid, ServiceVar); {
		case name == envd.GatewayName:
			state.Gateway = true
		case name != "" && !strings.HasPrefix(name, "exec-"):
			state.Services[name] = envd.ServiceState{Running: true, PID: pid}
		}
	}
	return state, nil
}

// Destroy kills PID 1, and with it everything. It works on any environment of the same user, whoever created it.
func (r *Runtime) Destroy(ctx context.Context, envID string) ([]envd.Leftover, error) {
	r.mu.Lock()
	e := r.envs[envID]
	r.mu.Unlock()
	var errs []error
	if e != nil {
		if err := e.end(ctx); err != nil {
			errs = append(errs, err)
		} else {
			r.mu.Lock()
			delete(r.envs, envID)
			r.mu.Unlock()
		}
	}
	// Inits first: their ends take the rest along. What is marked and lives on is of an environment without namespaces.
	for _, find := range []func(string) ([]int, error){findInits, findMarked} {
		pids, err := find(envID)
		errs = append(errs, err)
		for _, pid := range pids {
			errs = append(errs, kill(ctx, pid))
		}
	}
	left, err := leftovers(envID)
	return left, errors.Join(append(errs, err)...)
}

// leftovers looks once more: what it returns should be nothing.
func leftovers(envID string) ([]envd.Leftover, error) {
	inits, err := findInits(envID)
	marked, errMarked := findMarked(envID)
	var left []envd.Leftover
	for _, pid := range append(inits, marked...) {
		argv, err := procfs.Cmdline(pid)
		if err != nil {
			continue // gone now
		}
		left = append(left, envd.Leftover{Kind: "process", ID: strconv.Itoa(pid), Detail: strings.Join(argv, " ")})
	}
	return left, errors.Join(err, errMarked)
}

// findInits returns the processes of this user that are PID 1 of the environment.
func findInits(envID string) ([]int, error) {
	return find(func(pid int) bool {
		argv, err := procfs.Cmdline(pid)
		return err == nil && len(argv) >= 4 && argv[1] == "init" && argv[2] == "--env" && argv[3] == envID
	})
}

// findMarked returns the processes of this user that carry the environment's mark.
func findMarked(envID string) ([]int, error) {
	return find(func(pid int) bool { return variable(pid, EnvironmentVar) == envID })
}

func variable(pid int, name string) string {
	vars, err := procfs.Environ(pid)
	if err != nil {
		return ""
	}
	for _, v := range vars {
		if value, ok := strings.CutPrefix(v, name+"="); ok {
			return value
		}
	}
	return ""
}

// find returns the live processes that match. Root sees everyone's: services may run as any user.
func find(match func(pid int) bool) ([]int, error) {
	all, err := procfs.All()
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	var found []int
	for _, s := range all {
		if s.Zombie() || s.PID == os.Getpid() {
			continue
		}
		var st unix.Stat_t
		if os.Getuid() != 0 && (unix.Stat("/proc/"+strconv.Itoa(s.PID), &st) != nil || int(st.Uid) != os.Getuid()) {
			continue
		}
		if match(s.PID) {
			found = append(found, s.PID)
		}
	}
	return found, nil
}
