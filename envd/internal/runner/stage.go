package runner

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/envd-dev/envd/chaos"
	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/evidence"
)

// usageInterval is how often the services' consumption is sampled while stages run.
const usageInterval = time.Second

// exercise runs every stage in turn. It returns early only when the whole run must end: a stage that fails is a matter
// for the judge.
func (s *session) exercise(ctx context.Context) error {
	if err := s.update(func(m *evidence.Meta) { m.Status = evidence.Exercising }); err != nil {
		return err
	}
	sampling, stop := context.WithCancel(ctx)
	var sampler sync.WaitGroup
	sampler.Go(func() { s.sampleUsage(sampling) })
	services := s.Spec.Environment.Expand().Services // each replica has metrics of its own
	for i := range services {
		if service := &services[i]; service.Metrics != nil {
			x := s.newScraper(service)
			s.scrapers = append(s.scrapers, x)
			x.observe(ctx) // what was there before
			sampler.Go(func() { x.run(sampling) })
		}
	}
	defer func() { stop(); sampler.Wait() }()
	for i := range s.Spec.Stages {
		if err := s.stage(ctx, &s.Spec.Stages[i]); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	return nil
}

// stage runs load, tests and faults as one group: if one of them cannot go on, the others end too.
func (s *session) stage(ctx context.Context, stage *envd.Stage) error {
	err := s.update(func(m *evidence.Meta) { m.Stage = stage.Name })
	if err != nil {
		return err
	}
	mark := func(name string) {
		s.rec.observe(envd.Observation{Stage: stage.Name, StageEvent: &envd.StageEvent{Name: name}})
	}
	mark(envd.StageStarted)
	defer mark(envd.StageEnded)

	exercising := ctx
	group, ctx := errgroup.WithContext(ctx)
	work, workDone := context.WithCancel(ctx) // ends when load and tests have
	defer workDone()
	begun := make(chan struct{}) // closed when the fault timeline starts
	var begin sync.Once
	start := func() { begin.Do(func() { close(begun) }) }

	var exercises sync.WaitGroup
	run := func(f func(context.Context, *envd.Stage, func()) error) {
		exercises.Add(1)
		group.Go(func() error { defer exercises.Done(); return f(ctx, stage, start) })
	}
	if stage.Load != nil {
		run(s.load)
	}
	if stage.Functional != nil {
		if stage.Load == nil {
			start()
		}
		run(func(ctx context.Context, stage *envd.Stage, _ func()) error { return s.functional(ctx, stage) })
	}
	if len(stage.Faults) > 0 {
		group.Go(func() error {
			select {
			case <-begun:
				return s.faults(work, stage)
			case <-work.Done():
				return nil
			}
		})
	}
	exercises.Wait()
	workDone()
	err = group.Wait()
	s.readJudged(exercising)
	return err
}

// functional runs the stage's test command inside the environment.
func (s *session) functional(ctx context.Context, stage *envd.Stage) error {
	f := stage.Functional
	declared, err := s.expandAll(f.Env)
	if err != nil {
		return fmt.Errorf("stage %s: %w", stage.Name, err)
	}
	env := s.baseEnv()
	for k, v := range declared {
		env[k] = v
	}
	limited, cancel := context.WithTimeout(ctx, f.Timeout.Std())
	defer cancel()

	log, err := s.openOutput(stage.Name + ".functional")
	if err != nil {
		return err
	}
	begin := time.Now()
	code, err := s.Runtime.Exec(limited, s.ID, envd.Exec{
		Name: stage.Name, Command: f.Command, WorkDir: f.WorkDir, Env: env, Stdout: log, Stderr: log,
	})
	result := &envd.FunctionalResult{
		Command: f.Command, ExitCode: code, Duration: envd.Duration(time.Since(begin)), Output: log.tail(),
	}
	closeErr := log.Close()
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx) // the run ends; the test did not fail
	case limited.Err() != nil:
		result.TimedOut, result.Error = true, fmt.Sprintf("no end within %s", f.Timeout)
	case err != nil:
		result.Error = err.Error()
	}
	s.rec.observe(envd.Observation{Stage: stage.Name, Functional: result})
	return closeErr
}

// faults plays the stage's timeline until it is over or ctx ends; everything is reverted when it returns.
func (s *session) faults(ctx context.Context, stage *envd.Stage) error {
	planned := make([]chaos.Planned, len(stage.Faults))
	for i, f := range stage.Faults {
		fault := s.Faults[f.Kind]
		if fault == nil {
			return fmt.Errorf("fault %s: no fault of kind %s", f.Name, f.Kind)
		}
		planned[i] = chaos.Planned{
			Name: f.Name, Fault: fault, At: f.At.Std(), For: f.For.Std(),
			Injection: chaos.Injection{ID: f.Name, Target: f.Target, Params: f.Params},
		}
	}
	// Failures are observations: the judge draws its conclusions, and the stage goes on.
	_ = chaos.Play(ctx, world{s.gateway, &serviceFaults{session: s, active: map[string]*serviceFault{}}}, planned, func(e chaos.Event) {
		s.rec.observe(envd.Observation{Time: e.Time.UTC(), Stage: stage.Name, Fault: faultEvent(e)})
	})
	return nil
}

func faultEvent(e chaos.Event) *envd.FaultEvent {
	event := &envd.FaultEvent{Fault: e.Fault.Name, Kind: e.Fault.Fault.Kind(), Target: e.Fault.Target, Name: string(e.Name)}
	if e.Name == chaos.Active || e.Name == chaos.Reverted {
		event.Effect = &envd.Effect{
			Affected: e.Effect.Affected, Total: e.Effect.Total, Summary: e.Effect.Summary,
			DelayMS: float64(e.Effect.Delay) / float64(time.Millisecond),
		}
	}
	if e.Err != nil {
		event.Error = e.Err.Error()
	}
	return event
}

// sampleUsage records what each service consumes until ctx ends, and once more then.
func (s *session) sampleUsage(ctx context.Context) {
	tick := time.NewTicker(usageInterval)
	defer tick.Stop()
	for {
		s.observeUsage(ctx)
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), usageInterval)
			defer cancel()
			s.observeUsage(last)
			return
		case <-tick.C:
		}
	}
}

func (s *session) observeUsage(ctx context.Context) {
	usage, err := s.Runtime.Stats(ctx, s.ID)
	if err != nil {
		return // a service may just have ended; the next sample shows it
	}
	for i := range usage {
		s.rec.observe(envd.Observation{Usage: &usage[i]})
	}
}
