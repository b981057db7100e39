package stubs

import (
	"sync/atomic"
	"time"

	"github.com/envd-dev/envd/stubs/internal/metrics"
)

// Stats counts what a server has served since it was made. Admin requests do not count.
type Stats struct {
	Requests        uint64
	Matched         uint64
	Unmatched       uint64
	Faults          uint64        // requests that an override touched
	InjectedLatency time.Duration // sum of the delays that overrides really added
}

// Served is one stubbed request, after its response was sent.
type Served struct {
	Time     time.Time     // when the request had arrived
	Duration time.Duration // until the response was sent, injected delay included
	Method   string
	Host     string
	Path     string // undecoded, without query
	Status   int    // 0 when the connection was broken instead
	Matched  bool
	StubID   string // of the stub that matched
	StubName string
	FaultID  string        // of the override that touched the request
	Delay    time.Duration // that overrides added, measured
	Outage   bool          // an override made the request fail before any stub was looked for
	Bytes    int           // of the response body

	asked time.Duration // the delay that the mapping or the settings asked for
}

type counters struct {
	requests, matched, unmatched, faults atomic.Uint64
	injected                             atomic.Int64

	broken        atomic.Uint64 // by faults of mappings
	added, served metrics.Histogram
}

// Stats returns the counts so far.
func (s *Server) Stats() Stats {
	return Stats{
		Requests:        s.counters.requests.Load(),
		Matched:         s.counters.matched.Load(),
		Unmatched:       s.counters.unmatched.Load(),
		Faults:          s.counters.faults.Load(),
		InjectedLatency: time.Duration(s.counters.injected.Load()),
	}
}

func (c *counters) count(v *Served) {
	c.requests.Add(1)
	switch {
	case v.Matched:
		c.matched.Add(1)
	case !v.Outage:
		c.unmatched.Add(1)
	}
	if v.FaultID != "" {
		c.faults.Add(1)
		c.injected.Add(int64(v.Delay))
	}
	if v.asked+v.Delay > 0 {
		c.added.Observe(v.asked + v.Delay)
	}
	c.served.Observe(v.Duration)
}
