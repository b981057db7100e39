package envd

import "encoding/json"

// Stage is one exercise: a functional test command, a load profile, or both, with a timeline of faults.
type Stage struct {
	Name       string      `json:"name"`
	Functional *Functional `json:"functional,omitempty"`
	Load       *Load       `json:"load,omitempty"`
	Faults     []Fault     `json:"faults,omitempty"`
	// SteadyState says what "recovered" means to a `recovers within` condition of this stage. Empty: derived from
	// the stretch before the first fault (see the judge's documentation). Under the profile breakpoint it is what
	// breaks.
	SteadyState []Condition `json:"steady_state,omitempty"`
}

// Functional is a test command, run inside the environment; exit code 0 passes.
type Functional struct {
	Command []string         `json:"command"`
	WorkDir string           `json:"workdir,omitempty"`
	Env     map[string]Value `json:"env,omitempty"`
	Timeout Duration         `json:"timeout"`
}

// Load is one k6 run.
type Load struct {
	Profile  string           `json:"profile"` // smoke, load, peak, stress, spike, soak, breakpoint
	Rate     float64          `json:"rate"`    // iterations per second at the profile's plateau
	Duration Duration         `json:"duration"`
	MaxVUs   int              `json:"max_vus,omitempty"` // 0: derived
	Script   string           `json:"script,omitempty"`  // absolute path of the user's k6 script, or
	Requests []LoadRequest    `json:"requests,omitempty"`
	Env      map[string]Value `json:"env,omitempty"` // reaches the script as __ENV
}

// Breakpoint is the profile that climbs steadily from nothing to its rate, to find the rate at which the stage's steady
// state breaks. Iterations dropped on the way are part of that answer, and no flaw of the run.
const Breakpoint = "breakpoint"

// Breaks reports whether the load is meant to find where the environment breaks.
func (l *Load) Breaks() bool { return l != nil && l.Profile == Breakpoint }

// LoadRequest is one request of a generated script; the requests of a list are made in turn.
type LoadRequest struct {
	Method  string            `json:"method"`
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers,omitempty"`
	Body    string            `json:"body,omitempty"`
	Status  int               `json:"status,omitempty"` // expected status; 0: any below 400
}

// Fault is one planned injection on a stage's timeline.
type Fault struct {
	Name   string          `json:"name"` // unique in the spec
	Kind   string          `json:"kind"` // for example stub.latency, stub.outage
	Target string          `json:"target"`
	At     Duration        `json:"at"`  // since the stage's load began
	For    Duration        `json:"for"` // how long it stays
	Params json.RawMessage `json:"params,omitempty"`
}
