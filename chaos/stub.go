package chaos

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// StubFault is what a stub does to its answers while a fault acts on it. Delay and outage may be combined.
type StubFault struct {
	Delay  Distribution `json:"delay,omitzero"`
	Reset  bool         `json:"reset,omitempty"`  // close the connection with a TCP RST instead of answering
	Hang   bool         `json:"hang,omitempty"`   // never answer
	Status int          `json:"status,omitempty"` // answer with this status instead of the mapping's response
	Share  float64      `json:"share"`            // part of the requests that it affects, (0..1]
}

// Distribution draws delays. Exactly one of Fixed, Median and Upper is set.
type Distribution struct {
	Fixed  time.Duration `json:"fixed,omitempty"`
	Median time.Duration `json:"median,omitempty"` // log-normal, as WireMock's "lognormal"
	Sigma  float64       `json:"sigma,omitempty"`
	Lower  time.Duration `json:"lower,omitempty"` // uniform
	Upper  time.Duration `json:"upper,omitempty"`
}

func (f StubFault) lag() time.Duration { return max(f.Delay.Fixed, f.Delay.Median, f.Delay.Upper) }

// StubLatency delays a stub's answers. Parameters: delay (a duration), or median and sigma (log-normal), or lower and
// upper (uniform); share (default 1).
func StubLatency() Fault {
	return stubFault("stub.latency", parseLatency, func(_ StubFault, e Effect) string {
		return fmt.Sprintf("+%s on %d of %d requests", e.Delay.Round(time.Millisecond), e.Affected, e.Total)
	})
}

// StubOutage makes a stub fail. Parameters: mode (reset, the default, or hang) or status (400..599); share (default 1).
func StubOutage() Fault {
	return stubFault("stub.outage", parseOutage, func(_ StubFault, e Effect) string {
		return fmt.Sprintf("failed %d of %d requests", e.Affected, e.Total)
	})
}

func stubFault(name string, parse func(json.RawMessage) (StubFault, error), tell func(StubFault, Effect) string) kind[StubFault] {
	return kind[StubFault]{name, Leashed, World.Stubs, parse, tell}
}

// delayParams say how long something takes: exactly one of delay, median with sigma, and upper with lower.
type delayParams struct {
	Delay  duration `json:"delay"`
	Median duration `json:"median"`
	Sigma  float64  `json:"sigma"`
	Lower  duration `json:"lower"`
	Upper  duration `json:"upper"`
}

func (p delayParams) distribution() (Distribution, error) {
	given := 0
	for _, d := range []duration{p.Delay, p.Median, p.Upper} {
		if d < 0 {
			return Distribution{}, errors.New("a delay cannot be negative")
		}
		if d > 0 {
			given++
		}
	}
	switch {
	case given != 1:
		return Distribution{}, errors.New("exactly one of delay, median (with sigma) and upper (with lower) says how long, for example delay: 800ms")
	case p.Median > 0 && p.Sigma <= 0:
		return Distribution{}, errors.New("median needs sigma, for example sigma: 0.4")
	case p.Lower > p.Upper && p.Upper > 0:
		return Distribution{}, errors.New("lower must not exceed upper")
	}
	return Distribution{
		Fixed: time.Duration(p.Delay), Median: time.Duration(p.Median), Sigma: p.Sigma,
		Lower: time.Duration(p.Lower), Upper: time.Duration(p.Upper),
	}, nil
}

type latencyParams struct {
	delayParams
	Share *float64 `json:"share"`
}

type outageParams struct {
	Mode   string   `json:"mode"`
	Status int      `json:"status"`
	Share  *float64 `json:"share"`
}

func parseLatency(params json.RawMessage) (f StubFault, err error) {
	var p latencyParams
	if err := decode(params, &p); err != nil {
		return f, err
	}
	if f.Delay, err = p.distribution(); err != nil {
		return StubFault{}, err
	}
	f.Share, err = share(p.Share)
	return f, err
}

func parseOutage(params json.RawMessage) (StubFault, error) {
	var p outageParams
	if err := decode(params, &p); err != nil {
		return StubFault{}, err
	}
	var f StubFault
	switch {
	case p.Status != 0 && p.Mode != "":
		return f, errors.New("give either mode or status")
	case p.Status != 0 && (p.Status < 400 || p.Status > 599):
		return f, fmt.Errorf("status %d is no failure; use 400 to 599, for example 503", p.Status)
	case p.Status != 0:
		f.Status = p.Status
	case p.Mode == "" || p.Mode == "reset":
		f.Reset = true
	case p.Mode == "hang":
		f.Hang = true
	default:
		return f, fmt.Errorf("mode %q is unknown; use reset or hang, or status: 503", p.Mode)
	}
	var err error
	f.Share, err = share(p.Share)
	return f, err
}

func share(p *float64) (float64, error) {
	if p == nil {
		return 1, nil
	}
	if *p <= 0 || *p > 1 {
		return 0, fmt.Errorf("share %v is outside (0, 1]", *p)
	}
	return *p, nil
}

// duration reads Go's notation from JSON.
type duration time.Duration

func (d *duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	if err != nil {
		return fmt.Errorf("%q is not a duration such as 800ms", b)
	}
	*d = duration(v)
	return nil
}
