package process

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/runtime/internal/procfs"
	"github.com/envd-dev/envd/envd/internal/runtime/process/internal/control"
)

// Observe returns what exists of an environment. Its owner asks PID 1; other processes of the same user read /proc.
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
		s := envd.ServiceState{Running: p.Exit == nil, Started: p.Started, Paused: p.Frozen}
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
	found, err := scan(envID)
	if err != nil || len(found) == 0 {
		return envd.State{}, err
	}
	inits := map[int]bool{}
	for _, m := range found {
		inits[m.pid] = m.init
	}
	state := envd.State{Exists: true, Services: map[string]envd.ServiceState{}}
	for _, m := range found {
		stat, err := procfs.Read(m.pid)
		if err != nil || stat.Session != m.pid || !inits[stat.Parent] {
			continue // not the first process of its service, or gone by now
		}
		switch {
		case m.service == envd.GatewayName:
			state.Gateway = true
		case m.service != "" && !strings.HasPrefix(m.service, execMark):
			state.Services[m.service] = envd.ServiceState{Running: true, PID: m.pid}
		}
	}
	return state, nil
}

// Destroy kills PID 1, and with it everything. It works on any environment of the same user, whoever created it.
func (r *Runtime) Destroy(ctx context.Context, envID string) ([]envd.Leftover, error) {
	r.mu.Lock()
	e := r.envs[envID]
	r.mu.Unlock()
	if e != nil {
		if err := e.end(ctx); err != nil {
			return nil, err
		}
		r.mu.Lock()
		delete(r.envs, envID)
		r.mu.Unlock()
	}
	// PID 1s first: their end takes the rest along. Marked processes that outlive it are of environments without namespaces.
	found, err := scan(envID)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	slices.SortFunc(found, func(a, b member) int { return cmp.Compare(b.rank(), a.rank()) })
	var errs []error
	for _, m := range found {
		errs = append(errs, kill(ctx, m.pid))
	}
	left, err := leftovers(envID)
	return left, errors.Join(append(errs, err)...)
}

// leftovers looks once more and returns what is still there, which should be nothing.
func leftovers(envID string) ([]envd.Leftover, error) {
	found, err := scan(envID)
	var left []envd.Leftover
	for _, m := range found {
		if argv, err := procfs.Cmdline(m.pid); err == nil { // otherwise it is gone by now
			left = append(left, envd.Leftover{Kind: "process", ID: strconv.Itoa(m.pid), Detail: strings.Join(argv, " ")})
		}
	}
	return left, err
}

// member is a process of an environment, as anyone can see it.
type member struct {
	pid     int
	init    bool   // its PID 1
	service string // the service that it was started as, or ""
}

func (m member) rank() int {
	if m.init {
		return 1
	}
	return 0
}

// findInits returns the processes of this user that are PID 1 of the environment.
func findInits(envID string) ([]member, error) {
	return find(func(pid int) (member, bool) { return member{pid: pid, init: true}, isInitOf(pid, envID) })
}

// scan returns every process of this user that belongs to the environment: its PID 1, and those with its mark.
func scan(envID string) ([]member, error) {
	return find(func(pid int) (member, bool) {
		if isInitOf(pid, envID) {
			return member{pid: pid, init: true}, true
		}
		vars, err := procfs.Environ(pid)
		if err != nil {
			return member{}, false // gone, or none of ours
		}
		marks := variables(vars)
		return member{pid: pid, service: marks[envd.ServiceVar]}, marks[envd.EnvironmentVar] == envID
	})
}

func isInitOf(pid int, envID string) bool {
	argv, err := procfs.Cmdline(pid)
	return err == nil && len(argv) > 3 && isInit(argv[1:]) && argv[3] == envID
}

// find returns the processes that match, this one left out. Root sees everyone's: services may run as any user.
// Zombies have neither arguments nor environment.
func find(match func(pid int) (member, bool)) ([]member, error) {
	pids, err := procfs.PIDs()
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	var found []member
	for _, pid := range pids {
		m, ok := match(pid)
		if !ok || pid == os.Getpid() {
			continue
		}
		var st unix.Stat_t
		if os.Getuid() != 0 && (unix.Stat("/proc/"+strconv.Itoa(pid), &st) != nil || int(st.Uid) != os.Getuid()) {
			continue
		}
		found = append(found, m)
	}
	return found, nil
}
