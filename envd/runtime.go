package envd

import (
	"context"
	"errors"
	"io"
	"net"
	"time"
)

// Errors that every Runtime returns in these cases, wrapped.
var (
	ErrNotFound    = errors.New("no such environment")  // the environment does not exist (any more)
	ErrExists      = errors.New("exists already")       // there is an environment of that ID, whoever's; it was not touched
	ErrNoService   = errors.New("no such service")      // the environment has no such service
	ErrUnsupported = errors.New("not supported")        // the runtime lacks a capability that was asked for
	ErrNoProgram   = errors.New("no such program")      // a command's program is not there
	ErrExited      = errors.New("service exited early") // a service ended where it should have kept running
)

// Runtime is where environments live. One conformance suite, runtimetest, states this contract as tests.
//
// An environment is named by its ID alone. Ownership is written on the objects themselves, so Observe and Destroy work
// from a process that did not create the environment. All methods may be called from many goroutines.
type Runtime interface {
	// Name is the runtime's word in a spec: process, docker, …
	Name() string

	// Capabilities says what this runtime can do on this machine, now.
	Capabilities(ctx context.Context) (Capabilities, error)

	// Observe tells what exists of an environment. An environment that does not exist is the zero State, no error.
	Observe(ctx context.Context, envID string) (State, error)

	// Do carries one operation out: one side effect. It returns when the effect is there: a started process runs
	// (it need not be ready), a stopped one is gone.
	Do(ctx context.Context, envID string, op Operation) error

	// Wait blocks until the service's process has ended, for whatever reason, and says how.
	Wait(ctx context.Context, envID, service string) (Exit, error)

	// Logs reads a service's output from its beginning: one line each, "RFC3339Nano stdout|stderr text".
	// With follow it goes on until the service has ended or ctx is done.
	Logs(ctx context.Context, envID, service string, follow bool) (io.ReadCloser, error)

	// Exec runs a command inside the environment and waits for its end. A non-zero exit code is no error.
	Exec(ctx context.Context, envID string, cmd Exec) (exitCode int, err error)

	// Dial connects to a TCP port of a service from outside the environment. GatewayName with port 0 is the
	// gateway's control API.
	Dial(ctx context.Context, envID, service string, port int) (net.Conn, error)

	// Stats samples what each service consumes.
	Stats(ctx context.Context, envID string) ([]Usage, error)

	// Undeclared lists the outbound connections that were refused so far. Nil where the runtime cannot see them.
	Undeclared(ctx context.Context, envID string) ([]Connection, error)

	// Destroy removes everything of an environment and returns what it could not remove. It needs only the ID, is
	// idempotent, and bounded by ctx.
	Destroy(ctx context.Context, envID string) ([]Leftover, error)
}

// Leaser is a Runtime whose objects say how long they may stay: whoever cannot tell whether their runner lives goes by it.
type Leaser interface {
	// Renew has the objects of an environment say that they may stay until then, at least.
	Renew(ctx context.Context, envID string, until time.Time) error
}

// CAFile is where every service finds the certificate of its environment's own authority.
const CAFile = "/tmp/.envd/ca.pem"

// Capabilities says what a runtime can do. A spec that needs more is refused before anything starts.
type Capabilities struct {
	Commands    bool   `json:"commands"`     // services given as argv
	Images      bool   `json:"images"`       // services given as container images
	Replicas    bool   `json:"replicas"`     // more than one instance of a service
	Resources   bool   `json:"resources"`    // CPU and memory bounds
	Isolated    bool   `json:"isolated"`     // own network: production ports, no route out
	Hostnames   bool   `json:"hostnames"`    // production hostnames resolve inside
	SharedPorts bool   `json:"shared_ports"` // services share one address: two cannot listen on the same port
	StubsApart  bool   `json:"stubs_apart"`  // a stub may answer on a port that a service at the shared address listens on
	Egress      bool   `json:"egress"`       // declared destinations outside can be reached
	Links       bool   `json:"links"`        // paths between services can lead through the gateway
	Pause       bool   `json:"pause"`        // a service can be frozen
	Limits      bool   `json:"limits"`       // bounds of a service that runs can be changed
	Disconnect  bool   `json:"disconnect"`   // a service can be taken off its network
	Terminals   bool   `json:"terminals"`    // commands can run on terminals, and get signals
	KillSafe    bool   `json:"kill_safe"`    // nothing survives SIGKILL of every envd process
	Guarantee   string `json:"guarantee"`    // one sentence for people: what isolation holds, and what not
}

// OpKind names a side effect.
type OpKind string

const (
	OpCreate  OpKind = "environment.create" // the environment's own space: namespaces, network
	OpGateway OpKind = "gateway.start"      // the gateway process in it
	OpStub    OpKind = "stub.load"          // a stub's mappings into the gateway; carried out by the runner
	OpFile    OpKind = "file.write"         // one file of a service
	OpImage   OpKind = "image.prepare"      // make a service's image present: build, pull, or find it
	OpMake    OpKind = "container.create"   // a service's container, ahead of its start; only where images run
	OpStart   OpKind = "service.start"
	OpReady   OpKind = "service.ready" // wait for readiness; carried out by the runner
	OpStop    OpKind = "service.stop"
	OpLink    OpKind = "link.open" // a link's place in the gateway; carried out by the runner

	// What faults do to services. Each is idempotent, and works from a process that did not start the service where the
	// environment outlives the one that did.
	OpKill       OpKind = "service.kill"       // SIGKILL to all of it
	OpRestart    OpKind = "service.restart"    // start it again as it was, unless it runs
	OpPause      OpKind = "service.pause"      // freeze all of it
	OpResume     OpKind = "service.resume"     // thaw it
	OpLimit      OpKind = "service.limit"      // bound what it may consume to Service.Resources
	OpDisconnect OpKind = "service.disconnect" // from its network
	OpConnect    OpKind = "service.connect"    // with it again
)

// Operation is one side effect of a plan. Its String form is what `envd plan` prints.
type Operation struct {
	ID        string   `json:"id"` // Kind, or Kind + " " + Target; unique in its plan
	Kind      OpKind   `json:"kind"`
	Target    string   `json:"target,omitempty"`
	Detail    string   `json:"detail,omitempty"`     // for people
	DependsOn []string `json:"depends_on,omitempty"` // IDs

	Environment *Environment      `json:"-"` // the whole, for what an operation needs besides its target
	Service     *Service          `json:"-"`
	Stub        *Stub             `json:"-"`
	Link        *Link             `json:"-"`
	File        *File             `json:"-"` // with Service nil: a file of the environment itself
	Env         map[string]string `json:"-"` // container.create, service.start: the complete environment; image.prepare: build args; references expanded
	FromFiles   []string          `json:"-"` // container.create, service.start: the names in Env that the service's env files set
	Final       bool              `json:"-"` // service.stop: the environment is destroyed next
	Content     []byte            `json:"-"` // file.write: what to write, references expanded
}

// State is what exists of an environment.
type State struct {
	Exists   bool                    `json:"exists"`
	Gateway  bool                    `json:"gateway"`
	Services map[string]ServiceState `json:"services,omitempty"`
}

// ServiceState is one service as a runtime sees it.
type ServiceState struct {
	Running  bool      `json:"running"`
	PID      int       `json:"pid,omitempty"`     // as the host sees it, where there is one
	Address  string    `json:"address,omitempty"` // where this host itself reaches it, where it can
	Started  time.Time `json:"started,omitzero"`
	ExitCode *int      `json:"exit_code,omitempty"`

	Restarts     int       `json:"restarts,omitempty"`     // by its policy; whoever owns the environment counts them
	Paused       bool      `json:"paused,omitempty"`       // all of it is frozen
	Disconnected bool      `json:"disconnected,omitempty"` // from its network
	Resources    Resources `json:"resources,omitzero"`     // the bounds that hold now
}

// ReasonMemory is the reason of an Exit that the kernel forced to get memory back.
const ReasonMemory = "out of memory"

// ReasonGone is the reason of an Exit with the environment, which nobody asked to end.
const ReasonGone = "the environment is gone"

// Exit is how a process ended.
type Exit struct {
	Code   int    `json:"code"`             // 128+n for signal n
	Signal string `json:"signal,omitempty"` // for example "killed"
	Reason string `json:"reason,omitempty"` // for example ReasonMemory
}

// Exec is a command to run inside an environment.
type Exec struct {
	Service string            // in whose surroundings (image, files, environment); empty: the environment's own
	Name    string            // for process listings and logs
	Command []string          // argv
	Env     map[string]string // added to the surroundings' environment
	Clean   bool              // without a service: Env is complete, nothing of the runner's own is inherited
	WorkDir string
	Stdin   io.Reader
	Stdout  io.Writer
	Stderr  io.Writer
	CPU     *time.Duration // where not nil: set at its end to its user + system time, descendants included

	Terminal *TerminalSize      // where not nil: it runs on a terminal, Stdin is what is typed there, Stdout gets all that is shown
	Control  <-chan ExecControl // what comes to it besides its input; may be nil, and is closed by nobody before its end
}

// TerminalSize is a terminal's, in characters.
type TerminalSize struct {
	Rows    uint16 `json:"rows"`
	Columns uint16 `json:"columns"`
}

// ExecControl comes to a command that runs. What comes after its end is dropped.
type ExecControl struct {
	Signal string        `json:"signal,omitempty"` // such as INT: to the command and, without a terminal, its process group
	Size   *TerminalSize `json:"size,omitempty"`   // its terminal's new one
}

// Leftover is something that should be gone and is not.
type Leftover struct {
	Kind   string `json:"kind"` // process, mount, namespace, container, network, volume, socket, directory, fault
	ID     string `json:"id"`
	Detail string `json:"detail,omitempty"`
}
