package cli

import "github.com/envd-dev/envd/envd"

// Exit codes, as the README documents them.
const (
	exitPass         = 0
	exitFail         = 1
	exitUsage        = 2 // a bad spec or bad usage
	exitEnvironment  = 3 // the environment did not come up, or envd itself failed
	exitInconclusive = 4
	exitLeftovers    = 5 // something was left behind
	exitInterrupted  = 130
)

// exitError ends the command with a code; a nil error means that all has been said.
type exitError struct {
	code int
	error
}

func (e *exitError) Unwrap() error { return e.error }

// withCode gives err its exit code; nil stays nil.
func withCode(code int, err error) error {
	if err == nil {
		return nil
	}
	return &exitError{code, err}
}

// outcomeCode is the exit code of a verdict. What was left behind never hides a verdict other than a pass.
func outcomeCode(v envd.Verdict) int {
	switch v.Outcome {
	case envd.Fail:
		return exitFail
	case envd.Inconclusive:
		return exitInconclusive
	case envd.Pass:
		if len(v.Leftovers) > 0 {
			return exitLeftovers
		}
		return exitPass
	}
	return exitEnvironment
}
