package envd

// Exit codes of the envd command, as the README documents them.
const (
	ExitPass         = 0
	ExitFail         = 1
	ExitUsage        = 2 // a bad spec or bad usage
	ExitEnvironment  = 3 // the environment did not come up, or envd itself failed
	ExitInconclusive = 4
	ExitLeftovers    = 5 // something was left behind
	ExitInterrupted  = 130
)

// ExitCode is the exit code of a verdict. Leftovers change only that of a pass: they never hide any other outcome.
func (v Verdict) ExitCode() int {
	switch v.Outcome {
	case Fail:
		return ExitFail
	case Inconclusive:
		return ExitInconclusive
	case Pass:
		if len(v.Leftovers) > 0 {
			return ExitLeftovers
		}
		return ExitPass
	}
	return ExitEnvironment
}
