package runner

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/evidence"
	"github.com/envd-dev/envd/envd/internal/runtime/fake"
)

func TestRunPasses(t *testing.T) {
	r := newRig(t)
	result := r.run(t.Context(), Run)
	assert.Equal(t, envd.Pass, result.Verdict.Outcome, "%v", result.Verdict.Reasons)
	assert.Equal(t, envd.ExitPass, result.ExitCode)
	assert.NoError(t, result.Cause)
	assert.True(t, result.WasReady)
	assert.Equal(t, []string{envd.RunProvisioned, envd.RunExercised, envd.RunTornDown}, r.events())
	require.Len(t, result.Verdict.Stubs, 1)
	assert.EqualValues(t, 1, result.Verdict.Stubs[0].Matched)

	recorded, err := r.cfg.Dir.Verdict()
	require.NoError(t, err)
	assert.Equal(t, result.Verdict.Outcome, recorded.Outcome)
	assert.Contains(t, r.read(evidence.LogsDir, "tests.functional.log"), `"paid":true`)
	assert.Contains(t, r.read(evidence.LogsDir, r.cfg.ID, "api.log"), "bye", "the service was asked to end, and heard")
	for _, name := range []string{evidence.SpecFile, evidence.PlanFile, evidence.TextFile, evidence.JSONFile, evidence.JUnitFile, evidence.HTMLFile} {
		assert.NotEmpty(t, r.read(name), name)
	}
	for _, line := range []string{`"operation":"service.start api","event":"started"`, `"operation":"service.start api","event":"succeeded"`, `"operation":"service.stop api","event":"succeeded"`} {
		assert.Contains(t, r.read(evidence.JournalFile), line)
	}
}

// TestOutcomes: what a run may come to, the code of the command, and the events that say so.
func TestOutcomes(t *testing.T) {
	for _, c := range []struct {
		name    string
		change  func(*rig)
		outcome envd.Outcome
		code    int
		events  []string
		reason  string // in the verdict's
	}{
		{"a test fails", func(r *rig) { r.cfg.Spec.Stages[0].Functional.Command = []string{"fail"} },
			envd.Fail, envd.ExitFail, []string{envd.RunProvisioned, envd.RunExercised}, "exit code 7"},
		{"a test takes too long", func(r *rig) {
			r.cfg.Spec.Stages[0].Functional = &envd.Functional{Command: []string{"hang"}, Timeout: envd.Duration(time.Millisecond)}
		}, envd.Fail, envd.ExitFail, []string{envd.RunProvisioned, envd.RunExercised}, "stopped at its timeout"},
		{"a test cannot be run", func(r *rig) { r.cfg.Spec.Stages[0].Functional.Command = []string{"missing"} },
			envd.Inconclusive, envd.ExitInconclusive, []string{envd.RunProvisioned, envd.RunExercised}, "not found"},
		{"a request is unmatched", func(r *rig) {
			r.fake.Programs["ask"] = func(ctx context.Context, p *fake.Process) int { return ask(ctx, p, r.port, "/other") }
		}, envd.Fail, envd.ExitFail, []string{envd.RunProvisioned, envd.RunExercised}, "unmatched"},
		{"nothing is to be proven", func(r *rig) { r.cfg.Spec.Gate = envd.Gate{} },
			envd.Inconclusive, envd.ExitInconclusive, []string{envd.RunProvisioned, envd.RunExercised}, "no conditions"},
		{"a service ends too soon", func(r *rig) { r.cfg.Spec.Environment.Services[0].Command = []string{"fail"} },
			envd.Errored, envd.ExitEnvironment, []string{envd.RunProvisionFailed}, "something broke"},
		{"a service is never ready", func(r *rig) {
			r.cfg.Spec.Environment.Services[0].Ready = envd.Readiness{TCP: 9, Timeout: envd.Duration(20 * time.Millisecond), Interval: envd.Duration(time.Millisecond)}
		}, envd.Errored, envd.ExitEnvironment, []string{envd.RunProvisionFailed}, "not ready within 20ms"},
		{"a mapping is refused", func(r *rig) { r.cfg.Spec.Environment.Stubs[0].Mappings = []string{`{"request": 7}`} },
			envd.Errored, envd.ExitEnvironment, []string{envd.RunProvisionFailed}, "payments.example.com"},
		{"a variable is missing", func(r *rig) {
			r.cfg.Spec.Environment.Services[0].Env = map[string]envd.Value{"A": {Text: "${NOBODY_SET_IT}"}}
		}, envd.Errored, envd.ExitEnvironment, []string{envd.RunProvisionFailed}, "NOBODY_SET_IT is not set"},
		{"the runtime cannot hold it", func(r *rig) {
			r.cfg.Spec.Environment.Services[0].Resources.CPUMillis = 1
			r.fake.Before = func(_ context.Context, _ string, op envd.Operation) error { return fmt.Errorf("%s was begun", op.ID) }
		}, envd.Errored, envd.ExitUsage, []string{envd.RunProvisionFailed}, "bounds its resources"},
		{"the budget ends in a stage", func(r *rig) {
			r.cfg.Spec.Stages[0].Functional.Command = []string{"hang"}
			r.cfg.Spec.Budget = envd.Duration(100 * time.Millisecond)
			r.cfg.Spec.Environment.Services = nil // so that the environment is up by then
		}, envd.Inconclusive, envd.ExitInconclusive, nil, "budget"},
		{"the budget ends while it comes up", func(r *rig) {
			r.cfg.Spec.Environment.Services[0].Command = []string{"hang"}
			r.cfg.Spec.Budget = envd.Duration(50 * time.Millisecond)
		}, envd.Inconclusive, envd.ExitInconclusive, []string{envd.RunOverBudget}, "budget"},
		{"something is left behind", func(r *rig) { r.fake.Leftovers = []envd.Leftover{{Kind: "process", ID: "42"}} },
			envd.Pass, envd.ExitLeftovers, []string{envd.RunProvisioned, envd.RunExercised}, ""},
		{"something is left behind of a failure", func(r *rig) {
			r.fake.Leftovers = []envd.Leftover{{Kind: "process", ID: "42"}}
			r.cfg.Spec.Stages[0].Functional.Command = []string{"fail"}
		}, envd.Fail, envd.ExitFail, []string{envd.RunProvisioned, envd.RunExercised}, "exit code 7"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			c.change(r)
			result := r.run(t.Context(), Run)
			assert.Equal(t, c.outcome, result.Verdict.Outcome, "%v", result.Verdict.Reasons)
			assert.Equal(t, c.code, result.ExitCode)
			if c.events != nil {
				assert.Equal(t, append(c.events, envd.RunTornDown), r.events())
			}
			assert.Equal(t, len(r.fake.Leftovers), len(result.Verdict.Leftovers))
			assert.Contains(t, fmt.Sprint(result.Verdict.Reasons), c.reason)
		})
	}
}

// TestInterrupted: an interrupt at either time ends the run with its own code, after a teardown.
func TestInterrupted(t *testing.T) {
	for name, at := range map[string]func(*rig, func()){
		"in a stage": func(r *rig, interrupt func()) {
			r.fake.Programs["ask"] = func(ctx context.Context, _ *fake.Process) int { interrupt(); <-ctx.Done(); return 0 }
		},
		"while it comes up": func(r *rig, interrupt func()) {
			r.fake.Programs["serve"] = func(ctx context.Context, _ *fake.Process) int { interrupt(); <-ctx.Done(); return 0 }
		},
		"before anything": func(_ *rig, interrupt func()) { interrupt() },
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			r := newRig(t)
			at(r, func() { cancel(ErrInterrupted) })
			result := r.run(ctx, Run)
			assert.ErrorIs(t, result.Cause, ErrInterrupted)
			assert.Equal(t, envd.ExitInterrupted, result.ExitCode)
			assert.NotEqual(t, envd.Pass, result.Verdict.Outcome)
			assert.Contains(t, r.events(), envd.RunInterrupted)
		})
	}
}

// TestServiceThatCrashes: a service that ends while a stage runs fails the run, although its test passes.
func TestServiceThatCrashes(t *testing.T) {
	r := newRig(t)
	crash, crashed := make(chan struct{}), make(chan struct{})
	r.fake.Programs["serve"] = func(ctx context.Context, p *fake.Process) int {
		ctx, cancel := context.WithCancel(ctx)
		go func() { <-crash; cancel() }()
		serve(ctx, p)
		return 3
	}
	r.cfg.Notify = func(n Notice) {
		if o := n.Observation; o != nil && o.Service != nil && o.Service.Name == envd.ServiceExited && !o.Service.Expected {
			close(crashed)
		}
	}
	r.fake.Programs["ask"] = func(ctx context.Context, p *fake.Process) int {
		close(crash)
		<-crashed
		return ask(ctx, p, r.port, "/charge")
	}
	result := r.run(t.Context(), Run)
	assert.Equal(t, envd.Fail, result.Verdict.Outcome)
	assert.Contains(t, fmt.Sprint(result.Verdict.Reasons), "api")
}

// TestSecretsAreMasked wherever a run writes something down.
func TestSecretsAreMasked(t *testing.T) {
	r := newRig(t)
	stage := r.cfg.Spec.Stages[0].Functional
	stage.Env = map[string]envd.Value{"TOKEN": {FromEnv: "TOKEN"}}
	stage.Command = []string{"say"}
	r.fake.Programs["say"] = func(_ context.Context, p *fake.Process) int {
		fmt.Fprintf(p.Stdout, "the token is %s, not hush or -hush\n", p.Env["TOKEN"])
		return 1
	}
	r.run(t.Context(), Run)
	assert.Contains(t, r.read(evidence.LogsDir, "tests.functional.log"), "the token is «secret», not hush or -hush")
	assert.Contains(t, r.read(evidence.SpecFile), "TOKEN", "a reference is stored")
	err := filepath.WalkDir(r.cfg.Dir.Path(), func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		assert.NotContains(t, string(b), "hush-hush", path)
		return err
	})
	require.NoError(t, err)
}

// TestFullDisk: a run that cannot be recorded is an error of envd's, torn down all the same; run.json says so.
func TestFullDisk(t *testing.T) {
	_, err := os.Stat("/dev/full")
	if err != nil && os.Getenv("CI") == "" {
		t.Skip("NOT TESTED: this system has no /dev/full")
	}
	require.NoError(t, err)
	r := newRig(t)
	require.NoError(t, os.Symlink("/dev/full", r.cfg.Dir.Path(evidence.ObservationsFile)))
	r.rt = fake.New(r.fake)
	r.cfg.Runtime = r.rt
	_, err = Run(t.Context(), r.cfg)
	require.ErrorContains(t, err, "no space left")
	r.gone()
	meta, err := r.cfg.Dir.Meta()
	require.NoError(t, err)
	assert.Equal(t, evidence.Finished, meta.Status)
	assert.Equal(t, envd.Errored, meta.Outcome)
	require.NotNil(t, meta.ExitCode)
	assert.Equal(t, envd.ExitEnvironment, *meta.ExitCode)
	assert.Contains(t, meta.Message, "no space left")
	_, err = r.cfg.Dir.Check()
	assert.ErrorIs(t, err, evidence.ErrUnsealed)
}
