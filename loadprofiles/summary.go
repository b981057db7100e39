package loadprofiles

import (
	"fmt"
	"slices"
	"time"
)

// Summary is what one k6 run did, complete enough to judge whether its figures can be trusted.
type Summary struct {
	Start time.Time `json:"start"` // of the test, setup() included
	End   time.Time `json:"end"`   // teardown() included; what k6 does after, with its measures, is not

	Planned    float64 `json:"planned,omitempty"` // iterations that the profile asks for; 0 when the script decides
	Iterations int64   `json:"iterations"`        // that ran to their end, exceptions included
	Dropped    int64   `json:"dropped"`           // that could not start for want of a free virtual user

	Requests       int64   `json:"requests"`
	RequestsFailed int64   `json:"requests_failed"` // without the expected status
	ChecksPassed   int64   `json:"checks_passed"`
	ChecksFailed   int64   `json:"checks_failed"`
	Checks         []Check `json:"checks,omitempty"` // the first different ones

	VUs      int64 `json:"vus"`                 // most virtual users there were
	VUsLimit int64 `json:"vus_limit,omitempty"` // most there could have been; 0 when unknown

	Exceptions Exceptions        `json:"exceptions"`
	Notices    []string          `json:"notices,omitempty"` // k6's first warnings and errors
	Thresholds []ThresholdResult `json:"thresholds,omitempty"`

	ExitCode   int      `json:"exit_code"`
	ExitReason string   `json:"exit_reason,omitempty"` // what a code other than 0 means
	Incomplete string   `json:"incomplete,omitempty"`  // why the measures could not be read to their end
	CPUShare   float64  `json:"cpu_share,omitempty"`   // of the CPUs that k6 could use
	Saturated  bool     `json:"saturated"`             // the generator, not the application, was the limit
	Saturation []string `json:"saturation,omitempty"`  // why, and what helps
	Starved    string   `json:"starved,omitempty"`     // why no virtual user was free for iterations, and what helps
}

// Check is how often one check() of the script held.
type Check struct {
	Name   string `json:"name"`
	Passed int64  `json:"passed"`
	Failed int64  `json:"failed"`
}

// Status is the outcome of a threshold.
type Status string

// Unknown is not a kind of passing: the run stays inconclusive.
const (
	Passed  Status = "pass"
	Failed  Status = "fail"
	Unknown Status = "unknown"
)

// ThresholdResult is a threshold with its outcome.
type ThresholdResult struct {
	Threshold Threshold `json:"threshold"`
	Status    Status    `json:"status"`
	Reason    string    `json:"reason,omitempty"` // why the status is unknown
	Samples   int64     `json:"samples"`
	Value     float64   `json:"value"` // the aggregate that was compared with the limit
	// Exact is false for a percentile far from its limit, whose Value is within 1 %. The status is exact all the same.
	Exact bool `json:"exact"`
}

const maxChecks = 100

// shortfall is the part of the planned iterations that may be missing: k6 rounds where ramps meet, and iterations in
// flight at the end may be cut off.
const shortfall = 0.01

func (s *Summary) check(name string, passed, failed int64) {
	s.ChecksPassed += passed
	s.ChecksFailed += failed
	i := slices.IndexFunc(s.Checks, func(c Check) bool { return c.Name == name })
	if i < 0 {
		if len(s.Checks) == maxChecks {
			return
		}
		i = len(s.Checks)
		s.Checks = append(s.Checks, Check{Name: name})
	}
	s.Checks[i].Passed += passed
	s.Checks[i].Failed += failed
}

func (s *Summary) saturated(format string, args ...any) {
	s.Saturated = true
	s.Saturation = append(s.Saturation, fmt.Sprintf(format, args...))
}

func (s Summary) clone() Summary {
	s.Checks = slices.Clone(s.Checks)
	s.Notices = slices.Clone(s.Notices)
	s.Exceptions.First = slices.Clone(s.Exceptions.First)
	s.Saturation = nil
	return s
}

// Failures returns the script's own objectives that were missed: its thresholds and its word. Any makes the run fail.
func (s Summary) Failures() []string {
	var all []string
	for _, t := range s.Thresholds {
		if t.Status == Failed {
			all = append(all, fmt.Sprintf("threshold %s: the value is %.6g", t.Threshold, t.Value))
		}
	}
	if s.ExitCode == exitMarkedAsFailed {
		all = append(all, "the script marked the test as failed")
	}
	return all
}

// Doubts returns the reasons for which the run proves nothing, whatever its figures say. Any of them forbids a pass.
func (s Summary) Doubts() []string {
	var all []string
	doubt := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }

	if s.ExitCode != 0 && s.ExitCode != exitMarkedAsFailed {
		doubt("k6 ended with exit code %d: %s", s.ExitCode, s.ExitReason)
	}
	if s.Incomplete != "" {
		doubt("%s", s.Incomplete)
	}
	started := float64(s.Iterations + s.Dropped)
	switch {
	case s.Iterations == 0:
		doubt("no iteration was completed")
	case started < s.Planned*(1-shortfall)-2:
		doubt("only %.0f of %.0f planned iterations were run", started, s.Planned)
	}
	if s.Dropped > 0 {
		doubt("%d iterations were dropped", s.Dropped)
	}
	if n := s.Exceptions.Count; n > 0 {
		doubt("the script threw %d %s%s", n, plural(n, "exception"), s.Exceptions.example())
	}
	if s.Starved != "" {
		all = append(all, s.Starved)
	}
	all = append(all, s.Saturation...)
	for _, t := range s.Thresholds {
		if t.Status == Unknown {
			doubt("threshold %s cannot be evaluated: %s", t.Threshold, t.Reason)
		}
	}
	return all
}

func (e Exceptions) example() string {
	if len(e.First) == 0 {
		return ""
	}
	first := e.First[0]
	if first.Location == "" {
		return ", the first: " + first.Text
	}
	return fmt.Sprintf(", the first at %s: %s", first.Location, first.Text)
}

func plural(n int64, word string) string {
	if n == 1 {
		return word
	}
	return word + "s"
}

const (
	exitMarkedAsFailed = 110
	killed             = "it was killed by a signal"
)

// exitReason explains k6's exit codes: https://pkg.go.dev/go.k6.io/k6/v2/errext/exitcodes.
func exitReason(code int) string {
	switch code {
	case 0:
		return ""
	case -1:
		return killed
	case 100:
		return "setup() took too long"
	case 101:
		return "teardown() took too long"
	case 104:
		return "its configuration is invalid"
	case 105:
		return "it was interrupted"
	case 107:
		return "the script threw an exception outside of an iteration"
	case 108:
		return "the script aborted the test"
	case 109:
		return "k6 crashed"
	case exitMarkedAsFailed:
		return "the script marked the test as failed"
	default:
		if code > 128 { // as shells tell of signals
			return killed
		}
		return "see k6's log"
	}
}
