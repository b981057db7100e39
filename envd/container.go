package envd

// EnvFile is a file of variables, NAME=value a line.
type EnvFile struct {
	Path     string `json:"path"`               // absolute
	Optional bool   `json:"optional,omitempty"` // it need not be there
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
	NoCopy    bool   `json:"no_copy,omitempty"`    // volume: what the image has at Target is not copied into it
	SizeBytes int64  `json:"size_bytes,omitempty"` // tmpfs: its bound; 0 is none
	Mode      uint32 `json:"mode,omitempty"`       // tmpfs: permission bits; 0 is the engine's default
}

// Container is what only containers have.
type Container struct {
	CapAdd    []string          `json:"cap_add,omitempty"`
	CapDrop   []string          `json:"cap_drop,omitempty"`
	GroupAdd  []string          `json:"group_add,omitempty"`
	Hosts     []string          `json:"hosts,omitempty"` // further lines of /etc/hosts, each NAME:ADDRESS
	Hostname  string            `json:"hostname,omitempty"`
	Domain    string            `json:"domain,omitempty"` // of Hostname
	Init      *bool             `json:"init,omitempty"`   // the engine's own first process, which reaps
	Labels    map[string]string `json:"labels,omitempty"`
	PidsLimit int64             `json:"pids_limit,omitempty"`
	ReadOnly  bool              `json:"read_only,omitempty"` // its root
	ShmBytes  int64             `json:"shm_bytes,omitempty"` // size of /dev/shm
	Stdin     bool              `json:"stdin,omitempty"`     // kept open
	Sysctls   map[string]string `json:"sysctls,omitempty"`
	Ulimits   map[string]Ulimit `json:"ulimits,omitempty"`
	TTY       bool              `json:"tty,omitempty"` // its output is a terminal's

	NoNewPrivileges bool `json:"no_new_privileges,omitempty"` // nor through setuid programs (PR_SET_NO_NEW_PRIVS, prctl(2))
}

// Ulimit bounds a resource of a process (setrlimit(2)).
type Ulimit struct {
	Soft int64 `json:"soft"`
	Hard int64 `json:"hard"`
}
