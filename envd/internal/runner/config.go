package runner

import (
	"context"
	"errors"
	"time"

	"github.com/envd-dev/envd/chaos"
	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/evidence"
	"github.com/envd-dev/envd/loadprofiles"
)

// Causes for which a run ends before its end.
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
	Relay   []string                                       // the command line before k6's own that runs it in loadprofiles.Relay
	TTL     time.Duration                                  // lease of an environment without stages
	Keep    time.Duration                                  // lease of the environment of a run that did not pass; 0: it is torn down
	Kept    func(evidence.Meta) error                      // called once when such an environment is kept, with its verdict and reports written; may be nil
	Ready   func(evidence.Meta) error                      // called once when an environment is up and published
	Notify  func(Notice)                                   // progress for people; called one at a time
	Secrets *Secrets
	Version string // of envd, for the reports
}

// Notice is one step of progress.
type Notice struct {
	Time        time.Time
	Step        string            // for example "service podinfo"
	Text        string            // for example "ready after 212ms"
	Observation *envd.Observation // set where the notice is an observation
	Failed      bool
}

// Result is how a run ended.
type Result struct {
	Verdict  envd.Verdict
	Cause    error // why it ended early, or nil
	WasReady bool  // the environment came up
	ExitCode int   // of the envd command, as run.json has it
	// Digest is the SHA-256 of the list of all files of the run directory, in hex: it stands for the whole evidence.
	Digest string
}
