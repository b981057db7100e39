package runner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/metrics"
	"github.com/envd-dev/envd/loadprofiles"
)

// load runs k6 inside the environment and records what it measures. started is called when the schedule begins.
func (s *session) load(ctx context.Context, stage *envd.Stage, started func()) error {
	k6, err := s.K6(ctx)
	if err != nil {
		return err
	}
	cfg, err := s.loadConfig(stage)
	if err != nil {
		return fmt.Errorf("stage %s: %w", stage.Name, err)
	}
	inspection, err := k6.Inspect(ctx, cfg)
	if err != nil {
		return s.refusedScript(ctx, stage, err)
	}
	invocation, err := loadprofiles.Command(cfg, inspection, loadprofiles.Layout{
		K6: k6.Path, Dir: path.Join(path.Dir(envd.CAFile), "load", stage.Name),
	})
	if err != nil {
		return s.refusedScript(ctx, stage, err)
	}
	for _, f := range invocation.Files {
		op := envd.Operation{
			ID: "file.write " + f.Path, Kind: envd.OpFile, Target: f.Path, Environment: s.Spec.Environment,
			File: &envd.File{Path: f.Path, Mode: 0o644}, Content: f.Data,
		}
		if err := s.Runtime.Do(ctx, s.ID, op); err != nil {
			return err
		}
	}
	summary, err := s.runK6(ctx, stage, invocation, started)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return fmt.Errorf("stage %s: load: %w", stage.Name, err)
	}
	s.rec.observe(envd.Observation{Stage: stage.Name, Load: loadResult(summary)})
	return nil
}

// refusedScript records that the load could not begin, which leaves the stage inconclusive; the run goes on.
func (s *session) refusedScript(ctx context.Context, stage *envd.Stage, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	s.rec.observe(envd.Observation{Stage: stage.Name, Load: &envd.LoadResult{Problem: err.Error()}})
	return nil
}

func (s *session) loadConfig(stage *envd.Stage) (loadprofiles.Config, error) {
	l := stage.Load
	env, err := s.expandAll(l.Env)
	if err != nil {
		return loadprofiles.Config{}, err
	}
	cfg := loadprofiles.Config{
		Profile: l.Profile, Script: l.Script, Env: env,
		Load: loadprofiles.Load{Rate: l.Rate, Duration: l.Duration.Std(), MaxVUs: l.MaxVUs},
	}
	if len(s.Spec.Environment.Stubs) > 0 { // k6 is written in Go: it finds the environment's authority as services do
		cfg.Env = withDefault(cfg.Env, "SSL_CERT_FILE", envd.CAFile)
	}
	for _, r := range l.Requests {
		request := loadprofiles.Request{Method: r.Method, URL: r.URL, Headers: r.Headers, Body: r.Body}
		if r.Status != 0 {
			request.Status = []int{r.Status}
		}
		cfg.Requests = append(cfg.Requests, request)
	}
	return cfg, nil
}

func withDefault(env map[string]string, name, value string) map[string]string {
	if env == nil {
		env = map[string]string{}
	}
	if _, set := env[name]; !set {
		env[name] = value
	}
	return env
}

// runK6 starts k6 under envd's relay, and reads its measures and log until both end.
func (s *session) runK6(ctx context.Context, stage *envd.Stage, inv loadprofiles.Invocation, started func()) (loadprofiles.Summary, error) {
	measures, measuresEnd, err := os.Pipe()
	if err != nil {
		return loadprofiles.Summary{}, err
	}
	defer measures.Close()
	log, logEnd, err := os.Pipe()
	if err != nil {
		measuresEnd.Close()
		return loadprofiles.Summary{}, err
	}
	defer log.Close()
	keep, err := s.openOutput(stage.Name + ".k6")
	if err != nil {
		measuresEnd.Close()
		logEnd.Close()
		return loadprofiles.Summary{}, err
	}

	mark := func(name string, at time.Time) {
		s.rec.observe(envd.Observation{Time: at.UTC(), Stage: stage.Name, StageEvent: &envd.StageEvent{Name: name}})
	}
	var begun atomic.Bool
	recorder := loadprofiles.NewRecorder(inv.Plan, func() {
		begun.Store(true)
		mark(envd.StageLoadStart, time.Now())
		started()
	})
	read, logged := make(chan error, 1), make(chan error, 1)
	go func() { read <- s.readMeasures(stage, measures, recorder) }()
	go func() { logged <- recorder.ReadLog(log, keep) }()

	workdir := inv.Dir
	if len(inv.Files) == 0 { // the folder exists only if something was written to it
		workdir = "/tmp"
	}
	running, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	go stopWhenCrossed(running, recorder, stop)
	var cpu time.Duration
	begin := time.Now()
	code, err := s.Runtime.Exec(running, s.ID, envd.Exec{
		Name: "k6-" + stage.Name, Command: append(slices.Clone(s.Relay), inv.Args...), Env: environMap(inv.Env), WorkDir: workdir,
		Stdout: measuresEnd, Stderr: logEnd, CPU: &cpu, Clean: true,
	})
	wall := time.Since(begin)
	if errors.Is(context.Cause(running), errCrossed) { // the exit code of a k6 that watches thresholds itself
		code, err = thresholdsCrossed, nil
	}
	err = errors.Join(err, measuresEnd.Close(), logEnd.Close(), <-read, <-logged, keep.Close())
	summary := recorder.Summary(loadprofiles.Exit{Code: code, Wall: wall, CPU: cpu, CPUs: float64(runtime.NumCPU())})
	if begun.Load() {
		mark(envd.StageLoadEnd, loadEnd(&summary, begin.Add(wall)))
	}
	return summary, err
}

// loadEnd returns when the load was over. k6 exits a little later, after it has delivered its measures; only a load that
// was cut off ended together with k6.
func loadEnd(summary *loadprofiles.Summary, exited time.Time) time.Time {
	if end := summary.End; !end.IsZero() && end.Before(exited) {
		return end
	}
	return exited
}

// crossedInterval is how often thresholds with abortOnFail are evaluated, which is as often as k6 does it.
const crossedInterval = 2 * time.Second

var errCrossed = errors.New("a threshold with abortOnFail was crossed")

// stopWhenCrossed ends the load once a threshold that the script marked with abortOnFail fails.
func stopWhenCrossed(ctx context.Context, recorder *loadprofiles.Recorder, stop context.CancelCauseFunc) {
	begin := time.Now()
	tick := time.NewTicker(crossedInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if _, crossed := recorder.Abort(time.Since(begin)); crossed {
				stop(errCrossed)
				return
			}
		}
	}
}

// readMeasures feeds what k6 measures to the recorder and the per-second aggregation.
func (s *session) readMeasures(stage *envd.Stage, stream io.Reader, recorder *loadprofiles.Recorder) error {
	aggregate := metrics.NewAggregator(func(sample envd.Sample) {
		s.rec.observe(envd.Observation{Stage: stage.Name, Sample: &sample})
	})
	err := recorder.ReadMeasures(stream, func(m loadprofiles.Measure) {
		switch m.Metric {
		case "http_req_duration":
			countRequests(aggregate, &m)
		case "iterations":
			aggregate.Iterations(m.Second, int64(m.Sum))
		case "dropped_iterations":
			aggregate.Dropped(m.Second, int64(m.Sum))
		case "checks":
			aggregate.Checks(m.Second, m.NonZero, m.Count-m.NonZero)
		}
	})
	aggregate.Flush()
	if err != nil { // it goes into the summary; k6 must not block on a pipe that nobody reads
		_, err = io.Copy(io.Discard, stream)
	}
	return err
}

// countRequests passes on the latencies of one second, bucket by bucket. Only their total is known exactly; each bucket
// gets a share of it in proportion to its midpoint.
func countRequests(aggregate *metrics.Aggregator, m *loadprofiles.Measure) {
	requests := make([]metrics.Requests, len(m.Buckets))
	sum := 0.0
	for i, b := range m.Buckets {
		r := &requests[i]
		r.Second, r.Count, r.Failed = m.Second, b.Count, m.Tags.Expected == "false"
		r.Low, r.High = max(b.Low, m.Min), min(b.High, m.Max)
		r.Sum = (r.Low + r.High) / 2 * float64(b.Count)
		sum += r.Sum
	}
	for _, r := range requests {
		if sum > 0 {
			r.Sum *= m.Sum / sum
		}
		aggregate.Requests(r)
	}
}

// Exit codes of k6: a threshold was crossed; the script itself declared the test failed.
const (
	thresholdsCrossed = 99
	scriptFailed      = 110
)

// loadResult turns k6's summary into the observation of how the load ended.
func loadResult(s loadprofiles.Summary) *envd.LoadResult {
	r := &envd.LoadResult{
		ExitCode: s.ExitCode, Iterations: s.Iterations, Planned: int64(s.Planned), Dropped: s.Dropped,
		Exceptions: s.Exceptions.Count, Saturated: strings.Join(s.Saturation, "; "), Starved: s.Starved, Problem: s.Incomplete,
	}
	for _, e := range s.Exceptions.First {
		text := e.Text
		if e.Location != "" {
			text += " (" + e.Location + ")"
		}
		r.Examples = append(r.Examples, text)
	}
	for _, t := range s.Thresholds {
		r.Thresholds = append(r.Thresholds, envd.ThresholdResult{
			Metric: t.Threshold.Metric, Source: t.Threshold.String(), Outcome: thresholdOutcome(t.Status),
			Measured: t.Value, Samples: t.Samples, Message: t.Reason,
		})
	}
	if s.ExitCode == scriptFailed {
		r.ExitCode = 0
		r.Thresholds = append(r.Thresholds, envd.ThresholdResult{
			Metric: "script", Source: "the script's own word", Outcome: envd.Fail, Message: "it marked the test as failed",
		})
	}
	return r
}

func thresholdOutcome(s loadprofiles.Status) envd.Outcome {
	switch s {
	case loadprofiles.Passed:
		return envd.Pass
	case loadprofiles.Failed:
		return envd.Fail
	}
	return envd.Inconclusive
}

func environMap(list []string) map[string]string {
	env := make(map[string]string, len(list))
	for _, pair := range list {
		name, value, _ := strings.Cut(pair, "=")
		env[name] = value
	}
	return env
}
