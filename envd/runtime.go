package envd

import (
	"context"
	"errors"
	"io"
	"net"
	"reflect"
	"time"
)

// Errors that every Runtime returns in these cases, wrapped.
var (
	ErrNotFound    = errors.New("no such environment")  // the environment does not exist (any more)
	ErrExists      = errors.New("exists already")       // somebody's environment has that ID; it was not touched
	ErrNoService   = errors.New("no such service")      // the environment has no such service
	ErrUnsupported = errors.New("not supported")        // the runtime lacks a capability that was asked for
	ErrNoProgram   = errors.New("no such program")      // the program of a command was not found
	ErrExited      = errors.New("service exited early") // a service ended where it should have kept running
)

// Runtime is where environments live. The conformance suite runtimetest states this contract as tests.
//
// An environment is named by its ID alone. Ownership is written on the objects themselves, so Observe and Destroy work
// from a process that did not create the environment. All methods may be called from many goroutines.
type Runtime interface {
	// Name is what specs call the runtime: process, docker, …
	Name() string

	// Capabilities says what this runtime can do on this machine, now.
	Capabilities(ctx context.Context) (Capabilities, error)

	// Observe returns what exists of an environment: the zero State, and no error, for one that does not exist.
	Observe(ctx context.Context, envID string) (State, error)

	// Do carries out one operation, which is one side effect. It returns when the effect is there: a started process runs
	// (it need not be ready), a stopped one is gone.
	Do(ctx context.Context, envID string, op Operation) error

	// Wait blocks until the service's process has ended, for whatever reason, and returns how it ended.
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

	// Undeclared lists the outbound connections that were refused so far: empty if there were none, nil if the runtime
	// cannot see them.
	Undeclared(ctx context.Context, envID string) ([]Connection, error)

	// Destroy removes everything that belongs to an environment and returns what it could not remove. It needs only the
	// ID, is idempotent, and is bounded by ctx.
	Destroy(ctx context.Context, envID string) ([]Leftover, error)
}

// Leaser is a Runtime whose objects carry the end of their lease, for collectors that cannot tell whether their runner is
// alive.
type Leaser interface {
	// Renew extends the lease on the objects of an environment to until. It never shortens one.
	Renew(ctx context.Context, envID string, until time.Time) error
}

// Listener is a Runtime that sees from outside whether services listen.
type Listener interface {
	// AwaitListening blocks until the service listens on a TCP port, whichever. It returns an error where that cannot be
	// seen, or not any more because the service has ended.
	AwaitListening(ctx context.Context, envID, service string) error
}

// CAFile is the path at which every service finds the certificate of its environment's own authority.
const CAFile = "/tmp/.envd/ca.pem"

// Capabilities says what a runtime can do. A spec that needs more is refused before anything starts.
type Capabilities struct {
	Commands    bool   `json:"commands"`     // services given as argv
	Images      bool   `json:"images"`       // services given as container images
	Replicas    bool   `json:"replicas"`     // more than one instance of a service
	Resources   bool   `json:"resources"`    // CPU and memory bounds
	Isolated    bool   `json:"isolated"`     // own network: production ports, no route out
	Hostnames   bool   `json:"hostnames"`    // production hostnames resolve inside
	SharedPorts bool   `json:"shared_ports"` // services share one address, so no two can listen on the same port
	StubsApart  bool   `json:"stubs_apart"`  // a stub may answer on a port that a service at the shared address listens on
	Egress      bool   `json:"egress"`       // declared destinations outside can be reached
	Links       bool   `json:"links"`        // paths between services can lead through the gateway
	Pause       bool   `json:"pause"`        // a service can be frozen
	Limits      bool   `json:"limits"`       // bounds of a running service can be changed
	Disconnect  bool   `json:"disconnect"`   // a service can be taken off its network
	Terminals   bool   `json:"terminals"`    // commands can run on terminals, and get signals
	KillSafe    bool   `json:"kill_safe"`    // nothing survives SIGKILL of every envd process
	Guarantee   string `json:"guarantee"`    // one sentence for people: how far isolation goes

	// Holds is for how long what services send out waits for a gateway that is not up yet; 0 if it does not.
	Holds Duration `json:"holds,omitempty"`

	// Lacks says why this machine cannot do some of it, and what would change that.
	Lacks string `json:"lacks,omitempty"`
}

// OpKind names a side effect.
type OpKind string

const (
	OpCreate  OpKind = "environment.create" // the environment's own space: namespaces, network
	OpGateway OpKind = "gateway.start"      // the gateway process in it; from here on what wants out is refused and recorded
	OpStub    OpKind = "stub.load"          // give a stub's mappings to the gateway; carried out by the runner
	OpFile    OpKind = "file.write"         // one file of a service
	OpImage   OpKind = "image.prepare"      // make a service's image present: build, pull, or find it
	OpMake    OpKind = "container.create"   // create a service's container ahead of its start; only where images run
	OpStart   OpKind = "service.start"
	OpReady   OpKind = "service.ready" // wait for readiness; carried out by the runner
	OpStop    OpKind = "service.stop"
	OpLink    OpKind = "link.open" // open a link in the gateway; carried out by the runner

	// What faults do to services. Each is idempotent. Where an environment outlives the process that started the service,
	// each works from any other process too.
	OpKill       OpKind = "service.kill"       // send SIGKILL to all of it
	OpRestart    OpKind = "service.restart"    // start it again as it was, unless it is running
	OpPause      OpKind = "service.pause"      // freeze all of it
	OpResume     OpKind = "service.resume"     // thaw it
	OpLimit      OpKind = "service.limit"      // bound what it may consume to Service.Resources
	OpDisconnect OpKind = "service.disconnect" // take it off its network
	OpConnect    OpKind = "service.connect"    // put it back
)

// Operation is one side effect of a plan.
type Operation struct {
	ID        string   `json:"id"` // Kind, or Kind + " " + Target; unique in its plan
	Kind      OpKind   `json:"kind"`
	Target    string   `json:"target,omitempty"`
	Detail    string   `json:"detail,omitempty"`     // for people
	DependsOn []string `json:"depends_on,omitempty"` // IDs

	Environment *Environment      `json:"-"` // all of it, for what an operation needs besides its target
	Service     *Service          `json:"-"`
	Stub        *Stub             `json:"-"`
	Link        *Link             `json:"-"`
	File        *File             `json:"-"` // of the environment itself where Service is nil
	Env         map[string]string `json:"-"` // container.create, service.start: the complete environment; image.prepare: build args; references expanded
	FromFiles   []string          `json:"-"` // container.create, service.start: the names in Env that the service's env files set
	Final       bool              `json:"-"` // service.stop: the environment is destroyed afterwards
	Content     []byte            `json:"-"` // file.write: what to write, references expanded
}

// State is what exists of an environment.
type State struct {
	Exists   bool                    `json:"exists"`
	Gateway  bool                    `json:"gateway"`
	Services map[string]ServiceState `json:"services,omitempty"`
}

// ServiceState is a service as its runtime sees it.
type ServiceState struct {
	Running  bool      `json:"running"`
	PID      int       `json:"pid,omitempty"`     // in the host's PID namespace; 0 if unknown
	Address  string    `json:"address,omitempty"` // at which this host reaches it; empty if it cannot
	Started  time.Time `json:"started,omitzero"`
	ExitCode *int      `json:"exit_code,omitempty"`

	Restarts     int       `json:"restarts,omitempty"`     // by its policy; counted by the owner of the environment
	Paused       bool      `json:"paused,omitempty"`       // all of it is frozen
	Disconnected bool      `json:"disconnected,omitempty"` // taken off its network
	Resources    Resources `json:"resources,omitzero"`     // the bounds in force
}

// ReasonMemory is the Reason of an Exit by the kernel's out-of-memory killer.
const ReasonMemory = "out of memory"

// ReasonGone is the Reason of an Exit because the whole environment ended, unasked.
const ReasonGone = "the environment is gone"

// Exit is how a process ended.
type Exit struct {
	Code   int    `json:"code"`             // exit code; 128+n after signal n
	Signal string `json:"signal,omitempty"` // for example "killed"
	Reason string `json:"reason,omitempty"` // for example ReasonMemory

	// At is when it ended, if the runtime knows that better than whoever waits for the end; otherwise zero.
	At time.Time `json:"at,omitzero"`
}

// Exec is a command to run inside an environment.
type Exec struct {
	Service string            // whose image, files and variables it gets; empty: it runs in the environment, beside the services
	Name    string            // for process listings and logs
	Command []string          // argv
	Env     map[string]string // added to the variables that are there
	Clean   bool              // without a service: Env is complete, and nothing is inherited from the runner
	User    string            // with a service: whom it runs as; empty: as the service
	WorkDir string
	Stdin   io.Reader
	Stdout  io.Writer
	Stderr  io.Writer
	CPU     *time.Duration // if not nil, set at its end to its user + system time, descendants included

	Terminal *TerminalSize      // if not nil, it runs on a terminal: Stdin is what is typed, Stdout gets all that is shown
	Control  <-chan ExecControl // signals and resizes for it; may be nil, and must not be closed before its end
}

// Merged reports whether both outputs go to the same writer, which then needs one copier only: two would race.
func (e Exec) Merged() bool {
	return e.Stdout != nil && e.Stderr != nil && reflect.TypeOf(e.Stdout).Comparable() && e.Stdout == e.Stderr
}

// TerminalSize is the size of a terminal, in characters.
type TerminalSize struct {
	Rows    uint16 `json:"rows"`
	Columns uint16 `json:"columns"`
}

// ExecControl acts on a running command; after its end it is dropped.
type ExecControl struct {
	Signal string        `json:"signal,omitempty"` // INT, for example: goes to the command and, without a terminal, to its process group
	Size   *TerminalSize `json:"size,omitempty"`   // new size of its terminal
}

// Leftover is something that should be gone but is not.
type Leftover struct {
	Kind   string `json:"kind"` // process, mount, namespace, container, network, volume, socket, directory, fault
	ID     string `json:"id"`
	Detail string `json:"detail,omitempty"`
}
