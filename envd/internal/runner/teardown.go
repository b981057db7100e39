package runner

import (
	"context"
	"fmt"
	"time"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/evidence"
	"github.com/envd-dev/envd/envd/internal/plan"
)

// destroyTimeout bounds the removal of an environment; stopping its services gracefully has its own time.
const destroyTimeout = 30 * time.Second

// teardown takes the last readings, stops the services gracefully, destroys the environment and observes that nothing is
// left. Faults have been reverted before. A step that fails is reported, and the rest goes on.
func (s *session) teardown(ctx context.Context) {
	s.settled.Store(true)
	close(s.ending)
	s.outlets.close() // no more callers from outside
	s.complain("run.json", s.update(func(m *evidence.Meta) { m.Status, m.Stage = evidence.TearingDown, "" }))
	if s.creating.Load() { // otherwise there is nothing to read, stop or remove
		state := s.look(ctx)
		s.readings(ctx, state)
		s.complain("stop", plan.Execute(ctx, plan.Teardown(s.Spec.Environment, state), s.do, s.rec.operation))
		s.stopFollowing() // after the services: what they ask for on their way out is journalled too
		s.destroy(ctx)
	}
	s.stopFollowing()
	s.gateway.Close()
	s.background.Wait()
	s.rec.observe(envd.Observation{Run: &envd.RunEvent{Name: envd.RunTornDown}})
}

// complain reports an error of a step without ending the run.
func (s *session) complain(step string, err error) {
	if err != nil {
		s.rec.tell(Notice{Step: step, Text: err.Error(), Failed: true})
	}
}

// look returns what there is of the environment; nothing if that cannot be told.
func (s *session) look(ctx context.Context) envd.State {
	state, err := s.Runtime.Observe(ctx, s.ID)
	s.complain("last look", err)
	return state
}

// readings takes the last readings, once. Without a gateway there is nothing to ask.
func (s *session) readings(ctx context.Context, state envd.State) {
	if !s.read && state.Gateway {
		s.complain("last readings", s.collect(ctx))
	}
	s.read = true
}

// destroy removes the environment and records what is left of it.
func (s *session) destroy(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, destroyTimeout)
	defer cancel()
	leftovers, err := s.Runtime.Destroy(ctx, s.ID)
	if err != nil {
		leftovers = append(leftovers, envd.Leftover{Kind: "environment", ID: s.ID, Detail: err.Error()})
	} else if state, err := s.Runtime.Observe(ctx, s.ID); err == nil && state.Exists {
		leftovers = append(leftovers, envd.Leftover{Kind: "environment", ID: s.ID, Detail: "still observed after its removal"})
	}
	for i := range leftovers {
		s.rec.observe(envd.Observation{Leftover: &leftovers[i]})
	}
}

// collect records the stubs' counters, their metrics and the undeclared connections.
func (s *session) collect(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	report, err := s.gateway.Report(ctx)
	if err != nil {
		return err
	}
	for i := range report.Stubs {
		s.rec.observe(envd.Observation{Stub: &report.Stubs[i]})
	}
	refused, err := s.Runtime.Undeclared(ctx, s.ID)
	if err != nil {
		return err
	}
	if refused == nil || s.unseen() {
		s.rec.observe(envd.Observation{Run: &envd.RunEvent{Name: envd.RunConnectionsUnseen}})
	}
	for _, c := range append(report.Undeclared, refused...) {
		s.rec.observe(envd.Observation{Connection: &c})
	}
	if err := s.keepMetrics(ctx); err != nil {
		return err
	}
	if report.Lost > 0 {
		return fmt.Errorf("the stub journal lacks %d requests that came faster than it could be written", report.Lost)
	}
	return nil
}

// keepMetrics writes the stubs' metrics down, if there are stubs.
func (s *session) keepMetrics(ctx context.Context) error {
	if len(s.Spec.Environment.Stubs) == 0 {
		return nil
	}
	metrics, err := s.gateway.Metrics(ctx)
	if err != nil {
		return err
	}
	return s.Dir.WriteFile(evidence.StubMetricsFile, metrics)
}
