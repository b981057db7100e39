package compose

// shape is what is supported at one place of a compose file. Of lists each item has it; short forms (a text where a
// mapping could stand) pass.
type shape struct {
	keys   map[string]*shape
	any    *shape   // of keys besides those
	values bool     // variables, whose values stay references
	only   []string // the only values of a scalar
	help   string   // where it is none of those
}

// open tells that anything may stand there.
func (s *shape) open() bool { return s.keys == nil && s.any == nil }

var (
	anything  = &shape{}
	variables = &shape{values: true}
)

func object(keys map[string]*shape) *shape { return &shape{keys: keys} }
func named(each *shape) *shape             { return &shape{any: each} }

func only(help string, values ...string) *shape { return &shape{only: values, help: help} }

// of is an object whose keys may hold anything.
func of(keys ...string) *shape {
	s := object(map[string]*shape{})
	for _, k := range keys {
		s.keys[k] = anything
	}
	return s
}

// with adds keys to a shape.
func (s *shape) with(keys map[string]*shape) *shape {
	for k, v := range keys {
		s.keys[k] = v
	}
	return s
}

var top = of("name").with(map[string]*shape{
	"services": named(service),
	"networks": named(of("name", "internal", "attachable", "labels").with(map[string]*shape{
		"driver": only("an environment has one network, a bridge", "bridge", "default"),
	})),
	"volumes": named(of("name", "labels").with(map[string]*shape{
		"driver": only("volumes are local: they live and die with the environment", "local"),
	})),
	"secrets": named(of("name", "file", "environment", "labels")),
	"configs": named(of("name", "file", "environment", "labels").with(map[string]*shape{"content": variables})),
})

var service = of(
	"image", "pull_policy", "command", "entrypoint", "working_dir", "user", "env_file", "profiles", "healthcheck",
	"ports", "expose", "links", "container_name", "hostname", "extra_hosts", "labels", "stop_signal", "stop_grace_period",
	"init", "read_only", "shm_size", "tmpfs", "cap_add", "cap_drop", "group_add", "sysctls", "ulimits", "pids_limit",
	"mem_limit", "cpus", "scale", "stdin_open", "develop", "attach", "extends",
).with(map[string]*shape{
	"environment": variables,
	"build":       of("context", "dockerfile", "target").with(map[string]*shape{"args": variables}),
	"depends_on": named(of("required", "restart").with(map[string]*shape{
		"condition": only("use service_started, service_healthy or service_completed_successfully", "service_started", "service_healthy", "service_completed_successfully"),
	})),
	"extends":      of("service"),
	"healthcheck":  of("test", "interval", "timeout", "retries", "start_period", "start_interval", "disable"),
	"networks":     named(of("aliases", "priority")),
	"network_mode": only("an environment has one network, which all its services share", "bridge", "default"),
	"restart":      only("a service that ends is an observation, and is not started again: remove it, or write restart: \"no\"", "no", "false"),
	"privileged":   only("containers of an environment stay inside it", "false"),
	"tty":          only("output is recorded line by line", "false"),
	"volumes": of("type", "source", "target", "read_only", "consistency").with(map[string]*shape{
		"type":   only("use volume, bind or tmpfs", "volume", "bind", "tmpfs"),
		"bind":   of("create_host_path", "selinux"),
		"volume": of("nocopy"),
		"tmpfs":  of("size", "mode"),
	}),
	"secrets": of("source", "target", "mode"),
	"configs": of("source", "target", "mode"),
	"deploy": of("labels", "replicas").with(map[string]*shape{
		"mode":      only("one container, or as many as replicas says", "replicated"),
		"resources": of().with(map[string]*shape{"limits": of("cpus", "memory", "pids"), "reservations": of("cpus", "memory")}),
	}),
})

// reasons say what to do about what is not supported.
var reasons = map[string]string{
	"include":        "name the files one by one instead: -f one.yaml -f other.yaml",
	"external":       "nothing outside the environment is used: remove it, so that the environment has its own",
	"logging":        "remove it: envd records the output of every service",
	"devices":        "containers of an environment stay inside it",
	"security_opt":   "containers of an environment stay inside it",
	"pid":            "containers of an environment stay inside it",
	"ipc":            "containers of an environment stay inside it",
	"userns_mode":    "containers of an environment stay inside it",
	"cgroup_parent":  "containers of an environment stay inside it",
	"use_api_socket": "containers of an environment stay inside it",
	"dns":            "the environment has its own name server",
	"ipv4_address":   "addresses are the environment's: use names",
	"ipv6_address":   "addresses are the environment's: use names",
	"platform":       "images run as this machine's architecture",
	"file":           "put the service that is extended into the same file",
	"uid":            "files belong to the user who runs envd; give others access with mode",
	"gid":            "files belong to the user who runs envd; give others access with mode",
	"restart_policy": "a service that ends is an observation, and is not started again: remove it",
	"volumes_from":   "name the volumes in both services",
	"label_file":     "write the labels out",
}
