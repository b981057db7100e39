//go:build linux

package control

import (
	"errors"
	"fmt"
	"syscall"
	"time"

	"github.com/envd-dev/envd/envd"
)

// GatewaySocket is the abstract unix socket, inside the environment's network namespace, of the gateway's control API.
const GatewaySocket = "@envd-gateway"

// Request asks PID 1 for one thing: exactly one of the pointers is set.
type Request struct {
	ID uint64 `json:"id"`

	Setup   *Setup   `json:"setup,omitempty"`
	Furnish *Furnish `json:"furnish,omitempty"`
	Start   *Start   `json:"start,omitempty"` // files: stdin, stdout, stderr; answer's file: a pidfd
	Signal  *Signal  `json:"signal,omitempty"`
	Stop    *Stop    `json:"stop,omitempty"`
	Await   *Await   `json:"await,omitempty"`
	Wait    *Wait    `json:"wait,omitempty"`
	File    *File    `json:"file,omitempty"` // file: the content
	Dial    *Dial    `json:"dial,omitempty"` // answer's file: the connected socket
	Freeze  *Freeze  `json:"freeze,omitempty"`
	Query   *Query   `json:"query,omitempty"`
}

// Setup makes the environment's space. It is the first request.
type Setup struct {
	Hostname string   `json:"hostname"`
	Visible  []string `json:"visible,omitempty"` // absolute paths below /tmp or /dev/shm that stay visible
}

// Furnish says what there is to be found in the space that Setup made. It is the second request.
type Furnish struct {
	Hosts     []HostAddress `json:"hosts"`
	Egress    []Egress      `json:"egress,omitempty"`
	Redirects []Redirect    `json:"redirects,omitempty"` // only where Features has Redirects
	Links     []Link        `json:"links,omitempty"`
}

// Redirect leads TCP connections to From, ip:port, to another port of the same address.
type Redirect struct {
	From string `json:"from"`
	To   uint16 `json:"to"`
}

// Link is an address at which the gateway takes the place of a dependency for one of its consumers. The sockets go to
// the gateway when it starts, one for each port, from descriptor 3 on.
type Link struct {
	Address  string   `json:"address"`
	Ports    []int    `json:"ports"`
	Names    []string `json:"names"`    // hostnames that lead there
	Services []string `json:"services"` // for these alone
}

// HostAddress is one line of /etc/hosts.
type HostAddress struct {
	Address string   `json:"address"`
	Names   []string `json:"names"`
}

// Egress is a declared destination: PID 1 listens on Address and hands every connection to the runner.
type Egress struct {
	Address     string `json:"address"`     // ip:port inside
	Destination string `json:"destination"` // host:port outside
}

// Start starts a process under a name that no other running process has.
type Start struct {
	Name    string   `json:"name"`
	Command []string `json:"command"` // argv; empty: the envd binary itself, with Args
	Args    []string `json:"args,omitempty"`
	Env     []string `json:"env"`
	WorkDir string   `json:"workdir,omitempty"`
	User    string   `json:"user,omitempty"`    // name or uid, optionally :group
	View    string   `json:"view,omitempty"`    // the service whose links it sees
	Gateway bool     `json:"gateway,omitempty"` // it gets the sockets of the links

	Terminal bool `json:"terminal,omitempty"` // its streams are a terminal, to become its controlling one
}

// Freeze stops Name and everything that descends from it, or lets it go on.
type Freeze struct {
	Name string `json:"name"`
	Thaw bool   `json:"thaw,omitempty"`
}

// Await answers once Name's process accepts connections on an abstract unix socket, or has ended.
type Await struct {
	Name   string `json:"name"`
	Socket string `json:"socket"`
}

// Signal sends a signal to the process group of Name. All: SIGKILL to it and everything that descends from it.
type Signal struct {
	Name   string `json:"name"`
	Number int    `json:"number,omitempty"`
	All    bool   `json:"all,omitempty"`
}

// Stop asks Name to end by a signal, and after Grace kills it with everything that descends from it.
type Stop struct {
	Name   string        `json:"name"`
	Number int           `json:"number"`
	Grace  time.Duration `json:"grace"`
}

// Wait answers once Name's process has ended.
type Wait struct {
	Name   string `json:"name"`
	Forget bool   `json:"forget,omitempty"` // kill what it left running and free the name
}

// File puts a file in place as services see it, without touching the host's.
type File struct {
	Path string `json:"path"`
	Mode uint32 `json:"mode"`
	User string `json:"user,omitempty"` // owner
}

// Dial connects from inside.
type Dial struct {
	Network string        `json:"network"` // tcp or unix
	Address string        `json:"address"`
	Timeout time.Duration `json:"timeout,omitempty"`
}

// Query asks for what PID 1 knows.
type Query struct {
	Processes  bool `json:"processes,omitempty"`
	Undeclared bool `json:"undeclared,omitempty"`
}

// Response answers the Request of the same ID. ID 0 is unasked: the file is an accepted egress connection.
type Response struct {
	ID    uint64 `json:"id"`
	Error *Error `json:"error,omitempty"`

	Setup      *Features         `json:"setup,omitempty"`
	Started    *Started          `json:"started,omitempty"`
	Exit       *envd.Exit        `json:"exit,omitempty"`
	CPU        time.Duration     `json:"cpu,omitempty"` // with Exit: what the process and its descendants used
	Processes  []Process         `json:"processes,omitempty"`
	Undeclared []envd.Connection `json:"undeclared,omitempty"`
	Egress     string            `json:"egress,omitempty"` // destination of an accepted connection
}

// Features says what Setup could do on this kernel.
type Features struct {
	Recorded  bool `json:"recorded"`  // undeclared connections are seen
	Redirects bool `json:"redirects"` // ports can be redirected
}

// Started is a process that runs.
type Started struct {
	PID  int       `json:"pid"` // as seen inside
	Time time.Time `json:"time"`
}

// Process is a started process with everything that descends from it.
type Process struct {
	Name    string        `json:"name"`
	Started time.Time     `json:"started"`
	Exit    *envd.Exit    `json:"exit,omitempty"`
	CPU     time.Duration `json:"cpu"`
	RSS     int64         `json:"rss"`
	Frozen  bool          `json:"frozen,omitempty"` // all of it
}

// Error carries an error with what a caller may test for.
type Error struct {
	Message string        `json:"message"`
	Errno   syscall.Errno `json:"errno,omitempty"`
	Kind    string        `json:"kind,omitempty"`
}

var kinds = map[string]error{
	"no program":  envd.ErrNoProgram,
	"no service":  envd.ErrNoService,
	"unsupported": envd.ErrUnsupported,
	"exited":      envd.ErrExited,
}

// NewError makes err fit for the wire. Nil stays nil.
func NewError(err error) *Error {
	if err == nil {
		return nil
	}
	e := &Error{Message: err.Error()}
	for kind, target := range kinds {
		if errors.Is(err, target) {
			e.Kind = kind
		}
	}
	errors.As(err, &e.Errno)
	return e
}

func (e *Error) Error() string { return e.Message }

// Is lets callers test for the contract's errors and for errno values.
func (e *Error) Is(target error) bool {
	if e.Kind != "" && kinds[e.Kind] == target {
		return true
	}
	return e.Errno != 0 && (e.Errno == target || e.Errno.Is(target))
}

// Err is the response's error as an error value, nil where there is none.
func (r *Response) Err() error {
	if r.Error == nil {
		return nil
	}
	return fmt.Errorf("%w", r.Error)
}
