// Package v1 holds the documents of the daemon's HTTP API, /v1. They only ever grow: a field keeps its name, type and
// meaning for as long as the API is called v1. The verdict is envd.Verdict as it stands in verdict.json.
package v1

import (
	"time"

	"github.com/envd-dev/envd/envd"
)

// Status is where a run or an environment stands.
type Status string

const (
	Queued       Status = "queued"   // waits for a free place
	Starting     Status = "starting" // its runner is being started
	Provisioning Status = "provisioning"
	Ready        Status = "ready" // an environment that waits for its lease to end
	Exercising   Status = "exercising"
	TearingDown  Status = "tearing_down"
	Finished     Status = "finished"
	Canceled     Status = "canceled" // ended on request before it had begun
	Lost         Status = "lost"     // its runner ended without finishing
)

// Ended reports whether nothing more will happen.
func (s Status) Ended() bool { return s == Finished || s == Canceled || s == Lost }

// RunRequest submits a run (POST /v1/runs). Instead of it, the body may be the tar archive (application/x-tar or
// application/gzip) of the spec's directory; the fields then are query parameters and spec is a path in the archive.
type RunRequest struct {
	Spec    string `json:"spec"`              // absolute path on the daemon's host
	Runtime string `json:"runtime,omitempty"` // instead of the spec's
}

// EnvironmentRequest asks for an environment (POST /v1/environments), by path or by archive as RunRequest.
type EnvironmentRequest struct {
	Spec    string        `json:"spec"`
	Runtime string        `json:"runtime,omitempty"`
	TTL     envd.Duration `json:"ttl,omitempty"` // the lease; one hour where it is 0
}

// Run is a run as the daemon knows it.
type Run struct {
	ID       string       `json:"id"`
	Name     string       `json:"name"`           // the spec's
	Spec     string       `json:"spec,omitempty"` // where it was read from
	Runtime  string       `json:"runtime"`
	Status   Status       `json:"status"`
	Stage    string       `json:"stage,omitempty"` // the one being exercised
	Created  time.Time    `json:"created"`
	Started  time.Time    `json:"started,omitzero"`
	Ended    time.Time    `json:"ended,omitzero"`
	Outcome  envd.Outcome `json:"outcome,omitempty"`
	ExitCode *int         `json:"exit_code,omitempty"` // of `envd run`, where it is known
	Message  string       `json:"message,omitempty"`   // why it ended without a verdict
	Dir      string       `json:"dir,omitempty"`       // its run directory on the daemon's host
}

// RunList is the answer to GET /v1/runs, the newest first.
type RunList struct {
	Runs []Run `json:"runs"`
}

// Environment is an environment as the daemon knows it.
type Environment struct {
	ID       string       `json:"id"`
	Name     string       `json:"name"`
	Spec     string       `json:"spec,omitempty"`
	Runtime  string       `json:"runtime"`
	Status   Status       `json:"status"`
	Created  time.Time    `json:"created"`
	Started  time.Time    `json:"started,omitzero"`
	Ended    time.Time    `json:"ended,omitzero"`
	Expires  time.Time    `json:"expires,omitzero"` // end of the lease
	Outcome  envd.Outcome `json:"outcome,omitempty"`
	ExitCode *int         `json:"exit_code,omitempty"`
	Message  string       `json:"message,omitempty"`
	Dir      string       `json:"dir,omitempty"`
	// Addresses maps "service:port" to the address on the daemon's host that leads there.
	Addresses map[string]string `json:"addresses,omitempty"`
	// Services and Stubs are there where one environment is asked for; Stubs while it is up.
	Services map[string]envd.ServiceState `json:"services,omitempty"`
	Stubs    []envd.StubSummary           `json:"stubs,omitempty"`
}

// EnvironmentList is the answer to GET /v1/environments, the newest first.
type EnvironmentList struct {
	Environments []Environment `json:"environments"`
}

// RenewRequest makes a lease end TTL from now.
type RenewRequest struct {
	TTL envd.Duration `json:"ttl"`
}

// Lease is the answer to a renewal.
type Lease struct {
	Expires time.Time `json:"expires"`
}

// ExecRequest begins the body of an exec; what follows it is the command's standard input.
type ExecRequest struct {
	Service string            `json:"service,omitempty"` // in whose surroundings; empty: the environment's own
	Command []string          `json:"command"`
	Env     map[string]string `json:"env,omitempty"`
	WorkDir string            `json:"workdir,omitempty"`
	// Frames says that what follows are ExecInputs instead, one a line, so that signals can come between.
	Frames bool `json:"frames,omitempty"`
	// Terminal runs it on a terminal of that size.
	Terminal *envd.TerminalSize `json:"terminal,omitempty"`
}

// ExecInput is one line of what follows an ExecRequest with Frames.
type ExecInput struct {
	Stdin []byte `json:"stdin,omitempty"`
	End   bool   `json:"end,omitempty"` // of the standard input
	envd.ExecControl
}

// ExecFrame is one line of the answer to an exec (application/x-ndjson). The last one holds Exit or Error.
type ExecFrame struct {
	Stdout []byte `json:"stdout,omitempty"`
	Stderr []byte `json:"stderr,omitempty"`
	Exit   *int   `json:"exit,omitempty"`
	Error  string `json:"error,omitempty"`
}

// FileList names the files of a run directory, by path relative to it.
type FileList struct {
	Files []File `json:"files"`
}

// File is one of them.
type File struct {
	Name string `json:"name"`
	Size int64  `json:"size"`
}

// Version is the answer to GET /v1/version.
type Version struct {
	Version string `json:"version"`
	API     string `json:"api"` // v1
}

// The names of server-sent events. An event's ID is where to go on: send it back as Last-Event-ID.
const (
	EventObservation = "observation" // data: envd.Observation
	EventEnd         = "end"         // data: Run; nothing follows
	EventLine        = "line"        // data: a line of a log
	EventRun         = "run"         // data: Run, whenever one changes
	EventEnvironment = "environment" // data: Environment, whenever one changes
)
