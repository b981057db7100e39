package loadprofiles

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// Scenario is one entry of k6's options.scenarios, for the two arrival-rate executors. They start iterations on
// schedule whether or not earlier ones have ended, so a slow application does not lower the load put on it.
// See https://grafana.com/docs/k6/latest/using-k6/scenarios/executors/.
type Scenario struct {
	Executor        string          `json:"executor"`
	Rate            int64           `json:"rate,omitempty"`
	StartRate       *int64          `json:"startRate,omitempty"`
	TimeUnit        Duration        `json:"timeUnit"`
	Duration        Duration        `json:"duration,omitempty"`
	Stages          []ScenarioStage `json:"stages,omitempty"`
	PreAllocatedVUs int64           `json:"preAllocatedVUs"`
	MaxVUs          int64           `json:"maxVUs"`
	GracefulStop    Duration        `json:"gracefulStop"`
	Exec            string          `json:"exec,omitempty"`
}

// ScenarioStage changes the rate to Target, per TimeUnit of the scenario, over Duration.
type ScenarioStage struct {
	Duration Duration `json:"duration"`
	Target   int64    `json:"target"`
}

// Duration is written as k6 reads it: "1m30s".
type Duration time.Duration

// MarshalText writes the duration in Go's notation, which is also k6's.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	*d = Duration(parsed)
	return err
}

// Sizing limits. A virtual user costs k6 about 0.4 ms of CPU and 0.1 MB at the start, and one that is added during
// the run costs a dropped iteration. So all that are expected to be needed are allocated beforehand, within reason.
const (
	defaultLatency  = 2 * time.Second
	defaultGraceful = 30 * time.Second
	maxPreallocated = 5_000
	maxVirtualUsers = 20_000
	maxRate         = 1_000_000.0
	minRate         = 1.0 / 3600
)

// Load is what a profile is scaled by. A zero field takes the profile's default.
type Load struct {
	Rate     float64       // iterations per second at the plateau
	Duration time.Duration // the whole profile, ramps included
	Ramp     time.Duration // length of each ramp
	Latency  time.Duration // the longest an iteration is expected to take, faults included; default 2s
	VUs      int           // virtual users allocated beforehand; default rate × latency
	MaxVUs   int           // limit of virtual users; default twice VUs
	Graceful time.Duration // how long iterations in flight may go on after the end; default 30s
}

// Scenario scales the profile. Load without VUs is given enough of them for the expected latency by Little's law:
// users in flight = rate × latency.
func (p Profile) Scenario(load Load) (Scenario, error) {
	load, err := p.complete(load)
	if err != nil {
		return Scenario{}, err
	}
	unit, factor := timeUnit(p, load.Rate)
	per := func(multiple float64) int64 { return int64(math.Round(multiple * load.Rate * factor)) }
	s := Scenario{
		TimeUnit:        Duration(unit),
		PreAllocatedVUs: int64(load.VUs),
		MaxVUs:          int64(load.MaxVUs),
		GracefulStop:    Duration(load.Graceful),
	}
	if p.constant() {
		s.Executor, s.Rate, s.Duration = "constant-arrival-rate", per(p.Start), Duration(load.Duration)
		return s, nil
	}
	start := per(p.Start)
	s.Executor, s.StartRate = "ramping-arrival-rate", &start
	for _, st := range p.stages(load.Duration, load.Ramp) {
		s.Stages = append(s.Stages, ScenarioStage{Duration(st.length), per(st.to)})
	}
	return s, nil
}

// complete fills in the defaults and rejects what cannot be run, all reasons at once.
func (p Profile) complete(load Load) (Load, error) {
	ramps := p.ramps()
	var errs []error
	for _, negative := range []struct {
		name  string
		value float64
	}{
		{"rate", load.Rate}, {"duration", float64(load.Duration)}, {"ramp", float64(load.Ramp)},
		{"latency", float64(load.Latency)}, {"vus", float64(load.VUs)}, {"max_vus", float64(load.MaxVUs)},
	} {
		if negative.value < 0 || math.IsNaN(negative.value) {
			errs = append(errs, fmt.Errorf("%s: must not be negative", negative.name))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return load, err
	}
	orDefault(&load.Rate, p.Rate)
	orDefault(&load.Duration, p.Duration)
	orDefault(&load.Latency, defaultLatency)
	orDefault(&load.Graceful, defaultGraceful)
	if load.Ramp > 0 && ramps == 0 {
		errs = append(errs, fmt.Errorf("ramp: profile %s has no ramp", p.Name))
	}
	if load.Ramp == 0 && ramps > 0 { // a default never takes more than half of a short run
		load.Ramp = min(p.Ramp, load.Duration/time.Duration(2*ramps)).Round(time.Millisecond)
	}
	if total := time.Duration(ramps) * load.Ramp; ramps > 0 && total > load.Duration {
		errs = append(errs, fmt.Errorf("ramp: %d ramps of %s do not fit into a duration of %s", ramps, load.Ramp, load.Duration))
	}
	if load.Duration < time.Second {
		errs = append(errs, fmt.Errorf("duration: must be at least 1s, is %s", load.Duration))
	}
	if load.Rate < minRate || load.Rate > maxRate {
		errs = append(errs, fmt.Errorf("rate: must be between one per hour and %.0f per second, is %g per second", maxRate, load.Rate))
	}
	if load.MaxVUs > 0 && load.VUs > load.MaxVUs {
		errs = append(errs, fmt.Errorf("vus: %d are more than max_vus %d", load.VUs, load.MaxVUs))
	}
	p.size(&load)
	return load, errors.Join(errs...)
}

// size derives the virtual users from the highest rate and the expected latency.
func (p Profile) size(load *Load) {
	needed := int(min(math.Ceil(load.Rate*p.peak()*load.Latency.Seconds()), maxVirtualUsers))
	if load.VUs == 0 {
		load.VUs = min(max(needed, 2), maxPreallocated)
		if load.MaxVUs > 0 {
			load.VUs = min(load.VUs, load.MaxVUs)
		}
	}
	if load.MaxVUs == 0 {
		load.MaxVUs = max(load.VUs, min(2*max(needed, load.VUs), maxVirtualUsers))
	}
}

// timeUnit picks the unit in which every rate of the profile is a whole number, since k6 takes no others: a second
// if that does it, or else a minute, or else an hour, in which the rates are rounded.
func timeUnit(p Profile, rate float64) (unit time.Duration, factor float64) {
	whole := func(factor float64) bool {
		for _, multiple := range append([]Segment{{To: p.Start}}, p.Segments...) {
			scaled := multiple.To * rate * factor
			if math.Abs(scaled-math.Round(scaled)) > 1e-9*scaled {
				return false
			}
		}
		return true
	}
	for _, unit := range []time.Duration{time.Second, time.Minute} {
		if factor := unit.Seconds(); whole(factor) {
			return unit, factor
		}
	}
	return time.Hour, time.Hour.Seconds()
}

// Iterations is the number of iterations that the scenario starts when nothing holds it back: the area under its rate.
func (s Scenario) Iterations() float64 {
	per := time.Duration(s.TimeUnit).Seconds()
	if s.StartRate == nil {
		return float64(s.Rate) / per * time.Duration(s.Duration).Seconds()
	}
	sum, rate := 0.0, float64(*s.StartRate)
	for _, st := range s.Stages {
		sum += (rate + float64(st.Target)) / 2 / per * time.Duration(st.Duration).Seconds()
		rate = float64(st.Target)
	}
	return sum
}

// Length is how long the scenario starts iterations.
func (s Scenario) Length() time.Duration {
	total := time.Duration(s.Duration)
	for _, st := range s.Stages {
		total += time.Duration(st.Duration)
	}
	return total
}

func orDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}
