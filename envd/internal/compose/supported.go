package compose

import (
	"cmp"
	"runtime"
)

// inside is the reason for refusing whatever would let a container out of its environment.
const inside = "containers of an environment stay inside it"

// elsewhere says what to write instead of something external.
const elsewhere = "nothing outside the environment is used: remove it, or have a later file say external: !reset null, so that the environment has its own"

// machine is a pattern of the names of this machine's architecture.
var machine = map[string]string{"amd64": "(amd64|x86_64)", "arm64": "(arm64|aarch64)"}[runtime.GOARCH]

var platform = formed("images run as this machine's architecture: linux/"+runtime.GOARCH, `^linux(/`+cmp.Or(machine, runtime.GOARCH)+`(/v[0-9]+)?)?$`)

var top = of("name", "include").with(map[string]*shape{
	"services": named(service),
	// All services share one network, whatever networks the files define, and the environment chooses the addresses in it.
	"networks": named(of("name", "internal", "attachable", "labels", "external", "ipam", "enable_ipv4", "enable_ipv6", "driver_opts").with(map[string]*shape{
		"driver": only("an environment has one network, a bridge", "bridge", "overlay", "default"),
	})),
	"volumes": named(of("name", "labels").with(map[string]*shape{
		"driver":   only("volumes are local: they live and die with the environment", "local"),
		"external": only(elsewhere, "false"),
	})),
	"secrets": named(of("name", "file", "environment", "labels").with(map[string]*shape{"external": only("write file: ./path, or environment: NAME", "false")})),
	"configs": named(of("name", "file", "environment", "labels").with(map[string]*shape{
		"content": variables, "external": only("write file: ./path, or content: text", "false"),
	})),
})

var included = of("path", "project_directory", "env_file")

var service = of(
	"image", "pull_policy", "command", "entrypoint", "working_dir", "user", "env_file", "profiles", "healthcheck",
	"ports", "expose", "links", "container_name", "hostname", "extra_hosts", "labels", "stop_signal", "stop_grace_period",
	"init", "read_only", "shm_size", "tmpfs", "cap_add", "cap_drop", "group_add", "sysctls", "ulimits", "pids_limit",
	"mem_limit", "cpus", "scale", "stdin_open", "tty",
	"domainname", "memswap_limit",
	"develop", "attach", "logging", "annotations", "mem_reservation", "cpu_shares", // have no effect here, or only on a busy machine
).with(map[string]*shape{
	"environment": variables,
	"build":       of("context", "dockerfile", "target", "cache_from", "cache_to", "labels", "platforms").with(map[string]*shape{"args": variables}),
	"depends_on": named(of("required", "restart").with(map[string]*shape{
		"condition": only("use service_started, service_healthy or service_completed_successfully", "service_started", "service_healthy", "service_completed_successfully"),
	})),
	"extends":      of("service", "file"),
	"healthcheck":  of("test", "interval", "timeout", "retries", "start_period", "start_interval", "disable"),
	"networks":     named(of("aliases", "priority", "gw_priority")),
	"network_mode": only("an environment has one network, which all its services share: find others by their names", "bridge", "default"),
	"platform":     platform,
	"restart":      formed("use no, always, unless-stopped, on-failure or on-failure:3", `^(no|false|always|unless-stopped|on-failure(:[0-9]+)?)$`),
	"privileged":   only(inside, "false"),
	"security_opt": formed(inside+": only no-new-privileges is supported", `^no-new-privileges([:=](true|false))?$`),
	"volumes": of("type", "source", "target", "read_only", "consistency").with(map[string]*shape{
		"type":   only("use volume, bind or tmpfs", "volume", "bind", "tmpfs"),
		"bind":   of("create_host_path", "selinux", "propagation"),
		"volume": of("nocopy"),
		"tmpfs":  of("size", "mode"),
	}),
	"secrets": of("source", "target", "uid", "gid", "mode"),
	"configs": of("source", "target", "uid", "gid", "mode"),
	"deploy": of(
		"labels", "replicas",
		"placement", "update_config", "rollback_config", "endpoint_mode", // for swarms only
	).with(map[string]*shape{
		"mode":           only("one container, or as many as replicas says", "replicated", "global"),
		"restart_policy": of("delay", "max_attempts", "window").with(map[string]*shape{"condition": only("use none, on-failure or any", "none", "on-failure", "any")}),
		"resources":      of().with(map[string]*shape{"limits": of("cpus", "memory", "pids"), "reservations": of("cpus", "memory")}),
	}),
})

// reasons says, for keys that are not supported, what to do about them.
var reasons = map[string]string{
	"devices":        inside,
	"gpus":           inside,
	"pid":            inside,
	"ipc":            inside,
	"uts":            inside,
	"userns_mode":    inside,
	"cgroup":         inside,
	"cgroup_parent":  inside,
	"use_api_socket": inside,
	"dns":            "the environment has its own name server",
	"dns_search":     "the environment has its own name server",
	"dns_opt":        "the environment has its own name server",
	"ipv4_address":   "addresses are the environment's: use names",
	"ipv6_address":   "addresses are the environment's: use names",
	"mac_address":    "addresses are the environment's: use names",
	"volumes_from":   "name the volumes in both services",
	"external_links": elsewhere,
	"label_file":     "write the labels out",
	"post_start":     "write a service that does it, which others wait for with service_completed_successfully",
	"pre_stop":       "write it into the service: it is asked to end with stop_signal",
	"driver_opts":    "mount the folder itself: volumes: [./folder:/path], or leave the options out",
	"provider":       "write the service as a container, or as a stub",
	"models":         "write the model's server as a service, or as a stub",
}
