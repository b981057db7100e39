package process

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
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

// validID keeps an environment's ID one word of a command line and a hostname.
var validID = regexp.MustCompile(`^[a-zA-Z0-9]([a-zA-Z0-9._-]{0,61}[a-zA-Z0-9])?$`)

func (r *Runtime) create(ctx context.Context, id string, env *envd.Environment) error {
	if !validID.MatchString(id) {
		return fmt.Errorf("environment ID %q: letters, digits, dots and dashes, 63 at most", id)
	}
	if info, err := os.Stat(r.opts.LogDir); err != nil || !info.IsDir() {
		return fmt.Errorf("log directory %q: not a directory", r.opts.LogDir)
	}
	if inits, err := findInits(id); err != nil {
		return err
	} else if len(inits) > 0 {
		return fmt.Errorf("environment %s exists already", id)
	}
	f, err := r.footing(ctx)
	if err != nil {
		return err
	}
	exe, err := r.exe()
	if err != nil {
		return err
	}
	setup, err := setupOf(id, env, r.opts.Visible)
	if err != nil {
		return err
	}
	// Reserved before it exists, so that two creations cannot share the log directory.
	if err := r.reserve(id); err != nil {
		return err
	}
	e, err := launch(ctx, exe, id, r.opts, f.plain, setup)
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		delete(r.envs, id)
		return err
	}
	r.envs[id] = e
	return nil
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

// setupOf says which names resolve to what inside.
func setupOf(id string, env *envd.Environment, visible []string) (control.Setup, error) {
	setup := control.Setup{Hostname: id}
	if env == nil {
		setup.Visible = outermost(visible)
		return setup, nil
	}
	for _, svc := range env.Services {
		names := append([]string{svc.Name}, svc.Hostnames...)
		setup.Hosts = append(setup.Hosts, control.HostAddress{Address: serviceAddress, Names: names})
		visible = append(visible, svc.WorkDir)
		if len(svc.Command) > 0 {
			visible = append(visible, svc.Command[0])
		}
	}
	for _, stub := range env.Stubs {
		setup.Hosts = append(setup.Hosts, control.HostAddress{Address: gatewayAddress, Names: append([]string{stub.Host}, stub.Aliases...)})
	}
	setup.Visible = outermost(visible)
	addresses := map[string]string{}
	for _, destination := range env.Egress {
		host, port, err := net.SplitHostPort(destination)
		if err != nil {
			return setup, fmt.Errorf("egress %s: %w", destination, err)
		}
		address := addresses[host]
		switch {
		case address != "":
		case net.ParseIP(host) != nil:
			address = host
		case len(addresses) >= 254:
			return setup, errors.New("egress: more than 254 hosts")
		default:
			address = egressNetwork + strconv.Itoa(len(addresses)+1)
			setup.Hosts = append(setup.Hosts, control.HostAddress{Address: address, Names: []string{host}})
		}
		addresses[host] = address
		setup.Egress = append(setup.Egress, control.Egress{Address: net.JoinHostPort(address, port), Destination: destination})
	}
	return setup, nil
}

// outermost returns the absolute paths, symlinks resolved, without those that lie below another.
func outermost(paths []string) []string {
	var absolute []string
	for _, p := range paths {
		if !filepath.IsAbs(p) {
			continue
		}
		absolute = append(absolute, filepath.Clean(p))
		if resolved, err := filepath.EvalSymlinks(p); err == nil {
			absolute = append(absolute, resolved)
		}
	}
	sort.Strings(absolute)
	var out []string
	for _, p := range absolute {
		covered := slices.ContainsFunc(out, func(above string) bool { return p == above || strings.HasPrefix(p, above+"/") })
		if !covered {
			out = append(out, p)
		}
	}
	return out
}

// initAttributes are how PID 1 is cloned. It gets every capability over its own namespaces; as exec(2) would take
// them from an ordinary user, those it needs are ambient, and it takes them from what it starts.
func initAttributes(plain bool) (*syscall.SysProcAttr, error) {
	attr := &syscall.SysProcAttr{Setsid: true}
	if plain { // its lifeline tells it, and then it has to kill the rest before it ends
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
	// Root keeps every user that it has, so that a service can run as any of them.
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
