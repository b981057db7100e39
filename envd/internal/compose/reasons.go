package compose

// ownAddresses is why addresses are refused.
const ownAddresses = "addresses are the environment's: use names"

// realtime is why shares of realtime scheduling are refused.
const realtime = "engines give realtime only to what may take the whole machine: use cpus"

// reasons says, for keys that are not supported, what to do about them: by the key, or by the key and that of the mapping
// around it.
var reasons = map[string]string{
	"devices":              inside,
	"device_cgroup_rules":  inside,
	"gpus":                 inside,
	"generic_resources":    inside,
	"pid":                  inside + ", and each has its own processes",
	"uts":                  inside,
	"userns_mode":          inside,
	"cgroup_parent":        inside,
	"dns":                  "the environment has its own name server",
	"ipv4_address":         ownAddresses,
	"ipv6_address":         ownAddresses,
	"link_local_ips":       ownAddresses,
	"mac_address":          ownAddresses,
	"interface_name":       "the environment names interfaces: find others by their names",
	"networks.driver_opts": "a service has one interface, as the environment makes it",
	"volumes_from":         "name the volumes in both services",
	"external_links":       "nothing outside the environment is used: write the container as a service, or as a stub",
	"label_file":           "write the labels out",
	"pre_start":            "write a service that does it, which this one waits for with service_completed_successfully",
	"driver_opts":          "mount the folder itself: volumes: [./folder:/path], or leave the options out",
	"provider":             "write the service as a container, or as a stub",
	"models":               "write the model's server as a service, or as a stub",
	"template_driver":      "only a swarm has it: write the text out",
	"blkio_config":         "disks are the machine's: bound cpus and mem_limit",
	"storage_opt":          "it depends on the engine's storage: bound what is written with tmpfs: [/path:size=64m]",
	"cpu_rt_period":        realtime,
	"cpu_rt_runtime":       realtime,
	"cpu_count":            windows + ": use cpus",
	"cpu_percent":          windows + ": use cpus",
	"credential_spec":      windows,
	"pull_refresh_after":   "use pull_policy: always, missing or never",
	"umask":                "engines do not set it: set it in the service's command",
	"subpath":              "engines before API 1.45 mount whole volumes: mount it, and use the path below",
	"recursive":            "engines before API 1.44 mount folders with all below them: leave it out",
	"image":                "copy what is needed into the service's own image",

	"reservations.pids":         "nothing reserves processes: bound them with limits",
	"build.additional_contexts": builder,
	"build.secrets":             builder,
	"build.ssh":                 builder,
	"build.entitlements":        builder,
	"build.no_cache_filter":     builder + "; or use no_cache",
	"volume.labels":             "write them nowhere: the volume goes with its environment",
	"secrets.driver":            "only a swarm has it: write file: ./path, or environment: NAME",
	"secrets.driver_opts":       "only a swarm has it: write file: ./path, or environment: NAME",
	"configs.driver":            "only a swarm has it",
	"configs.driver_opts":       "only a swarm has it",
}
