package runner

import (
	"context"
	"errors"
	"time"

	"github.com/envd-dev/envd/chaos"
	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/evidence"
	"github.com/envd-dev/envd/envd/internal/plan"
	"github.com/envd-dev/envd/loadprofiles"
)

// Causes that end a run early.
var (
	ErrInterrupted = errors.New("interrupted")
	ErrOverBudget  = errors.New("the time budget is used up")
	ErrLeaseEnded  = errors.New("the lease ended")
	ErrDown        = errors.New("taken down on request")
)

// Config is all that a runner needs.
type Config struct {
	ID      string
	Spec    *envd.Spec
	Dir     *evidence.Dir
	Runtime envd.Runtime
	Faults  chaos.Registry
	Lookup  envd.Lookup
	K6      func(context.Context) (loadprofiles.K6, error) // finds the load generator; called when a stage needs it
	Relay   []string                                       // put before k6's command line, so that it runs under loadprofiles.Relay
	TTL     time.Duration                                  // Up: lease of the environment
	Keep    time.Duration                                  // Run: lease of the environment if the run does not pass; 0: it is torn down all the same
	Kept    func(evidence.Meta) error                      // called once an environment is kept, its verdict and reports written; may be nil
	Ready   func(evidence.Meta) error                      // called once when an environment is up and published
	Notify  func(Notice)                                   // progress for people; called one at a time
	Secrets *Secrets
	Version string // envd's own, for the reports
}

// Notice is one step of progress.
type Notice struct {
	Time        time.Time
	Step        string            // for example "service podinfo"
	Text        string            // for example "ready after 212ms"
	Observation *envd.Observation // nil unless the notice is about one
	Event       plan.EventKind    // of the operation Step; "" unless the notice is about one
	Failed      bool
}

// Result is how a run ended.
type Result struct {
	Verdict  envd.Verdict
	Cause    error // why the run ended early; nil if it did not
	WasReady bool  // the environment came up
	ExitCode int   // of the envd command, as run.json has it
	// Digest is the SHA-256, in hex, of the list of all files of the run directory and their digests, and so identifies
	// the whole evidence.
	Digest string
}
