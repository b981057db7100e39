package envd

// EnvFile is a file of environment variables, one NAME=value per line.
type EnvFile struct {
	Path     string `json:"path"`               // absolute
	Optional bool   `json:"optional,omitempty"` // a missing file is no error
	Raw      bool   `json:"raw,omitempty"`      // values stand as they are: quotes and references are part of them
}

// The types of a mount.
const (
	MountVolume = "volume" // lives and dies with the environment
	MountBind   = "bind"   // a file or folder of this machine
	MountTmpfs  = "tmpfs"  // memory
)

// Mount is storage that a container sees at Target.
type Mount struct {
	Type      string `json:"type"`             // volume, bind or tmpfs
	Source    string `json:"source,omitempty"` // the volume's name in its environment, or an absolute path of this machine
	Target    string `json:"target"`           // absolute, as the service sees it
	ReadOnly  bool   `json:"read_only,omitempty"`
	External  string `json:"external,omitempty"`   // volume: where the spec says that Source is a volume of the engine's, which stays: file:line:col
	NoCopy    bool   `json:"no_copy,omitempty"`    // volume: it starts empty, without a copy of what the image has at Target
	SizeBytes int64  `json:"size_bytes,omitempty"` // tmpfs: largest size; 0 is unbounded
	Mode      uint32 `json:"mode,omitempty"`       // tmpfs: permission bits; 0 is the engine's default
}

// Container holds settings that mean something to container runtimes only.
type Container struct {
	CapAdd    []string          `json:"cap_add,omitempty"`
	CapDrop   []string          `json:"cap_drop,omitempty"`
	GroupAdd  []string          `json:"group_add,omitempty"`
	Hosts     []string          `json:"hosts,omitempty"` // additional lines of /etc/hosts, each NAME:ADDRESS
	Hostname  string            `json:"hostname,omitempty"`
	Domain    string            `json:"domain,omitempty"` // domain name that goes with Hostname
	Init      *bool             `json:"init,omitempty"`   // run the engine's init as PID 1, which reaps orphans
	Labels    map[string]string `json:"labels,omitempty"`
	PidsLimit int64             `json:"pids_limit,omitempty"`
	ReadOnly  bool              `json:"read_only,omitempty"` // of its root file system
	ShmBytes  int64             `json:"shm_bytes,omitempty"` // size of /dev/shm
	Stdin     bool              `json:"stdin,omitempty"`     // keep standard input open
	Sysctls   map[string]string `json:"sysctls,omitempty"`
	Ulimits   map[string]Ulimit `json:"ulimits,omitempty"`
	TTY       bool              `json:"tty,omitempty"` // give it a terminal

	// At most one of these is set; without, it is in the environment's network.
	NetworkOf string `json:"network_of,omitempty"` // the service whose network it shares: address, ports and hosts file are that one's
	NoNetwork bool   `json:"no_network,omitempty"` // only a loopback interface

	CPUSet        string   `json:"cpuset,omitempty"`      // the processors that it may use, such as 0-2,4
	DNSOptions    []string `json:"dns_options,omitempty"` // of resolv.conf(5)
	DNSSearch     []string `json:"dns_search,omitempty"`
	IPC           string   `json:"ipc,omitempty"` // none, private or shareable; empty: the engine's default
	OOMScoreAdj   int      `json:"oom_score_adj,omitempty"`
	PrivateCgroup bool     `json:"private_cgroup,omitempty"` // see its own cgroup as the root, on engines where that is not the default
	Swappiness    *int64   `json:"swappiness,omitempty"`     // 0 to 100, on engines with cgroup v1

	NoNewPrivileges bool `json:"no_new_privileges,omitempty"` // not even setuid programs raise privileges (PR_SET_NO_NEW_PRIVS, prctl(2))
}

// Hook is a command to run inside a container at a turn of its life.
type Hook struct {
	Command []string         `json:"command"`           // argv
	User    string           `json:"user,omitempty"`    // empty: the container's
	WorkDir string           `json:"workdir,omitempty"` // empty: the container's
	Env     map[string]Value `json:"env,omitempty"`     // added to the container's variables
}

// Ulimit bounds a resource of a process (setrlimit(2)), in the unit of that resource; -1 is unlimited.
type Ulimit struct {
	Soft int64 `json:"soft"`
	Hard int64 `json:"hard"`
}

// SharesNetworkOf returns the name of the service whose network s shares, or "".
func (s *Service) SharesNetworkOf() string {
	if s.Container == nil {
		return ""
	}
	return s.Container.NetworkOf
}

// Connected reports whether s has a place of its own in the environment's network, where others find it by its names.
func (s *Service) Connected() bool {
	return s.Container == nil || s.Container.NetworkOf == "" && !s.Container.NoNetwork
}
