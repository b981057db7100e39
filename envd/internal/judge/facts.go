package judge

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/envd-dev/envd/envd"
)

// facts are the observations of a run, sorted by subject.
type facts struct {
	events         map[string]runEvent // by name, the first of each
	internalErrors []string
	stages         map[string]*stageFacts
	faults         map[string]*faultFacts
	stubs          map[string]*envd.StubSummary // by host, the latest of each
	scrapes        map[string][]scrape          // by service, in order
	exits          []exit
	connections    []envd.Connection
	leftovers      []envd.Leftover
}

type runEvent struct {
	at     time.Time
	detail string
}

// stageFacts are what was seen of one stage. A zero time was not seen.
type stageFacts struct {
	started, loadStarted, loadEnded, ended time.Time

	seconds    []envd.Sample // one for each second with any, in order
	load       *envd.LoadResult
	functional *envd.FunctionalResult
}

// faultFacts are the real course of one fault. A zero time did not happen.
type faultFacts struct {
	injected, active, reverted time.Time

	effect *envd.Effect // the latest one measured
	failed string
}

// exit is the end of a service that should have kept running.
type exit struct {
	at      time.Time
	stage   string
	service string
	code    *int
	detail  string
	again   bool // its policy started it again
}

func (x exit) text() string {
	s := fmt.Sprintf("service %s exited unexpectedly at %s", x.service, clock(x.at))
	if x.code != nil {
		s = fmt.Sprintf("service %s exited unexpectedly with code %d at %s", x.service, *x.code, clock(x.at))
	}
	if x.stage != "" {
		s += " during stage " + x.stage
	}
	if x.again {
		s += ", and was started again"
	}
	return withDetail(s, x.detail)
}

func gather(spec *envd.Spec, observations []envd.Observation) facts {
	f := facts{
		events: map[string]runEvent{},
		stages: map[string]*stageFacts{},
		faults: map[string]*faultFacts{},
		stubs:  map[string]*envd.StubSummary{},

		scrapes: map[string][]scrape{},
	}
	for _, s := range spec.Stages {
		f.stages[s.Name] = &stageFacts{}
		for _, x := range s.Faults {
			f.faults[x.Name] = &faultFacts{}
		}
	}
	for _, o := range canonical(observations, judgedServices(spec)) {
		f.take(o)
	}
	for _, s := range f.stages {
		s.seconds = merge(s.seconds)
	}
	f.placeExits(spec)
	return f
}

// canonical returns the observations that the verdict rests on, ordered by time and then by content, so that the order in
// which they were written cannot matter. Metrics are left out for services that no condition is about.
func canonical(observations []envd.Observation, judged map[string]bool) []envd.Observation {
	all := make([]envd.Observation, 0, len(observations))
	for _, o := range observations {
		if o.Usage == nil && (o.Scrape == nil || judged[o.Scrape.Service]) {
			all = append(all, o)
		}
	}
	slices.SortStableFunc(all, func(a, b envd.Observation) int {
		if c := a.Time.Compare(b.Time); c != 0 {
			return c
		}
		return bytes.Compare(encode(a), encode(b))
	})
	return all
}

// encode cannot fail on what came from JSON or from measured, finite numbers. If it did, all such observations would
// compare as equal.
func encode(o envd.Observation) []byte {
	o.Time = o.Time.UTC()
	b, err := json.Marshal(o)
	if err != nil {
		return nil
	}
	return b
}

func (f *facts) take(o envd.Observation) {
	stage := f.stages[o.Stage]
	switch {
	case o.Run != nil:
		if o.Run.Name == envd.RunInternalError {
			f.internalErrors = append(f.internalErrors, orUnknown(o.Run.Detail))
		}
		if _, seen := f.events[o.Run.Name]; !seen {
			f.events[o.Run.Name] = runEvent{o.Time, o.Run.Detail}
		}
	case o.Service != nil:
		if e := o.Service; e.Name == envd.ServiceExited && !e.Expected {
			f.exits = append(f.exits, exit{o.Time, o.Stage, e.Service, e.ExitCode, e.Detail, e.Restarting})
		}
	case o.Fault != nil:
		if x := f.faults[o.Fault.Fault]; x != nil {
			x.take(o.Time, o.Fault)
		}
	case o.Scrape != nil:
		f.scrapes[o.Scrape.Service] = append(f.scrapes[o.Scrape.Service], scrape{o.Time, o.Scrape})
	case o.Stub != nil:
		f.stubs[o.Stub.Host] = o.Stub
	case o.Connection != nil:
		f.connections = append(f.connections, *o.Connection)
	case o.Leftover != nil:
		f.leftovers = append(f.leftovers, *o.Leftover)
	case stage != nil:
		stage.take(o)
	}
}

func (s *stageFacts) take(o envd.Observation) {
	switch {
	case o.StageEvent != nil:
		switch o.StageEvent.Name {
		case envd.StageStarted:
			s.started = o.Time
		case envd.StageLoadStart:
			s.loadStarted = o.Time
		case envd.StageLoadEnd:
			s.loadEnded = o.Time
		case envd.StageEnded:
			s.ended = o.Time
		}
	case o.Sample != nil:
		s.seconds = append(s.seconds, *o.Sample)
	case o.Load != nil:
		s.load = o.Load
	case o.Functional != nil:
		s.functional = o.Functional
	}
}

func (x *faultFacts) take(at time.Time, e *envd.FaultEvent) {
	if e.Effect != nil {
		x.effect = e.Effect
	}
	switch e.Name {
	case envd.FaultInjected:
		x.injected = first(x.injected, at)
	case envd.FaultActive:
		x.active = first(x.active, at)
	case envd.FaultReverted:
		x.reverted = at
	case envd.FaultFailed:
		x.failed = orUnknown(e.Error)
	}
}

func first(seen, at time.Time) time.Time {
	if seen.IsZero() {
		return at
	}
	return seen
}

// placeExits finds the stage in which each exit happened.
func (f *facts) placeExits(spec *envd.Spec) {
	for i := range f.exits {
		x := &f.exits[i]
		for _, s := range spec.Stages {
			seen := f.stages[s.Name]
			inside := !seen.started.IsZero() && !x.at.Before(seen.started) && (seen.ended.IsZero() || x.at.Before(seen.ended))
			if x.stage == "" && inside {
				x.stage = s.Name
			}
		}
		if f.stages[x.stage] == nil {
			x.stage = ""
		}
	}
}

// merge adds samples of one second up and puts the seconds in order. The inputs' histograms stay as they are.
func merge(samples []envd.Sample) []envd.Sample {
	slices.SortStableFunc(samples, func(a, b envd.Sample) int { return a.Start.Compare(b.Start) })
	var out []envd.Sample
	for _, s := range samples {
		if n := len(out); n > 0 && out[n-1].Start.Equal(s.Start) {
			out[n-1] = sumOf(out[n-1], s)
			continue
		}
		out = append(out, s)
	}
	return out
}

func sumOf(a, b envd.Sample) envd.Sample {
	latency := &envd.Histogram{}
	latency.Merge(a.Latency)
	latency.Merge(b.Latency)
	return envd.Sample{
		Start: a.Start, Latency: latency,
		Requests: a.Requests + b.Requests, Failed: a.Failed + b.Failed,
		Iterations: a.Iterations + b.Iterations, Dropped: a.Dropped + b.Dropped,
		ChecksOK: a.ChecksOK + b.ChecksOK, ChecksBad: a.ChecksBad + b.ChecksBad,
	}
}

// undeclared returns the connections by destination. Counts are cumulative: the highest of each stands.
func (j *judgement) undeclared() []envd.Connection {
	var out []envd.Connection
	for _, c := range j.connections {
		i := slices.IndexFunc(out, func(o envd.Connection) bool {
			return o.Destination == c.Destination && o.Protocol == c.Protocol
		})
		if i < 0 {
			out = append(out, c)
			continue
		}
		out[i].Count = max(out[i].Count, c.Count)
	}
	slices.SortFunc(out, func(a, b envd.Connection) int {
		return cmp.Or(cmp.Compare(a.Destination, b.Destination), cmp.Compare(a.Protocol, b.Protocol))
	})
	return out
}
