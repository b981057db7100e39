package runner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"runtime"
	"strings"
	"time"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/metrics"
	"github.com/envd-dev/envd/loadprofiles"
)

// load runs k6 inside the environment and streams its samples. started is called when the first of them arrives.
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
		K6: k6.Path, Dir: path.Join(path.Dir(envd.CAFile), "load", stage.Name), Output: "-",
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
	if len(s.Spec.Environment.Stubs) > 0 { // k6 is Go: it finds the environment's authority as services do
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

// runK6 starts the load generator and reads its samples and log until both end.
func (s *session) runK6(ctx context.Context, stage *envd.Stage, inv loadprofiles.Invocation, started func()) (loadprofiles.Summary, error) {
	samples, samplesEnd, err := os.Pipe()
	if err != nil {
		return loadprofiles.Summary{}, err
	}
	defer samples.Close()
	enlarge(samples)
	log, logEnd, err := os.Pipe()
	if err != nil {
		samplesEnd.Close()
		return loadprofiles.Summary{}, err
	}
	defer log.Close()
	keep, err := s.openOutput(stage.Name + ".k6")
	if err != nil {
		samplesEnd.Close()
		logEnd.Close()
		return loadprofiles.Summary{}, err
	}

	recorder := loadprofiles.NewRecorder(inv.Plan)
	read, logged := make(chan error, 1), make(chan error, 1)
	go func() { read <- s.readSamples(stage, samples, recorder, started) }()
	go func() { logged <- recorder.ReadLog(io.TeeReader(log, keep)) }()

	workdir := inv.Dir
	if len(inv.Files) == 0 { // nothing was written there, so it does not exist
		workdir = "/tmp"
	}
	var cpu time.Duration
	begin := time.Now()
	code, err := s.Runtime.Exec(ctx, s.ID, envd.Exec{
		Name: "k6-" + stage.Name, Command: inv.Args, Env: environMap(inv.Env), WorkDir: workdir,
		Stdout: samplesEnd, Stderr: logEnd, CPU: &cpu, Clean: true,
	})
	wall := time.Since(begin)
	err = errors.Join(err, samplesEnd.Close(), logEnd.Close(), <-read, <-logged, keep.Close())
	return recorder.Summary(loadprofiles.Exit{Code: code, Wall: wall, CPU: cpu, CPUs: float64(runtime.NumCPU())}), err
}

// samplesBuffer is the size of the pipe through which samples come: room for k6 to go on while the reader is not running.
const samplesBuffer = 1 << 20

// readSamples feeds every point to the recorder and the per-second aggregation.
func (s *session) readSamples(stage *envd.Stage, r io.Reader, recorder *loadprofiles.Recorder, started func()) error {
	mark := func(name string) {
		s.rec.observe(envd.Observation{Stage: stage.Name, StageEvent: &envd.StageEvent{Name: name}})
	}
	aggregate := metrics.NewAggregator(func(sample envd.Sample) {
		s.rec.observe(envd.Observation{Stage: stage.Name, Sample: &sample})
	})
	begun := false
	var request struct{ start, end time.Time } // the latest; its http_req_failed follows it
	err := recorder.ReadSamples(r, func(p loadprofiles.Point) {
		if !begun {
			begun = true
			mark(envd.StageLoadStart)
			started()
		}
		switch p.Metric {
		case "http_req_duration":
			request.end = p.Time
			request.start = p.Time.Add(-time.Duration(p.Value * float64(time.Millisecond)))
			aggregate.Request(request.start, p.Value)
		case "http_req_failed":
			if p.Value != 0 && p.Time.Equal(request.end) {
				aggregate.Failed(request.start)
			} else if p.Value != 0 {
				aggregate.Failed(p.Time)
			}
		case "iterations":
			aggregate.Iterations(p.Time, int64(p.Value))
		case "dropped_iterations":
			aggregate.Dropped(p.Time, int64(p.Value))
		case "checks":
			aggregate.Check(p.Time, p.Value != 0)
		}
	})
	aggregate.Flush()
	if begun {
		mark(envd.StageLoadEnd)
	}
	if err != nil { // the summary says so; k6 must not block on a pipe that nobody reads
		_, err = io.Copy(io.Discard, r)
	}
	return err
}

// scriptFailed is how k6 exits when the script itself declared the test failed.
const scriptFailed = 110

// loadResult tells a load run's end in the words of observations.
func loadResult(s loadprofiles.Summary) *envd.LoadResult {
	r := &envd.LoadResult{
		ExitCode: s.ExitCode, Iterations: s.Iterations, Planned: int64(s.Planned), Dropped: s.Dropped,
		Exceptions: s.Exceptions.Count, Saturated: strings.Join(s.Saturation, "; "), Problem: s.Incomplete,
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
