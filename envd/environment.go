package envd

// GatewayName is the reserved service name of an environment's gateway.
const GatewayName = "gateway"

// ToxiproxyPort is the port of GatewayName at which links are controlled, in environments that have any.
const ToxiproxyPort = 8474

// Spec is the user's file after resolution: every default filled in, every relative path absolute, immutable.
// Values that refer to secrets or variables still hold the reference, never the value: a Spec may be stored.
type Spec struct {
	APIVersion  string       `json:"apiVersion"`
	Name        string       `json:"name"`
	File        string       `json:"file,omitempty"` // the absolute path that it was read from
	Dir         string       `json:"dir"`            // what relative paths in it were resolved against
	Artifact    Artifact     `json:"artifact"`
	Budget      Duration     `json:"budget"` // wall-clock bound of the whole run, teardown excluded
	Environment *Environment `json:"environment"`
	Stages      []Stage      `json:"stages,omitempty"`
	Gate        Gate         `json:"gate"`
}

// Artifact names the very thing that a verdict speaks of. Exactly one of Image, File and Commit is set.
type Artifact struct {
	Image  string `json:"image,omitempty"`  // reference with digest: name@sha256:…
	File   string `json:"file,omitempty"`   // absolute path
	SHA256 string `json:"sha256,omitempty"` // of File, lower-case hex; computed where the spec gives none
	Commit string `json:"commit,omitempty"` // git object name, 40 or 64 hex digits
}

// Environment is what a Runtime brings to life: services, stubs and the links between them.
type Environment struct {
	Runtime  string    `json:"runtime"` // process, docker, kind, kubernetes, fake
	Services []Service `json:"services,omitempty"`
	Stubs    []Stub    `json:"stubs,omitempty"`
	Links    []Link    `json:"links,omitempty"`
	Egress   []string  `json:"egress,omitempty"`    // host:port destinations outside that services may reach
	EnvFiles []EnvFile `json:"env_files,omitempty"` // searched for each ${VAR} that the runner's own environment lacks
	Seed     uint64    `json:"seed,omitempty"`      // makes what stubs draw at random repeatable; 0: a new seed for every run
}

// Link is the network path from a consumer to a dependency, led through the gateway so that faults can act on it. Only
// paths that a fault names become links; all others stay direct.
type Link struct {
	From  string `json:"from"`  // a service
	To    string `json:"to"`    // a service, or a stub's hostname
	Ports []int  `json:"ports"` // of the dependency
}

// String is the link as specs write it.
func (l Link) String() string { return l.From + " -> " + l.To }

// Of reports whether s is the link's consumer, or one of its replicas.
func (l Link) Of(s *Service) bool { return l.From == s.Name || l.From == s.ReplicaOf }

// Service returns the service of that name, or nil.
func (e *Environment) Service(name string) *Service {
	for i := range e.Services {
		if e.Services[i].Name == name {
			return &e.Services[i]
		}
	}
	return nil
}

// Stub returns the stub of that host, or nil.
func (e *Environment) Stub(host string) *Stub {
	for i := range e.Stubs {
		if e.Stubs[i].Host == host {
			return &e.Stubs[i]
		}
	}
	return nil
}

// Service is a workload under test, or a real backing workload such as a database.
type Service struct {
	Name      string           `json:"name"`
	Hostnames []string         `json:"hostnames,omitempty"` // names it answers to besides Name
	Command   []string         `json:"command,omitempty"`   // argv; Command[0] absolute or looked up in PATH
	Args      []string         `json:"args,omitempty"`      // passed to the image's own entrypoint; not together with Command
	Image     string           `json:"image,omitempty"`     // for container runtimes
	Build     *Build           `json:"build,omitempty"`     // builds the image; Image, where set, is then one more name for it
	Pull      string           `json:"pull,omitempty"`      // when to pull Image; empty: PullMissing
	Module    string           `json:"module,omitempty"`    // the testcontainers module that Image, Env, Ports and Ready came from
	WorkDir   string           `json:"workdir,omitempty"`
	User      string           `json:"user,omitempty"`
	Env       map[string]Value `json:"env,omitempty"`
	EnvFiles  []EnvFile        `json:"env_files,omitempty"` // Env overrides them, and a later file an earlier one
	Ports     []Port           `json:"ports,omitempty"`
	Publish   []Publish        `json:"publish,omitempty"` // ports to open on this host
	Files     []File           `json:"files,omitempty"`
	Ready     Readiness        `json:"ready"`
	Metrics   *Metrics         `json:"metrics,omitempty"`
	DependsOn []string         `json:"depends_on,omitempty"` // services that must be ready first
	After     []string         `json:"after,omitempty"`      // services that must have been started first, ready or not
	Resources Resources        `json:"resources"`
	Replicas  int              `json:"replicas"`
	ReplicaOf string           `json:"replica_of,omitempty"` // the service that this is one replica of; see Expand
	Stop      Stop             `json:"stop"`
	Restart   *Restart         `json:"restart,omitempty"`   // nil: it must run until it is stopped
	Mounts    []Mount          `json:"mounts,omitempty"`    // for container runtimes
	Container *Container       `json:"container,omitempty"` // for container runtimes

	AfterStart []Hook `json:"after_start,omitempty"` // run in it one after another once it is started, before others see it started
	BeforeStop []Hook `json:"before_stop,omitempty"` // run in it before it is asked to end
}

// Restart is the restart policy of a service: what happens when it ends without having been asked to. Under the zero
// policy exit code 0 means that its work is done, and after any other it is started again.
type Restart struct {
	Always bool `json:"always,omitempty"` // start it again after exit code 0 too
	Never  bool `json:"never,omitempty"`  // do not start it again
	Most   int  `json:"most,omitempty"`   // restarts in a row; 0 is unbounded
}

// Done reports whether a service that ended by itself has done its work. Without a policy it never has: it was meant to
// keep running.
func (r *Restart) Done(e Exit) bool { return r != nil && !r.Always && e.Code == 0 }

// Again reports whether to start a service again that ended by itself after inARow restarts in a row.
func (r *Restart) Again(e Exit, inARow int) bool {
	return r != nil && !r.Never && !r.Done(e) && (r.Most == 0 || inARow < r.Most)
}

// Port is one TCP port that a service listens on.
type Port struct {
	Name   string `json:"name,omitempty"`
	Number int    `json:"number"` // 1..65535
}

// File is placed before the service starts; exactly one of Content and Source is set.
type File struct {
	Path    string `json:"path"`             // absolute, as the service sees it
	Content Value  `json:"content,omitzero"` // may hold references
	Source  string `json:"source,omitempty"` // absolute path of the file to copy
	Mode    uint32 `json:"mode"`             // permission bits; 0644 by default
	Secret  bool   `json:"secret,omitempty"` // mask the content of Source in everything written down
	Owner   *Owner `json:"owner,omitempty"`  // for container runtimes; whoever runs envd where nil
}

// Owner is a user and a group, by their IDs inside the container.
type Owner struct {
	UID int `json:"uid"`
	GID int `json:"gid"`
}

// Readiness says when a service can serve. At most one of HTTP, TCP, Log, Exec, Module, Completed and Image is set; with
// none of them the service is ready as soon as it runs.
type Readiness struct {
	HTTP     *HTTPProbe `json:"http,omitempty"`
	TCP      int        `json:"tcp,omitempty"`      // port that accepts a connection
	Log      string     `json:"log,omitempty"`      // RE2 pattern that a log line matches
	Exec     []string   `json:"exec,omitempty"`     // argv that exits with 0 inside the service
	Module   bool       `json:"module,omitempty"`   // the wait strategy of the service's Module
	Timeout  Duration   `json:"timeout,omitempty"`  // 0 with Image: from the healthcheck
	Interval Duration   `json:"interval,omitempty"` // pause between two probes; 0 with Image: from the healthcheck

	// Image probes with the HEALTHCHECK of the service's image; fields that are set here replace the image's. An image
	// without HEALTHCHECK makes the service ready as soon as it runs, or is an error if Healthy is set because other
	// services wait until this one is healthy.
	Image   *Healthcheck `json:"image,omitempty"`
	Healthy bool         `json:"healthy,omitempty"`

	Completed    bool     `json:"completed,omitempty"`     // ready once the service has ended with exit code 0
	ProbeTimeout Duration `json:"probe_timeout,omitempty"` // bound of one Exec; 0 is none
	Listen       Duration `json:"listen,omitempty"`        // the first Exec waits until the service listens, for so long at most; longer where it has Ports
}

// HTTPProbe is a GET that must answer with Status, or any 2xx where Status is 0.
type HTTPProbe struct {
	Port   int    `json:"port"`
	Path   string `json:"path"`
	Status int    `json:"status,omitempty"`
}

// Metrics is a Prometheus endpoint of a service.
type Metrics struct {
	Port int    `json:"port"`
	Path string `json:"path"`
}

// Resources bounds a service; 0 means unbounded.
type Resources struct {
	CPUMillis   int64 `json:"cpu_millis,omitempty"`
	MemoryBytes int64 `json:"memory_bytes,omitempty"`
}

// Stop says how a service is asked to end, and when it is killed.
type Stop struct {
	Signal string   `json:"signal"` // TERM, INT, QUIT …; empty: what the image says, or TERM
	Grace  Duration `json:"grace"`  // then SIGKILL
}

// The engines of a stub.
const (
	EngineBuiltin  = "builtin"
	EngineWireMock = "wiremock" // the real one, from its standalone jar
)

// Stub is a simulated HTTP dependency under its production hostname.
type Stub struct {
	Host     string   `json:"host"`
	Ports    []int    `json:"ports"`              // plain HTTP ports; 80 by default
	TLSPorts []int    `json:"tls_ports"`          // HTTPS ports; 443 by default
	Dir      string   `json:"dir,omitempty"`      // absolute; holds mappings/ and __files/, or mapping files
	Mappings []string `json:"mappings,omitempty"` // inline mappings, each a WireMock JSON document
	Engine   string   `json:"engine"`             // builtin or wiremock
	Strict   bool     `json:"strict,omitempty"`   // unmatched requests and unused mappings fail the run
	Aliases  []string `json:"aliases,omitempty"`  // other hostnames that it answers under
}
