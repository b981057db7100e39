package envd

import "time"

// Observation is one timestamped fact of a run. Exactly one of the pointers is set, and it says which kind of fact.
// A run's observations are append-only, one JSON document per line; a verdict rests on nothing else.
type Observation struct {
	Time  time.Time `json:"time"` // UTC, nanoseconds
	Stage string    `json:"stage,omitempty"`

	Run        *RunEvent         `json:"run,omitempty"`
	Service    *ServiceEvent     `json:"service,omitempty"`
	Image      *ImageFact        `json:"image,omitempty"`
	StageEvent *StageEvent       `json:"stage_event,omitempty"`
	Sample     *Sample           `json:"sample,omitempty"`
	Load       *LoadResult       `json:"load,omitempty"`
	Functional *FunctionalResult `json:"functional,omitempty"`
	Fault      *FaultEvent       `json:"fault,omitempty"`
	Stub       *StubSummary      `json:"stub,omitempty"`
	Connection *Connection       `json:"connection,omitempty"`
	Usage      *Usage            `json:"usage,omitempty"`
	Scrape     *Scrape           `json:"scrape,omitempty"`
	Leftover   *Leftover         `json:"leftover,omitempty"`
}

// RunEvent is a milestone of the run itself: provisioned, provision_failed, exercised, interrupted, over_budget, torn_down …
type RunEvent struct {
	Name   string `json:"name"`
	Detail string `json:"detail,omitempty"`
}

// The names of run events.
const (
	RunProvisioned     = "provisioned"
	RunProvisionFailed = "provision_failed"
	RunExercised       = "exercised" // every stage ran to its end
	RunInterrupted     = "interrupted"
	RunOverBudget      = "over_budget"
	RunInternalError   = "internal_error"
	RunTornDown        = "torn_down"
	// RunConnectionsUnseen says that the runtime cannot see undeclared connections: their absence proves nothing.
	RunConnectionsUnseen = "connections_unseen"
)

// The names of service events.
const (
	ServiceStarted = "started"
	ServiceReady   = "ready"
	ServiceExited  = "exited"
)

// ServiceEvent is a milestone in a service's life: started, ready, exited.
type ServiceEvent struct {
	Service  string `json:"service"`
	Name     string `json:"name"`
	ExitCode *int   `json:"exit_code,omitempty"`
	Expected bool   `json:"expected,omitempty"` // the exit was asked for
	Detail   string `json:"detail,omitempty"`

	Restarting bool `json:"restarting,omitempty"` // of exited: its policy starts it again
	Restart    int  `json:"restart,omitempty"`    // of started: which restart by its policy this is, from 1
}

// StageEvent is the start or the end of a stage, or of its load.
type StageEvent struct {
	Name string `json:"name"` // started, load_started, load_ended, ended
}

// The names of stage events.
const (
	StageStarted   = "started"
	StageLoadStart = "load_started"
	StageLoadEnd   = "load_ended"
	StageEnded     = "ended"
)

// Sample is one second of load. A request belongs to the second in which it started.
type Sample struct {
	Start      time.Time  `json:"start"` // the second's beginning
	Requests   int64      `json:"requests"`
	Failed     int64      `json:"failed"`
	Iterations int64      `json:"iterations"`
	Dropped    int64      `json:"dropped"`
	ChecksOK   int64      `json:"checks_ok"`
	ChecksBad  int64      `json:"checks_bad"`
	Latency    *Histogram `json:"latency,omitempty"` // milliseconds
}

// LoadResult is how a load run ended, apart from its samples.
type LoadResult struct {
	ExitCode   int               `json:"exit_code"`
	Iterations int64             `json:"iterations"`
	Planned    int64             `json:"planned"` // iterations that the profile asks for; 0: not fixed
	Dropped    int64             `json:"dropped"`
	Exceptions int64             `json:"exceptions"` // script exceptions
	Examples   []string          `json:"examples,omitempty"`
	Saturated  string            `json:"saturated,omitempty"` // why the generator was the bottleneck
	Starved    string            `json:"starved,omitempty"`   // why iterations were dropped: no virtual user was free
	Problem    string            `json:"problem,omitempty"`   // why the load could not begin, or its samples could not be read
	Thresholds []ThresholdResult `json:"thresholds,omitempty"`
}

// ThresholdResult is one threshold of the user's own k6 script.
type ThresholdResult struct {
	Metric   string  `json:"metric"`
	Source   string  `json:"source"`
	Outcome  Outcome `json:"outcome"` // pass, fail, or inconclusive without samples
	Measured float64 `json:"measured"`
	Samples  int64   `json:"samples"`
	Message  string  `json:"message,omitempty"`
}

// FunctionalResult is how a test command ended.
type FunctionalResult struct {
	Command  []string `json:"command"`
	ExitCode int      `json:"exit_code"`
	Duration Duration `json:"duration"`
	Error    string   `json:"error,omitempty"` // it could not run, or ran into its timeout
	TimedOut bool     `json:"timed_out,omitempty"`
	Output   string   `json:"output,omitempty"` // its last lines
}

// FaultEvent is a milestone of a fault, at the time it really happened: injected, active (effect measured), reverted, failed.
type FaultEvent struct {
	Fault  string  `json:"fault"`
	Kind   string  `json:"kind"`
	Target string  `json:"target"`
	Name   string  `json:"name"`
	Effect *Effect `json:"effect,omitempty"`
	Error  string  `json:"error,omitempty"`
}

// The names of fault events.
const (
	FaultInjected = "injected"
	FaultActive   = "active"
	FaultReverted = "reverted"
	FaultFailed   = "failed"
)

// Effect is what a fault was measured to do.
type Effect struct {
	Affected int64   `json:"affected"` // requests or connections that it touched
	Total    int64   `json:"total"`    // all requests or connections in that time
	DelayMS  float64 `json:"delay_ms"` // mean added delay, milliseconds
	Summary  string  `json:"summary"`
}

// StubSummary is a stub's counters, taken at the end of the run.
type StubSummary struct {
	Host      string   `json:"host"`
	Requests  int64    `json:"requests"`
	Matched   int64    `json:"matched"`
	Unmatched int64    `json:"unmatched"`
	Faulted   int64    `json:"faulted"`
	Unused    []string `json:"unused,omitempty"`
	Examples  []string `json:"examples,omitempty"` // the first few unmatched requests, each with its nearest mapping
}

// Connection is an outbound connection or name lookup that no stub, service or egress rule declares.
type Connection struct {
	Destination string `json:"destination"` // host:port, ip:port or a bare hostname
	Protocol    string `json:"protocol"`    // dns, tcp, udp
	Count       int64  `json:"count"`
}

// Usage is what a service consumed so far.
type Usage struct {
	Service  string   `json:"service"`
	CPU      Duration `json:"cpu"` // user + system since its start
	RSSBytes int64    `json:"rss_bytes"`
}

// Scrape is one reading of a service's metrics endpoint.
type Scrape struct {
	Service string `json:"service"`
	// Values holds the series that changed since the scrape before, keyed by name{label="value"}. Histograms and summaries
	// contribute their _count and _sum.
	Values map[string]float64 `json:"values,omitempty"`
	Gone   []string           `json:"gone,omitempty"`  // series of the scrape before that this one lacks
	Left   int                `json:"left,omitempty"`  // how many series were dropped, because there are more than are kept
	Error  string             `json:"error,omitempty"` // why it could not be read; only the first of several failures in a row is recorded
}

// Window is a stretch of time: [Start, End).
type Window struct {
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
}
