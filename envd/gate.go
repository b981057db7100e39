package envd

import "time"

// Gate is what a run must prove. An empty gate proves nothing: its verdict is inconclusive.
type Gate struct {
	Conditions []Condition `json:"conditions"`
	// Guard is cut from both ends of a fault's window, so that a sample on its edge counts to neither side.
	Guard Duration `json:"guard"`
}

// ConditionKind tells the forms of a condition apart.
type ConditionKind string

const (
	// Threshold compares a windowed statistic of a stage's load: `p95 < 500ms during payments-slow`.
	Threshold ConditionKind = "threshold"
	// Recovery bounds the way back to steady state: `recovers within 5s after payments-down`.
	Recovery ConditionKind = "recovery"
	// Withstands bounds from below the rate at which a breakpoint's steady state breaks: `withstands 300/s in climb`.
	Withstands ConditionKind = "withstands"
	// ServiceMetric compares a metric that a service exposes: every reading of it, `metric shop queue_length < 50 during
	// payments-slow`, or how much a counter grew, `metric shop errors_total increased == 0`.
	ServiceMetric ConditionKind = "service_metric"
	// StubCalled compares how often a stub was asked: `stub payments.example.com called >= 1`.
	StubCalled ConditionKind = "stub_called"
	// NoUnmatched wants every stub request matched: `no unmatched requests [on HOST]`.
	NoUnmatched ConditionKind = "no_unmatched"
	// NoUndeclared wants no connection to an undeclared destination: `no undeclared connections`.
	NoUndeclared ConditionKind = "no_undeclared"
)

// Phase is a stretch of a stage relative to a fault.
type Phase string

const (
	Whole  Phase = ""       // the whole stage
	Before Phase = "before" // the quiet stretch up to the fault's injection, from the load's start or the revert of the fault before
	During Phase = "during" // while the fault was active
	After  Phase = "after"  // the quiet stretch from the fault's revert to the next fault's injection or the load's end
)

// Metric names a statistic of a stage's load.
type Metric string

const (
	MetricQuantile   Metric = "quantile"   // latency at Condition.Quantile, milliseconds: p50, p95, p99.9
	MetricAvg        Metric = "avg"        // mean latency, milliseconds
	MetricMin        Metric = "min"        // milliseconds
	MetricMax        Metric = "max"        // milliseconds
	MetricErrorRate  Metric = "error_rate" // failed requests over all requests, 0..1
	MetricRate       Metric = "rate"       // requests per second
	MetricRequests   Metric = "requests"   // count
	MetricIterations Metric = "iterations" // count
	MetricChecks     Metric = "checks"     // passed checks over all checks, 0..1
)

// Condition is one line of a gate, parsed.
type Condition struct {
	Source   string        `json:"source"` // as the user wrote it
	Kind     ConditionKind `json:"kind"`
	Metric   Metric        `json:"metric,omitempty"`
	Quantile float64       `json:"quantile,omitempty"` // 0..1
	Op       string        `json:"op,omitempty"`       // < <= > >= == !=
	Value    float64       `json:"value"`              // milliseconds, a ratio 0..1, requests per second, a count, or the unit of the service's series
	Stage    string        `json:"stage,omitempty"`    // empty: every stage with load (for a ServiceMetric: every stage) except breakpoints; with Fault: the fault's stage
	Phase    Phase         `json:"phase,omitempty"`
	Fault    string        `json:"fault,omitempty"`
	Within   Duration      `json:"within,omitempty"`
	Stub     string        `json:"stub,omitempty"`

	Service   string  `json:"service,omitempty"`
	Series    *Series `json:"series,omitempty"`
	Increased bool    `json:"increased,omitempty"` // compare the growth instead of the readings
}

// Outcome is the answer of a verdict or of one condition.
type Outcome string

const (
	Pass         Outcome = "pass"
	Fail         Outcome = "fail"
	Inconclusive Outcome = "inconclusive" // the evidence does not carry an answer; never promotes
	Errored      Outcome = "error"        // the environment did not come up or envd itself failed
)

// Verdict is what the gate says of a run. Only Pass promotes.
type Verdict struct {
	Outcome    Outcome           `json:"outcome"`
	Reasons    []string          `json:"reasons,omitempty"` // why it is not a pass, the weightiest first
	Conditions []ConditionResult `json:"conditions"`
	Stages     []StageResult     `json:"stages,omitempty"`
	Faults     []FaultResult     `json:"faults,omitempty"`
	Stubs      []StubResult      `json:"stubs,omitempty"`
	Undeclared []Connection      `json:"undeclared,omitempty"`
	Leftovers  []Leftover        `json:"leftovers,omitempty"`
}

// ConditionResult is one condition with what was measured.
type ConditionResult struct {
	Condition Condition `json:"condition"`
	Outcome   Outcome   `json:"outcome"`
	Measured  float64   `json:"measured"` // in Condition.Value's unit; meaningless where Samples is 0
	Samples   int64     `json:"samples"`  // requests, calls, seconds or readings behind the answer
	Window    *Window   `json:"window,omitempty"`
	Message   string    `json:"message"` // one sentence with the numbers
}

// StageResult is the summary of a stage.
type StageResult struct {
	Name       string            `json:"name"`
	Outcome    Outcome           `json:"outcome"`
	Reasons    []string          `json:"reasons,omitempty"`
	Functional *FunctionalResult `json:"functional,omitempty"`
	Load       *LoadStatistics   `json:"load,omitempty"`
	Breakpoint *BreakpointResult `json:"breakpoint,omitempty"`
}

// BreakpointResult is where a stage's steady state broke under the profile breakpoint.
type BreakpointResult struct {
	Held  float64    `json:"held"`            // highest rate, in iterations per second, up to which every second was steady
	Broke *time.Time `json:"broke,omitempty"` // the first second that was not steady; nil: it held to the end
	Why   string     `json:"why,omitempty"`   // the condition that failed in that second, and how
}

// LoadStatistics are a stage's load over one window.
type LoadStatistics struct {
	Requests   int64   `json:"requests"`
	Iterations int64   `json:"iterations"`
	Dropped    int64   `json:"dropped"`
	ErrorRate  float64 `json:"error_rate"`
	Rate       float64 `json:"rate"` // requests per second
	P50        float64 `json:"p50"`  // milliseconds, as are the next four
	P95        float64 `json:"p95"`
	P99        float64 `json:"p99"`
	Avg        float64 `json:"avg"`
	Max        float64 `json:"max"`
}

// FaultResult is a fault with what it really did.
type FaultResult struct {
	Name     string          `json:"name"`
	Kind     string          `json:"kind"`
	Target   string          `json:"target"`
	Stage    string          `json:"stage"`
	Active   bool            `json:"active"` // its effect was measured
	Effect   string          `json:"effect"` // for example "+800 ms on 240 of 240 requests"
	Window   *Window         `json:"window,omitempty"`
	During   *LoadStatistics `json:"during,omitempty"`
	Before   *LoadStatistics `json:"before,omitempty"`
	After    *LoadStatistics `json:"after,omitempty"`
	Error    string          `json:"error,omitempty"`
	Reverted bool            `json:"reverted"`
}

// StubResult is the summary of a stub's requests.
type StubResult struct {
	Host      string   `json:"host"`
	Requests  int64    `json:"requests"`
	Matched   int64    `json:"matched"`
	Unmatched int64    `json:"unmatched"`
	Faulted   int64    `json:"faulted"`
	Unused    []string `json:"unused,omitempty"` // mappings never hit
	Examples  []string `json:"examples,omitempty"`
	Strict    bool     `json:"strict,omitempty"`
}
