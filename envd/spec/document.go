package spec

// The user's file, as it is written. These types are the single source of three things: the strict decoder reads them
// (json names are keys, no omitempty means required, enum and default come from the jsonschema tag), the JSON Schema is
// generated from them, and their comments are the schema's descriptions.

// document is an envd spec: an environment, what to exercise in it, and what counts as proof.
type document struct {
	// Version of this format.
	APIVersion string `json:"apiVersion" jsonschema:"enum=envd/v1"`
	// Name of the spec: lower-case letters, digits and dashes.
	Name string `json:"name"`
	// The very thing that the verdict speaks of. Left out: the only service's program or image.
	Artifact *artifact `json:"artifact,omitempty"`
	// Wall-clock bound of the whole run, teardown excluded.
	Budget duration `json:"budget,omitempty" jsonschema:"default=10m"`
	// What is brought to life.
	Environment environment `json:"environment"`
	// What is exercised, in this order.
	Stages []stage `json:"stages,omitempty"`
	// What must be proved. Without conditions a run is inconclusive.
	Gate gate `json:"gate,omitempty"`
}

// artifact names exactly one of an image, a file and a commit.
type artifact struct {
	// Image reference with its digest: name@sha256:…
	Image string `json:"image,omitempty"`
	// A file: a path relative to the spec, or a program to look up in PATH.
	File string `json:"file,omitempty"`
	// The file's SHA-256 in hex, to insist on it. Left out: computed.
	SHA256 literal `json:"sha256,omitempty"`
	// A git commit: its full object name, or a revision such as HEAD.
	Commit literal `json:"commit,omitempty"`
}

// environment is services, stubs and what they may reach outside.
type environment struct {
	// Where the environment lives.
	Runtime string `json:"runtime,omitempty" jsonschema:"enum=process,enum=docker,enum=kind,enum=kubernetes,enum=fake,default=process"`
	// Workloads under test and real backing workloads, by name. The name is also the hostname.
	Services map[string]*service `json:"services,omitempty"`
	// Compose files, whose services are this environment's too.
	Compose *composition `json:"compose,omitempty"`
	// Simulated HTTP dependencies, by their production hostname.
	Stubs map[string]*stub `json:"stubs,omitempty"`
	// Paths on which faults can act, each "consumer -> dependency": a service and a service or stub. Faults add their own.
	Links []string `json:"links,omitempty"`
	// Destinations outside that services may reach, each host:port.
	Egress []string `json:"egress,omitempty"`
	// Makes repeatable what stubs draw at random. Left out: a new one for each run, recorded in run.json.
	Seed int `json:"seed,omitempty" jsonschema:"minimum=1,maximum=9007199254740991"`
}

// composition is services as compose files have them.
type composition struct {
	// Compose files, relative to the spec. A later one overrides an earlier one.
	Files []string `json:"files"`
	// Profiles to enable.
	Profiles []string `json:"profiles,omitempty"`
	// Whether to open the ports that they publish on this host.
	Publish bool `json:"publish,omitempty"`
}

// service is a workload under test, or a real backing workload such as a database.
type service struct {
	// Program and arguments. A program with a slash is relative to the spec, one without is looked up in PATH.
	Command []literal `json:"command,omitempty"`
	// Container image, for the runtimes that run images.
	Image string `json:"image,omitempty"`
	// How to build its image from a folder of this machine.
	Build *build `json:"build,omitempty"`
	// A well-known backing service, such as postgres, which brings its image, variables, ports and readiness.
	Module string `json:"module,omitempty"`
	// When to pull its image, or the base images of its build, from the registry.
	Pull string `json:"pull,omitempty" jsonschema:"enum=missing,enum=always,enum=never,default=missing"`
	// Hostnames that it answers to besides its name.
	Hostnames []string `json:"hostnames,omitempty"`
	// Working directory, relative to the spec.
	WorkDir string `json:"workdir,omitempty"`
	// User to run as.
	User literal `json:"user,omitempty"`
	// Environment variables.
	Env map[string]*value `json:"env,omitempty"`
	// TCP ports that it listens on.
	Ports []port `json:"ports,omitempty"`
	// Ports to open on this host, each PORT, HOST_PORT:PORT, HOST_IP:HOST_PORT:PORT, or its parts.
	Publish []publish `json:"publish,omitempty"`
	// Files to place before it starts.
	Files []file `json:"files,omitempty"`
	// When it can serve. Without a probe: as its image's HEALTHCHECK says, if it runs the image's own command, otherwise as soon as it runs.
	Ready ready `json:"ready,omitempty"`
	// Its Prometheus endpoint.
	Metrics *metrics `json:"metrics,omitempty"`
	// Services that must be ready first.
	DependsOn []string `json:"depends_on,omitempty"`
	// Services that must have been started first, ready or not.
	After []string `json:"after,omitempty"`
	// Bounds on what it may consume.
	Resources resources `json:"resources,omitempty"`
	// How many instances run.
	Replicas int `json:"replicas,omitempty" jsonschema:"default=1,minimum=1"`
	// How it is asked to end.
	Stop stop `json:"stop,omitempty"`
}

// build makes an image from a folder: its path, or its parts.
type build struct {
	// The folder that the build may read, relative to the spec.
	Context string `json:"context"`
	// The dockerfile, relative to the context.
	Dockerfile string `json:"dockerfile,omitempty" jsonschema:"default=Dockerfile"`
	// The stage to build. Left out: the last.
	Target string `json:"target,omitempty"`
	// Build arguments.
	Args map[string]*value `json:"args,omitempty"`
}

// publish opens a port of a service on this host.
type publish struct {
	// One of the service's ports.
	Port int `json:"port" jsonschema:"minimum=1,maximum=65535"`
	// Port on this host. Left out: a free one.
	HostPort int `json:"host_port,omitempty" jsonschema:"minimum=1,maximum=65535"`
	// Address of this host.
	HostIP string `json:"host_ip,omitempty" jsonschema:"default=127.0.0.1"`
}

// port is a port number, or a number with a name.
type port struct {
	// Name of the port.
	Name string `json:"name,omitempty"`
	// Port number.
	Port int `json:"port" jsonschema:"minimum=1,maximum=65535"`
}

// file is placed before the service starts, from its content or from a source.
type file struct {
	// Absolute path, as the service sees it.
	Path string `json:"path"`
	// What it holds.
	Content *value `json:"content,omitempty"`
	// The file to copy, relative to the spec.
	Source string `json:"source,omitempty"`
	// Permission bits in octal.
	Mode mode `json:"mode,omitempty" jsonschema:"default=0644"`
}

// ready says when a service can serve: at most one of http, tcp, log and exec.
type ready struct {
	// A GET that must be answered.
	HTTP *httpProbe `json:"http,omitempty"`
	// A port that must accept a connection.
	TCP int `json:"tcp,omitempty" jsonschema:"minimum=1,maximum=65535"`
	// A regular expression (RE2) that a line of its output must match.
	Log string `json:"log,omitempty"`
	// A command that must exit with 0 inside the service.
	Exec []literal `json:"exec,omitempty"`
	// How long it may take to become ready.
	Timeout duration `json:"timeout,omitempty" jsonschema:"default=30s"`
	// Pause between two probes.
	Interval duration `json:"interval,omitempty" jsonschema:"default=50ms"`
}

// httpProbe is a GET that must be answered with a status.
type httpProbe struct {
	// One of the service's ports.
	Port int `json:"port" jsonschema:"minimum=1,maximum=65535"`
	// Path to ask for.
	Path string `json:"path,omitempty" jsonschema:"default=/"`
	// Expected status. Left out: any 2xx.
	Status int `json:"status,omitempty" jsonschema:"minimum=100,maximum=599"`
}

// metrics is a Prometheus endpoint.
type metrics struct {
	// One of the service's ports.
	Port int `json:"port" jsonschema:"minimum=1,maximum=65535"`
	// Path of the endpoint.
	Path string `json:"path,omitempty" jsonschema:"default=/metrics"`
}

// resources bounds what a service may consume.
type resources struct {
	// Processor time: 500m is half a core.
	CPU cpu `json:"cpu,omitempty"`
	// Memory, for example 256Mi.
	Memory size `json:"memory,omitempty"`
}

// stop says how a service is asked to end, and when it is killed.
type stop struct {
	// Signal that asks it to end.
	Signal string `json:"signal,omitempty" jsonschema:"enum=TERM,enum=INT,enum=QUIT,enum=HUP,enum=USR1,enum=USR2,enum=KILL,default=TERM"`
	// How long it may take before it is killed.
	Grace duration `json:"grace,omitempty" jsonschema:"default=10s"`
}

// stub is a simulated HTTP dependency.
type stub struct {
	// Mappings in WireMock's format: a directory (with mappings/ and __files/, or mapping files) or one file.
	Mappings string `json:"mappings,omitempty"`
	// Mappings written here.
	Inline []mapping `json:"inline,omitempty"`
	// Plain HTTP ports. Left out: 80.
	Ports []int `json:"ports,omitempty" jsonschema:"minimum=1,maximum=65535"`
	// Whether it answers HTTPS.
	TLS bool `json:"tls,omitempty" jsonschema:"default=true"`
	// HTTPS ports. Left out: 443.
	TLSPorts []int `json:"tls_ports,omitempty" jsonschema:"minimum=1,maximum=65535"`
	// What answers: envd's own engine, or real WireMock.
	Engine string `json:"engine,omitempty" jsonschema:"enum=builtin,enum=wiremock,default=builtin"`
	// Unmatched requests and mappings never used fail the run.
	Strict bool `json:"strict,omitempty"`
	// The service of the compose files that it replaces, if the hostname is not that service's name.
	Replaces string `json:"replaces,omitempty"`

	aliases []string // further hostnames, of the service that it replaces
}

// stage is one exercise: a test command, a load, or both, with a timeline of faults.
type stage struct {
	// Name of the stage, unique in the spec.
	Name string `json:"name"`
	// A test command.
	Functional *functional `json:"functional,omitempty"`
	// A load to put on the environment.
	Load *load `json:"load,omitempty"`
	// Faults to inject while the load runs.
	Faults []fault `json:"faults,omitempty"`
	// What "recovered" means. Left out: derived from the time before the first fault.
	SteadyState []string `json:"steady_state,omitempty"`
}

// functional is a test command, run inside the environment. It passes with exit code 0.
type functional struct {
	// Program and arguments.
	Command []literal `json:"command"`
	// Working directory, relative to the spec.
	WorkDir string `json:"workdir,omitempty"`
	// Environment variables.
	Env map[string]*value `json:"env,omitempty"`
	// How long it may take.
	Timeout duration `json:"timeout,omitempty" jsonschema:"default=2m"`
}

// load is one k6 run: a script or a list of requests, in the shape of a profile.
type load struct {
	// Shape of the load. Left out: the schedule of the script's own options.
	Profile string `json:"profile,omitempty"`
	// Iterations per second at the profile's plateau. Left out: the profile's own.
	Rate rate `json:"rate,omitempty"`
	// How long it lasts, ramps included. Left out: the profile's own.
	Duration duration `json:"duration,omitempty"`
	// Most virtual users. Left out: derived from the rate.
	MaxVUs int `json:"max_vus,omitempty" jsonschema:"minimum=1"`
	// A k6 script, relative to the spec.
	Script string `json:"script,omitempty"`
	// Requests that are made in turn.
	Requests []request `json:"requests,omitempty"`
	// Variables that reach the script as __ENV.
	Env map[string]*value `json:"env,omitempty"`
}

// request is one request: "GET http://host/path", or its parts.
type request struct {
	// Request method.
	Method string `json:"method,omitempty" jsonschema:"enum=GET,enum=HEAD,enum=POST,enum=PUT,enum=PATCH,enum=DELETE,enum=OPTIONS,default=GET"`
	// Absolute URL.
	URL string `json:"url"`
	// Request headers.
	Headers map[string]string `json:"headers,omitempty"`
	// Request body.
	Body string `json:"body,omitempty"`
	// Expected status. Left out: any below 400.
	Status int `json:"status,omitempty" jsonschema:"minimum=100,maximum=599"`
}

// fault is one planned injection. Keys besides these are parameters of its kind.
type fault struct {
	// Name of the fault, unique in the spec.
	Name string `json:"name"`
	// Kind of fault, for example stub.latency.
	Kind string `json:"kind"`
	// What it acts on: a stub's hostname, a service, a link ("consumer -> dependency"), or two services ("a <-> b").
	Target string `json:"target"`
	// When it is injected, counted from the beginning of the load.
	At duration `json:"at"`
	// How long it lasts.
	For duration `json:"for"`

	params []pair // the further keys, with their places
}

// gate is what a run must prove.
type gate struct {
	// Time cut from both ends of a fault's window.
	Guard duration `json:"guard,omitempty" jsonschema:"default=1s"`
	// Conditions such as "p95 < 500ms during payments-slow".
	Conditions []string `json:"conditions,omitempty"`
}
