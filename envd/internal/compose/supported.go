package compose

import (
	"cmp"
	"runtime"
)

// inside is the reason for refusing whatever would let a container out of its environment.
const inside = "containers of an environment stay inside it"

// windows is the reason for refusing what only containers of Windows have.
const windows = "only containers of Windows have it, and envd runs those of Linux"

// machine is a pattern of the names of this machine's architecture.
var machine = map[string]string{"amd64": "(amd64|x86_64)", "arm64": "(arm64|aarch64)"}[runtime.GOARCH]

var platform = formed("images run as this machine's architecture: linux/"+runtime.GOARCH, `^linux(/`+cmp.Or(machine, runtime.GOARCH)+`(/v[0-9]+)?)?$`)

// oneNetwork is why what networks say of themselves has no effect.
const oneNetwork = "all services share the environment's one network, in which it chooses the addresses"

var top = of("name", "include").with(map[string]*shape{
	"services": named(service),
	"networks": named(idle(oneNetwork, "name", "internal", "attachable", "labels", "external", "ipam", "enable_ipv4", "enable_ipv6", "driver_opts").with(map[string]*shape{
		"driver": only("an environment has one network, a bridge", "bridge", "overlay", "default"),
	})),
	"volumes": named(of("external").and("labels", idleKey("envd finds what it made by its own labels")).and("name", idleKey("the environment's volumes are named by it; that of an external one counts")).
		and("driver", only("volumes are local: they live and die with the environment", "local"))),
	"secrets": named(of("file", "environment").and("name", idleKey("only a swarm shares them by name")).and("labels", idleKey("secrets are files of the environment")).
		and("external", only("write file: ./path, or environment: NAME", "false"))),
	"configs": named(of("file", "environment").and("name", idleKey("only a swarm shares them by name")).and("labels", idleKey("configs are files of the environment")).
		and("content", variables).and("external", only("write file: ./path, or content: text", "false"))),
})

var included = of("path", "project_directory", "env_file")

var build = of("context", "dockerfile", "dockerfile_inline", "target", "labels", "tags", "platforms", "no_cache", "pull", "extra_hosts", "shm_size", "ulimits").with(map[string]*shape{
	"args":       variables,
	"network":    only("a build has the engine's network, the host's or none", "default", "bridge", "host", "none"),
	"cache_from": idleKey("the engine's own cache serves, which no other fills"),
	"cache_to":   idleKey("the engine's own cache serves, which no other fills"),
	"provenance": only(builder, "false"),
	"sbom":       only(builder, "false"),
	"privileged": only(builder, "false"),
	"isolation":  only(windows, "default"),
})

// builder is why builds are refused what the classic builder lacks.
const builder = "envd builds with the engine's classic builder, which cannot: build the image with docker build, and name it as image"

var deploy = of("replicas").with(map[string]*shape{
	"labels":          idleKey("they are a swarm's"),
	"placement":       idleKey("only a swarm heeds it"),
	"update_config":   idleKey("only a swarm heeds it"),
	"rollback_config": idleKey("only a swarm heeds it"),
	"endpoint_mode":   idleKey("only a swarm heeds it"),
	"mode":            only("one container, or as many as replicas says", "replicated", "global"),
	"restart_policy": of("max_attempts").and("delay", idleKey("pauses are those of the engine")).and("window", idleKey("pauses are those of the engine")).
		and("condition", only("use none, on-failure or any", "none", "on-failure", "any")),
	"resources": of().and("limits", of("cpus", "memory", "pids")).and("reservations", idle(soft, "cpus", "memory")),
})

// soft is why soft bounds have no effect.
const soft = "only a machine that is short of it heeds a soft bound"

var mounts = of("source", "target", "read_only").with(map[string]*shape{
	"type":        only("use volume, bind or tmpfs", "volume", "bind", "tmpfs"),
	"consistency": idleKey("only Docker Desktop heeds it"),
	"bind":        of("propagation").and("create_host_path", idleKey("what is not there is a mistake")).and("selinux", idleKey("binds are not relabelled, and work without")),
	"volume":      of("nocopy"),
	"tmpfs":       of("size", "mode"),
})

var hook = of("command", "user", "working_dir").and("environment", variables).and("privileged", only(inside, "false"))

var service = of(
	"image", "command", "entrypoint", "working_dir", "user", "profiles",
	"ports", "expose", "links", "container_name", "hostname", "domainname", "extra_hosts", "dns_search", "dns_opt", "labels",
	"stop_signal", "stop_grace_period", "init", "read_only", "shm_size", "tmpfs", "cap_add", "cap_drop", "group_add", "sysctls",
	"ulimits", "pids_limit", "mem_limit", "memswap_limit", "mem_swappiness", "oom_score_adj", "cpus", "cpuset", "cpu_quota",
	"cpu_period", "scale", "stdin_open", "tty",
).with(map[string]*shape{
	"develop":         idleKey("envd does not watch files"),
	"attach":          idleKey("all output is recorded; envd logs shows it"),
	"logging":         idleKey("all output is recorded; envd logs shows it"),
	"annotations":     idleKey("they are for the runtimes of containers, and engines before API 1.43 pass none on"),
	"mem_reservation": idleKey(soft),
	"cpu_shares":      idleKey(soft),
	"environment":     variables,
	"env_file":        of("path", "required").and("format", only("leave it out, or use raw", "raw")),
	"build":           build,
	"depends_on": named(of("required").and("restart", idleKey("who depends on a service stays when that is started again")).
		and("condition", only("use service_started, service_healthy or service_completed_successfully", "service_started", "service_healthy", "service_completed_successfully"))),
	"extends":          of("service", "file"),
	"healthcheck":      of("test", "interval", "timeout", "retries", "start_period", "start_interval", "disable"),
	"networks":         named(of("aliases").and("use_service_name_alias", only("services answer to their names", "true")).and("priority", idleKey(oneNetwork)).and("gw_priority", idleKey(oneNetwork))),
	"network_mode":     formed(inside+", in its one network: use none, or service:NAME", `^(bridge|default|none|service:.+)$`),
	"platform":         platform,
	"restart":          formed("use no, always, unless-stopped, on-failure or on-failure:3", `^(no|false|always|unless-stopped|on-failure(:[0-9]+)?)$`),
	"pull_policy":      only("use always, missing, never or build", "always", "missing", "if_not_present", "never", "build"),
	"privileged":       only(inside, "false"),
	"oom_kill_disable": only("a service that outgrows its memory has to end, where everybody sees it", "false"),
	"use_api_socket":   only(inside, "false"),
	"ipc":              only(inside+": use private, shareable or none", "private", "shareable", "none"),
	"cgroup":           only(inside, "private"),
	"isolation":        only(windows, "default"),
	"runtime":          only("containers are run by the engine's runc", "runc"),
	"security_opt":     formed(inside+": only no-new-privileges is supported", `^no-new-privileges([:=](true|false))?$`),
	"volumes":          mounts,
	"post_start":       hook,
	"pre_stop":         hook,
	"secrets":          of("source", "target", "uid", "gid", "mode"),
	"configs":          of("source", "target", "uid", "gid", "mode"),
	"deploy":           deploy,
})
