package envd

import (
	"cmp"
	"strings"
	"time"
)

// Healthcheck is the healthcheck of an image (HEALTHCHECK in its Dockerfile) or of a Compose service. Zero fields are unset.
type Healthcheck struct {
	Test          []string `json:"test,omitempty"` // CMD and an argv, CMD-SHELL and a line of shell, or NONE
	Interval      Duration `json:"interval,omitempty"`
	Timeout       Duration `json:"timeout,omitempty"`      // of one test
	StartPeriod   Duration `json:"start_period,omitempty"` // during which failures do not count
	StartInterval Duration `json:"start_interval,omitempty"`
	Retries       int      `json:"retries,omitempty"` // failures in a row that make it unhealthy
}

// Defaults of the engine for unset fields (https://docs.docker.com/reference/dockerfile/#healthcheck).
const (
	healthInterval = Duration(30 * time.Second)
	healthTimeout  = Duration(30 * time.Second)
	healthRetries  = 3
)

// The interval of a healthcheck is meant for the whole life of a container, and passes before the first check. Here it only
// matters when the service can serve, so probes start as soon as it listens, and come more often.
const (
	longestHealthPause   = Duration(500 * time.Millisecond) // between two probes
	longestHealthSilence = Duration(3 * time.Second)        // before the first one, of a service that does not listen
)

// Over returns h with its unset fields taken from base.
func (h Healthcheck) Over(base Healthcheck) Healthcheck {
	if len(h.Test) == 0 {
		h.Test = base.Test
	}
	h.Interval, h.Timeout = cmp.Or(h.Interval, base.Interval), cmp.Or(h.Timeout, base.Timeout)
	h.StartPeriod, h.StartInterval = cmp.Or(h.StartPeriod, base.StartPeriod), cmp.Or(h.StartInterval, base.StartInterval)
	h.Retries = cmp.Or(h.Retries, base.Retries)
	return h
}

// Command returns the argv of the test, or nil if there is none.
func (h Healthcheck) Command() []string {
	if len(h.Test) < 2 {
		return nil
	}
	switch h.Test[0] {
	case "CMD":
		return h.Test[1:]
	case "CMD-SHELL":
		return []string{"/bin/sh", "-c", strings.Join(h.Test[1:], " ")}
	}
	return nil
}

// Readiness returns the test as a probe, which fails after the time in which the engine would call the container unhealthy.
func (h Healthcheck) Readiness() Readiness {
	interval, timeout := cmp.Or(h.Interval, healthInterval), cmp.Or(h.Timeout, healthTimeout)
	first := cmp.Or(h.StartInterval, interval)
	return Readiness{
		Exec: h.Command(), ProbeTimeout: timeout, Interval: min(first, longestHealthPause), Listen: min(first, longestHealthSilence),
		Timeout: h.StartPeriod + Duration(cmp.Or(h.Retries, healthRetries))*(interval+timeout),
	}
}
