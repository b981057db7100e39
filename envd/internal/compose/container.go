package compose

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/spec"
)

// forbidden lists the capabilities that would let a container choose its own way out of the environment's network.
var forbidden = []string{"ALL", "NET_ADMIN", "NET_RAW", "SYS_ADMIN", "SYS_MODULE", "SYS_PTRACE"}

// container returns the settings that only containers have; nil if the service has none.
func (r *reader) container(s types.ServiceConfig) *envd.Container {
	c := &envd.Container{
		CapAdd: s.CapAdd, CapDrop: s.CapDrop, GroupAdd: s.GroupAdd, Hostname: s.Hostname, Domain: s.DomainName, Init: s.Init,
		Labels: s.Labels, PidsLimit: s.PidsLimit, ReadOnly: s.ReadOnly, ShmBytes: int64(s.ShmSize), Stdin: s.StdinOpen,
		Sysctls: s.Sysctls, TTY: s.Tty, Hosts: hostLines(s.ExtraHosts), Ulimits: ulimits(s.Ulimits),
		CPUSet: s.CPUSet, DNSOptions: s.DNSOpts, DNSSearch: s.DNSSearch, IPC: s.Ipc, PrivateCgroup: s.Cgroup == "private", OOMScoreAdj: int(s.OomScoreAdj),
		NoNewPrivileges: slices.ContainsFunc(s.SecurityOpt, func(o string) bool {
			return strings.HasPrefix(o, "no-new-privileges") && !strings.HasSuffix(o, "false")
		}),
	}
	for _, name := range s.CapAdd {
		if slices.Contains(forbidden, strings.TrimPrefix(strings.ToUpper(name), "CAP_")) {
			r.report(spec.RuleUnsupported, fmt.Sprintf("service %s: the capability %s is not supported by envd", s.Name, name), "containers of an environment stay inside it", "services", s.Name, "cap_add", name)
		}
	}
	if s.ReadOnly && len(s.Secrets)+len(s.Configs) > 0 {
		r.report(spec.RuleUnsupported, fmt.Sprintf("service %s: secrets and configs cannot be placed in a read-only root", s.Name), "remove read_only here, or mount the files: volumes: [./file:/path:ro]", "services", s.Name, "read_only")
	}
	if s.Deploy != nil && s.Deploy.Resources.Limits != nil && s.Deploy.Resources.Limits.Pids != 0 {
		c.PidsLimit = s.Deploy.Resources.Limits.Pids
	}
	r.network(s, c)
	if s.MemSwappiness != 0 {
		c.Swappiness = new(int64(s.MemSwappiness))
	}
	if reflect.DeepEqual(*c, envd.Container{}) {
		return nil
	}
	return c
}
