package docker

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/moby/moby/api/types/system"

	"github.com/envd-dev/envd/envd"
)

// A rootless engine runs as an ordinary user in a user and a network namespace of its own (rootlesskit). Three things are
// different there:
//
//   - Containers' addresses lie in that network. What connects to them from here does so with sockets made in there.
//   - Its users are others: root in a container is the user who runs the engine, and all others are none of this machine's.
//   - It may have no control groups, or not all: where it has none, it can neither bound, nor freeze, nor measure.

// traits are what is known of an engine that answered.
type traits struct {
	rootless bool
	inside   *sockets // makes sockets in its network; nil where that is this machine's
	bounds   bool     // it can bound CPU and memory
	pids     bool     // it can bound the number of processes
	cpusets  bool     // it can choose the processors of a container
	swapping bool     // it can tell how readily a container swaps, which cgroup v2 cannot
	groups   bool     // it has control groups: it can freeze containers, and measure what they use
}

func isRootless(info system.Info) bool {
	return slices.ContainsFunc(info.SecurityOptions, func(o string) bool { return strings.Contains(o, "name=rootless") })
}

func traitsOf(host, exe string, info system.Info) (traits, error) {
	t := traits{rootless: isRootless(info), bounds: info.MemoryLimit && info.CPUCfsQuota, pids: info.PidsLimit, groups: info.CgroupDriver != "none"}
	t.cpusets, t.swapping = info.CPUSet, t.groups && info.CgroupVersion != "2"
	var err error
	if t.rootless {
		t.inside, err = socketsOf(host, exe)
	}
	return t, err
}

// The parts of Capabilities that tell of a rootless engine.
const (
	rootlessGuarantee = "containers of a rootless engine, in a network of their own per environment: production ports and hostnames, no route out: what nobody declared is refused and recorded; " +
		"root in a container is this user; a leash removes everything when the runner dies, the next envd command when both were killed"
	withoutGroups = "the engine has no control groups, so that services cannot be bounded or frozen, and what they use is counted by their processes; " +
		"a rootless engine gets them from systemd on a machine that boots with cgroup v2"
	withoutBounds = "the engine was not given the control groups that bound CPU, memory and processes; a rootless one is by systemd: Delegate=cpu memory pids in user@.service"
)

// guarantees is what an engine holds, and what not.
func (t traits) guarantees() string {
	if t.rootless {
		return rootlessGuarantee
	}
	return guarantee
}

// lacks says why something of the capabilities is missing, and what would change that.
func (t traits) lacks() string {
	switch {
	case !t.groups:
		return withoutGroups
	case !t.bounds, !t.pids:
		return withoutBounds
	}
	return ""
}

// refuse says what of a service's settings the engine would leave out without an error, or fail at in words of its own.
func (t traits) refuse(svc *envd.Service) error {
	c := svc.Container
	switch {
	case svc.Resources != (envd.Resources{}) && !t.bounds:
		return fmt.Errorf("%w: service %s bounds its resources: %s", envd.ErrUnsupported, svc.Name, t.lacks())
	case c != nil && c.PidsLimit > 0 && !t.pids:
		return fmt.Errorf("%w: service %s bounds how many processes it has: %s", envd.ErrUnsupported, svc.Name, t.lacks())
	case c != nil && c.CPUSet != "" && !t.cpusets:
		return fmt.Errorf("%w: service %s has a cpuset: %s", envd.ErrUnsupported, svc.Name, cmp.Or(t.lacks(), withoutBounds))
	case c != nil && c.Swappiness != nil && !t.swapping:
		return fmt.Errorf("%w: service %s has mem_swappiness, which only engines with cgroup v1 have: leave it out", envd.ErrUnsupported, svc.Name)
	case c != nil && c.Domain != "" && t.rootless:
		return fmt.Errorf("%w: service %s has the domain name %s: the kernel lets no container of a rootless engine set one; give it a hostname with dots", envd.ErrUnsupported, svc.Name, c.Domain)
	}
	return nil
}

// user is the number in containers of a user or a group who is one of this machine's: this process's own is root.
func (t traits) user(id, own int) int {
	if t.rootless && id == own {
		return 0
	}
	return id
}

// owner is whose files are in containers that belong to this process here.
func (t traits) owner() envd.Owner {
	return envd.Owner{UID: t.user(os.Getuid(), os.Getuid()), GID: t.user(os.Getgid(), os.Getgid())}
}

// reach connects to a container's address.
func (t traits) reach(ctx context.Context, timeout time.Duration, to netip.AddrPort) (net.Conn, error) {
	dialer := net.Dialer{Timeout: timeout}
	if t.inside != nil {
		dialer.Control = t.inside.replace
	}
	return dialer.DialContext(ctx, "tcp4", to.String())
}
