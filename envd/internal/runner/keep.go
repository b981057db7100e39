package runner

import (
	"context"
	"errors"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/evidence"
	"github.com/envd-dev/envd/envd/internal/footprint"
	"github.com/envd-dev/envd/envd/internal/judge"
)

// keep holds the environment of a run that did not pass, for people to look at, until its lease or ctx ends. The verdict
// is given first, so that nothing they do there can change it, except for what is left behind in the end.
func (s *session) keep(ctx context.Context) error {
	if s.Keep <= 0 || !s.creating.Load() || ctx.Err() != nil || errors.Is(s.early, ErrInterrupted) || errors.Is(s.early, ErrDown) {
		return nil
	}
	s.proven.Store(true)
	s.readings(context.WithoutCancel(ctx), s.look(context.WithoutCancel(ctx)))
	s.stopFollowing()
	observations, err := s.Dir.Observations()
	if err != nil {
		return err
	}
	observations = append(observations, envd.Observation{Run: &envd.RunEvent{Name: envd.RunTornDown}}) // as it will be
	if s.verdict = judge.Judge(s.Spec, observations); s.verdict.Outcome == envd.Pass {
		return nil
	}
	if err := s.write(observations); err != nil {
		return err
	}
	addresses, err := s.openAll()
	if err != nil {
		return err
	}
	if _, err := s.renew(ctx, s.Keep); err != nil {
		return err
	}
	var meta evidence.Meta
	code := s.verdict.ExitCode()
	err = s.update(func(m *evidence.Meta) {
		m.Status, m.Stage, m.Outcome, m.Addresses, m.ExitCode = evidence.Ready, "", s.verdict.Outcome, addresses, &code
		meta = *m
	})
	if err == nil && s.Kept != nil {
		err = s.Kept(meta)
	}
	if err != nil {
		return err
	}
	_ = footprint.Shrink() // a courtesy to the machine; failing at it harms nobody
	<-ctx.Done()
	return nil
}
