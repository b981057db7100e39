package runner

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/evidence"
	"github.com/envd-dev/envd/envd/internal/gateway"
	"github.com/envd-dev/envd/envd/internal/judge"
)

// session is one run under way.
type session struct {
	Config
	rec     *recorder
	gateway *gateway.Client
	ca      *gateway.CA
	end     context.CancelCauseFunc // ends the run early

	wasReady bool
	verdict  envd.Verdict

	stopFollowing context.CancelFunc // ends the stub journal

	settled    atomic.Bool // from here on a service's exit is expected
	background sync.WaitGroup

	mu       sync.Mutex
	meta     evidence.Meta
	lease    *time.Timer
	services map[string]bool // started, for graceful stops
}

// Run provisions, exercises every stage, tears down and judges. The error is of envd's own making (it could not
// record, for example); how the run went is in the result.
func Run(ctx context.Context, cfg Config) (Result, error) {
	return conduct(ctx, cfg, "run", (*session).exercise)
}

// Up provisions and keeps the environment until its lease ends, it is taken down, or ctx ends.
func Up(ctx context.Context, cfg Config) (Result, error) {
	return conduct(ctx, cfg, "up", (*session).hold)
}

// conduct takes a run through its course; body is what happens while the environment is alive.
func conduct(ctx context.Context, cfg Config, kind string, body func(*session, context.Context) error) (Result, error) {
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	s, err := open(cfg, kind, end)
	if err != nil {
		return Result{}, err
	}
	if kind == "run" && cfg.Spec.Budget > 0 {
		timer := time.AfterFunc(cfg.Spec.Budget.Std(), func() { end(ErrOverBudget) })
		defer timer.Stop()
	}
	stopControl, err := s.serveControl()
	if err != nil {
		return Result{}, errors.Join(err, s.rec.close())
	}

	runErr := s.provision(ctx)
	if runErr == nil {
		s.wasReady = true
		runErr = body(s, ctx)
	}
	s.note(ctx, runErr)

	s.teardown(context.WithoutCancel(ctx))
	err = s.conclude()
	stopControl()
	return Result{Verdict: s.verdict, Cause: cause(ctx, runErr), WasReady: s.wasReady}, err
}

func open(cfg Config, kind string, end context.CancelCauseFunc) (*session, error) {
	ca, err := gateway.NewCA(cfg.ID)
	if err != nil {
		return nil, err
	}
	if err := cfg.Dir.WriteJSON(evidence.SpecFile, cfg.Spec); err != nil {
		return nil, err
	}
	rec, err := newRecorder(cfg.Dir, cfg.Notify)
	if err != nil {
		return nil, err
	}
	s := &session{Config: cfg, rec: rec, ca: ca, end: end, services: map[string]bool{}, stopFollowing: func() {}}
	dial := func(ctx context.Context) (net.Conn, error) {
		return cfg.Runtime.Dial(ctx, cfg.ID, envd.GatewayName, 0)
	}
	s.gateway = gateway.NewClient(dial, rand.Text())
	s.meta = evidence.Meta{
		ID: cfg.ID, Name: cfg.Spec.Name, Kind: kind, Runtime: cfg.Runtime.Name(), SpecFile: cfg.Spec.File,
		Started: time.Now().UTC(),
	}
	return s, nil
}

// update changes run.json.
func (s *session) update(change func(*evidence.Meta)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.meta)
	return s.Dir.WriteMeta(s.meta)
}

// note records why the run did not go to its end, if it did not.
func (s *session) note(ctx context.Context, err error) {
	event := envd.RunEvent{Name: envd.RunExercised}
	switch why := cause(ctx, err); {
	case err == nil:
		if s.meta.Kind != "run" {
			return
		}
	case errors.Is(why, ErrInterrupted), errors.Is(why, ErrDown), errors.Is(why, ErrLeaseEnded):
		event = envd.RunEvent{Name: envd.RunInterrupted, Detail: why.Error()}
	case errors.Is(why, ErrOverBudget):
		event = envd.RunEvent{Name: envd.RunOverBudget, Detail: fmt.Sprintf("the budget of %s was used up", s.Spec.Budget)}
	case errors.As(err, new(*provisionError)):
		event = envd.RunEvent{Name: envd.RunProvisionFailed, Detail: err.Error()}
	default:
		event = envd.RunEvent{Name: envd.RunInternalError, Detail: why.Error()}
	}
	s.rec.observe(envd.Observation{Run: &event})
}

// cause is why a run ended early: the context's cause where it has one, the error otherwise.
func cause(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if c := context.Cause(ctx); c != nil {
		if errors.Is(c, context.Canceled) {
			return ErrInterrupted
		}
		return c
	}
	return err
}

// conclude judges what was observed and writes the reports.
func (s *session) conclude() error {
	err := s.rec.close()
	observations, oerr := s.Dir.Observations()
	if err = errors.Join(err, oerr); err != nil {
		return errors.Join(err, s.finish(envd.Errored))
	}
	verdict := judge.Judge(s.Spec, observations)
	s.verdict = verdict
	if s.meta.Kind != "run" { // an environment proves nothing; it came up or it did not
		s.verdict.Outcome = envd.Pass
		if !s.wasReady {
			s.verdict.Outcome = envd.Errored
		}
		return s.finish(s.verdict.Outcome)
	}
	if err := s.Dir.WriteJSON(evidence.VerdictFile, verdict); err != nil {
		return err
	}
	err = s.writeReports(verdict, observations)
	return errors.Join(err, s.finish(verdict.Outcome))
}

func (s *session) finish(outcome envd.Outcome) error {
	return s.update(func(m *evidence.Meta) {
		m.Status, m.Outcome, m.Ended, m.Control, m.Addresses = evidence.Finished, outcome, time.Now().UTC(), "", nil
	})
}
