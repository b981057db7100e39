package process

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/runtime/process/internal/control"
)

// Addresses inside an environment.
const (
	serviceAddress = "127.0.0.1"
	gatewayAddress = "127.0.1.1"
	nameServer     = "127.0.0.1:53" // what /etc/resolv.conf says; the gateway answers there
	egressNetwork  = "127.0.2."     // one address for each declared destination's host
)

func (r *Runtime) create(ctx context.Context, id string, env *envd.Environment) error {
	if err := envd.CheckID(id); err != nil {
		return err
	}
	if info, err := os.Stat(r.opts.LogDir); err != nil || !info.IsDir() {
		return fmt.Errorf("log directory %q: not a directory", r.opts.LogDir)
	}
	f, err := r.footing(ctx)
	if err != nil {
		return err
	}
	visible, furnish, err := spaceOf(env, r.opts.Visible)
	if err != nil {
		return err
	}
	e, err := r.takeBare(ctx, id, visible)
	if e == nil && err == nil {
		e, err = r.launchReserved(ctx, id, f.plain, visible)
	}
	if err != nil {
		return err
	}
	if env != nil && !f.plain {
		furnish.Redirects = redirects(env)
		e.redirects = furnish.Redirects
	}
	if _, _, err := e.client.Call(ctx, control.Request{Furnish: &furnish}); err != nil {
		err = fmt.Errorf("set up %s: %w", id, e.explain(err))
		_, gone := r.Destroy(context.WithoutCancel(ctx), id)
		return errors.Join(err, gone)
	}
	return nil
}

// takeBare returns the bare environment that footing left to be taken over, if there is one and it fits. One that does not
// fit is ended.
func (r *Runtime) takeBare(ctx context.Context, id string, visible []string) (*environment, error) {
	r.mu.Lock()
	e := r.envs[id]
	if e == nil || !e.bare {
		r.mu.Unlock()
		return nil, nil
	}
	if !e.over() && e.shows(visible) {
		e.bare = false
		r.mu.Unlock()
		return e, nil
	}
	r.mu.Unlock()
	_, err := r.Destroy(ctx, id)
	return nil, err
}

// launchReserved reserves the runtime before the environment exists, so that two creations cannot share its log directory.
func (r *Runtime) launchReserved(ctx context.Context, id string, plain bool, visible []string) (*environment, error) {
	if inits, err := findInits(id); err != nil {
		return nil, err
	} else if len(inits) > 0 {
		return nil, fmt.Errorf("environment %s %w", id, envd.ErrExists)
	}
	exe, err := r.exe()
	if err != nil {
		return nil, err
	}
	if err := r.reserve(id); err != nil {
		return nil, err
	}
	e, err := launch(ctx, exe, id, r.opts, plain, visible)
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		delete(r.envs, id)
		return nil, err
	}
	r.envs[id] = e
	return e, nil
}

// reserve takes the runtime for one environment.
func (r *Runtime) reserve(id string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for other, e := range r.envs {
		if e == nil || !e.over() {
			return fmt.Errorf("environment %s: this runtime's log directory is %s's", id, other)
		}
		delete(r.envs, other)
	}
	r.envs[id] = nil
	return nil
}

// initAttributes are how PID 1 is cloned. It gets every capability over its own namespaces; as exec(2) would take
// them from an ordinary user, those it needs are ambient, and it takes them from what it starts.
func initAttributes(plain bool) (*syscall.SysProcAttr, error) {
	attr := &syscall.SysProcAttr{Setsid: true}
	if plain { // without a PID namespace it must not die at once: the lifeline tells it to kill the rest first
		return attr, nil
	}
	attr.Pdeathsig = unix.SIGKILL
	attr.Cloneflags = namespaces
	attr.AmbientCaps = []uintptr{
		unix.CAP_SYS_ADMIN, unix.CAP_NET_ADMIN, unix.CAP_NET_RAW, unix.CAP_NET_BIND_SERVICE, unix.CAP_SYS_CHROOT,
		unix.CAP_SYS_RESOURCE, unix.CAP_KILL, unix.CAP_SETPCAP, unix.CAP_DAC_OVERRIDE, unix.CAP_CHOWN, unix.CAP_FOWNER,
	}
	if os.Geteuid() != 0 {
		attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: os.Geteuid(), HostID: os.Geteuid(), Size: 1}}
		attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getegid(), HostID: os.Getegid(), Size: 1}}
		return attr, nil
	}
	// As root, all users are mapped, so that a service can run as any of them.
	attr.AmbientCaps = append(attr.AmbientCaps, unix.CAP_SETUID, unix.CAP_SETGID)
	attr.GidMappingsEnableSetgroups = true
	var errUID, errGID error
	attr.UidMappings, errUID = identityMap("/proc/self/uid_map")
	attr.GidMappings, errGID = identityMap("/proc/self/gid_map")
	return attr, errors.Join(errUID, errGID)
}

// identityMap maps every ID that this process's own namespace has to itself (user_namespaces(7)).
func identityMap(path string) (ids []syscall.SysProcIDMap, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var inside, outside, size int
		if _, err := fmt.Sscan(lines.Text(), &inside, &outside, &size); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		ids = append(ids, syscall.SysProcIDMap{ContainerID: inside, HostID: inside, Size: size})
	}
	return ids, lines.Err()
}
