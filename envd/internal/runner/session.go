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
	"github.com/envd-dev/envd/envd/internal/plan"
)

// session is one run under way.
type session struct {
	Config
	rec     *recorder
	gateway *gateway.Client
	outlets *outlets
	ca      *gateway.CA
	end     context.CancelCauseFunc // ends the run early

	early    error // why the run ended early; nil if it did not
	wasReady bool
	verdict  envd.Verdict
	scrapers []*scraper // one for each service with metrics, while stages run

	read          bool               // the last readings were taken
	stopFollowing context.CancelFunc // ends the stub journal

	creating   atomic.Bool   // the runtime was asked to create the environment
	proven     atomic.Bool   // the verdict's readings were taken: what happens now does not change it
	settled    atomic.Bool   // teardown has begun: services are expected to exit
	ending     chan struct{} // closed together with settled
	background sync.WaitGroup

	mu       sync.Mutex
	meta     evidence.Meta
	sealed   bool // run.json has its last content
	lease    *time.Timer
	services map[string]*life // those that were started
	sending  time.Time        // since when services can send something out
	seeing   time.Time        // since when the gateway sees it
}

// Run provisions, exercises every stage, tears down and judges. The result says how the run went; the error says that
// envd itself failed, because it could not write to the run directory for example.
func Run(ctx context.Context, cfg Config) (Result, error) {
	return conduct(ctx, cfg, "run", (*session).exercise)
}

// Up provisions and keeps the environment until its lease ends, it is taken down, or ctx ends.
func Up(ctx context.Context, cfg Config) (Result, error) {
	return conduct(ctx, cfg, "up", (*session).hold)
}

// conduct leads a run from provision to evidence; body is what it does while the environment is alive.
func conduct(ctx context.Context, cfg Config, kind string, body func(*session, context.Context) error) (Result, error) {
	keeping, letGo := context.WithCancelCause(ctx)
	defer letGo(nil)
	ctx, end := context.WithCancelCause(keeping) // an environment may be kept when its run is over
	defer end(nil)
	s, err := open(cfg, kind, letGo)
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

	defer s.outlets.close()
	runErr := s.provision(ctx)
	if runErr == nil {
		s.wasReady = true
		runErr = body(s, ctx)
	}
	s.early = cause(ctx, runErr)
	s.note(runErr)
	if kind == "run" {
		s.complain("keep", s.keep(keeping))
	}

	s.teardown(context.WithoutCancel(ctx))
	digest, err := s.conclude()
	stopControl()
	return Result{Verdict: s.verdict, Cause: s.early, WasReady: s.wasReady, ExitCode: *s.meta.ExitCode, Digest: digest}, err
}

func open(cfg Config, kind string, end context.CancelCauseFunc) (*session, error) {
	lookup, err := withEnvFiles(cfg.Lookup, cfg.Spec.Environment.EnvFiles)
	if err != nil {
		return nil, err
	}
	cfg.Lookup = lookup
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
	s := &session{Config: cfg, rec: rec, ca: ca, end: end, outlets: newOutlets(), services: map[string]*life{}, ending: make(chan struct{}), stopFollowing: func() {}}
	dial := func(ctx context.Context) (net.Conn, error) {
		return cfg.Runtime.Dial(ctx, cfg.ID, envd.GatewayName, 0)
	}
	s.gateway = gateway.NewClient(dial, rand.Text())
	s.meta = evidence.Meta{
		ID: cfg.ID, Name: cfg.Spec.Name, Kind: kind, Runtime: cfg.Runtime.Name(), SpecFile: cfg.Spec.File,
		Started: time.Now().UTC(), Seed: seedOf(cfg.Spec.Environment),
	}
	return s, nil
}

// update changes run.json, until the run directory is sealed.
func (s *session) update(change func(*evidence.Meta)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sealed {
		return nil
	}
	change(&s.meta)
	return s.Dir.WriteMeta(s.meta)
}

// note records how the run ended, before teardown: every stage was exercised, or why not.
func (s *session) note(err error) {
	event := envd.RunEvent{Name: envd.RunExercised}
	switch why := s.early; {
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

// cause returns why a run ended early: the cause of the context if it was cancelled, err otherwise.
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

// conclude judges what was observed, writes the reports and seals the run directory. What cannot be recorded, as on a
// full disk, is an error of the run; what was gathered stays.
func (s *session) conclude() (digest string, err error) {
	var observations []envd.Observation
	if err = s.rec.close(); err == nil {
		observations, err = s.Dir.Observations()
	}
	if err == nil {
		s.verdict = judge.Judge(s.Spec, observations)
		err = s.write(observations)
	}
	if err != nil {
		s.verdict = envd.Verdict{Outcome: envd.Errored, Reasons: []string{err.Error()}}
	}
	if err = errors.Join(err, s.finish(err)); err != nil {
		return "", err
	}
	if digest, err = s.Dir.Seal(); err != nil {
		return "", errors.Join(err, s.unsealed(err))
	}
	return digest, nil
}

// unsealed replaces the outcome in run.json by an error: evidence that could not be sealed proves nothing.
func (s *session) unsealed(why error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	code := envd.ExitEnvironment
	s.meta.Outcome, s.meta.ExitCode, s.meta.Message = envd.Errored, &code, why.Error()
	s.verdict = envd.Verdict{Outcome: envd.Errored, Reasons: []string{why.Error()}}
	return s.Dir.WriteMeta(s.meta)
}

// write puts the verdict and the reports into the run directory. An environment without stages has neither: its outcome is
// whether it came up.
func (s *session) write(observations []envd.Observation) error {
	if s.meta.Kind == "run" {
		err := s.Dir.WriteJSON(evidence.VerdictFile, s.verdict)
		return errors.Join(err, s.writeReports(s.verdict, observations))
	}
	s.verdict.Outcome = envd.Pass
	if !s.wasReady {
		s.verdict.Outcome = envd.Errored
	}
	return nil
}

// finish writes run.json for the last time. failed is why the run could not be recorded, or nil.
func (s *session) finish(failed error) error {
	code := s.verdict.ExitCode()
	switch {
	case failed != nil:
	case errors.Is(s.early, ErrInterrupted) && (s.meta.Kind == "run" || !s.wasReady):
		code = envd.ExitInterrupted
	case errors.As(s.early, new(*plan.Refusal)): // the spec asks for more than the runtime can do; nothing was started
		code = envd.ExitUsage
	}
	return s.update(func(m *evidence.Meta) {
		m.Status, m.Outcome, m.Ended, m.Control, m.Addresses = evidence.Finished, s.verdict.Outcome, time.Now().UTC(), "", nil
		m.ExitCode, s.sealed = &code, true
		if failed != nil {
			m.Message = failed.Error()
		}
	})
}
