package docker

import (
	"fmt"
	"maps"
	"net/netip"
	"os"
	"slices"
	"strings"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"

	"github.com/envd-dev/envd/envd"
)

// endpoint connects a container with the environment's network, where it answers to names.
func (e *environment) endpoint(address netip.Addr, names []string) *network.NetworkingConfig {
	settings := &network.EndpointSettings{NetworkID: e.network, Aliases: names}
	if address.IsValid() {
		settings.IPAMConfig = &network.EndpointIPAMConfig{IPv4Address: address}
	}
	return &network.NetworkingConfig{EndpointsConfig: map[string]*network.EndpointSettings{networkName(e.id): settings}}
}

// containerSpec returns what all containers of an environment have in common. Their resolver asks the gateway for names
// that the engine does not know; the gateway refuses and records them.
func (e *environment) containerSpec(name string, s surroundings, vars map[string]string) client.ContainerCreateOptions {
	env := envd.Environ(e.id, name, "0.0.0.0", vars)
	host := &container.HostConfig{
		NetworkMode: container.NetworkMode(networkName(e.id)),
		DNS:         []netip.Addr{e.gateway},
		ExtraHosts:  e.hostsOf(name),
		GroupAdd:    s.groups,
		Mounts:      s.mounts,
		CapDrop:     []string{"NET_RAW"}, // see createNetwork
		LogConfig:   container.LogConfig{Type: "json-file", Config: map[string]string{"max-size": "16m", "max-file": "2"}},
	}
	if s.init {
		host.Init = &s.init
	}
	if len(s.mounts) > 0 { // folders of this machine carry its SELinux labels, which would keep the container out
		host.SecurityOpt = []string{"label=disable"}
	}
	return client.ContainerCreateOptions{
		Name: e.containerName(name),
		Config: &container.Config{
			Image: s.image, Entrypoint: s.command, User: s.user, WorkingDir: s.workDir, Env: env, Hostname: hostname(name),
			Labels:      e.rt.labels(e.id, labelService, name),
			Healthcheck: &container.HealthConfig{Test: []string{"NONE"}}, // the runner probes, and only until the service is ready
		},
		HostConfig: host,
	}
}

// hostname turns a service's name into a valid hostname (RFC 1123).
func hostname(name string) string { return strings.ReplaceAll(name, "_", "-") }

// adapt adds the mounts and settings of a service to its container.
func (e *environment) adapt(spec *client.ContainerCreateOptions, svc *envd.Service) error {
	if len(svc.Command) == 0 && len(svc.Args) > 0 {
		spec.Config.Cmd = svc.Args
	}
	for _, m := range svc.Mounts {
		mounted, err := e.mount(m)
		if err != nil {
			return fmt.Errorf("service %s: %w", svc.Name, err)
		}
		spec.HostConfig.Mounts = append(spec.HostConfig.Mounts, mounted)
		if m.Type == envd.MountBind {
			spec.HostConfig.SecurityOpt = append(spec.HostConfig.SecurityOpt, "label=disable") // see containerSpec
		}
	}
	if c := svc.Container; c != nil {
		configure(spec, c)
		e.place(spec, c)
	}
	return nil
}

func configure(spec *client.ContainerCreateOptions, c *envd.Container) {
	host := spec.HostConfig
	host.CapAdd = append(host.CapAdd, c.CapAdd...)
	host.CapDrop = append(host.CapDrop, c.CapDrop...)
	host.GroupAdd = append(host.GroupAdd, c.GroupAdd...)
	host.ExtraHosts = append(host.ExtraHosts, c.Hosts...)
	host.ReadonlyRootfs, host.ShmSize, host.Sysctls = c.ReadOnly, c.ShmBytes, c.Sysctls
	if c.PidsLimit != 0 {
		host.PidsLimit = &c.PidsLimit
	}
	if c.Init != nil {
		host.Init = c.Init
	}
	host.Ulimits = ulimits(c.Ulimits)
	host.DNSSearch, host.DNSOptions = c.DNSSearch, c.DNSOptions
	host.CpusetCpus, host.MemorySwappiness, host.OomScoreAdj = c.CPUSet, c.Swappiness, c.OOMScoreAdj
	host.IpcMode = container.IpcMode(c.IPC)
	if c.PrivateCgroup {
		host.CgroupnsMode = container.CgroupnsModePrivate
	}
	if c.Hostname != "" {
		spec.Config.Hostname = c.Hostname
	}
	spec.Config.Domainname = c.Domain
	spec.Config.OpenStdin, spec.Config.Tty = c.Stdin, c.TTY
	if c.NoNewPrivileges {
		host.SecurityOpt = append(host.SecurityOpt, "no-new-privileges")
	}
	for name, value := range c.Labels {
		if !strings.HasPrefix(name, labelPrefix) { // envd finds and removes objects by its own labels
			spec.Config.Labels[name] = value
		}
	}
}

// ulimits translates bounds for the engine.
func ulimits(given map[string]envd.Ulimit) (out []*container.Ulimit) {
	for _, name := range slices.Sorted(maps.Keys(given)) {
		out = append(out, &container.Ulimit{Name: name, Soft: given[name].Soft, Hard: given[name].Hard})
	}
	return out
}

// mount translates a mount for the engine. The engine creates a missing volume with the labels by which it is removed
// together with its environment.
func (e *environment) mount(m envd.Mount) (mount.Mount, error) {
	out := mount.Mount{Type: mount.Type(m.Type), Source: m.Source, Target: m.Target, ReadOnly: m.ReadOnly}
	switch m.Type {
	case envd.MountVolume:
		out.VolumeOptions = &mount.VolumeOptions{NoCopy: m.NoCopy, Labels: e.rt.labels(e.id)}
		switch {
		case m.External != "": // it is there, and stays
			out.VolumeOptions.Labels = nil
		case m.Source != "":
			out.Source = networkName(e.id) + "-" + m.Source
		}
	case envd.MountBind:
		if _, err := os.Stat(m.Source); err != nil {
			return out, fmt.Errorf("mount at %s: %w", m.Target, err)
		}
	case envd.MountTmpfs:
		out.TmpfsOptions = &mount.TmpfsOptions{SizeBytes: m.SizeBytes, Mode: os.FileMode(m.Mode)}
	default:
		return out, fmt.Errorf("mount at %s: %q is no type of mount", m.Target, m.Type)
	}
	return out, nil
}

// stopSignal returns the signal with which an image wants its containers stopped, or "".
func stopSignal(c container.InspectResponse) string {
	if c.Config == nil {
		return ""
	}
	return strings.TrimPrefix(c.Config.StopSignal, "SIG")
}

// isHostsOwn reports whether a variable only describes this machine, so that a container of an image must not get it.
func isHostsOwn(op envd.Operation, name string) bool {
	_, declared := op.Service.Env[name]
	return !declared && !slices.Contains(op.FromFiles, name) && slices.Contains(hostsOwn, name)
}
