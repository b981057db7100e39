package runner

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/chaos"
	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/runtime/fake"
)

// course are the events of the service api.
func (r *rig) course() (events []envd.ServiceEvent) {
	r.t.Helper()
	observations, err := r.cfg.Dir.Observations()
	require.NoError(r.t, err)
	for _, o := range observations {
		if o.Service != nil && o.Service.Service == "api" {
			events = append(events, *o.Service)
		}
	}
	return events
}

// TestRestartOnTheWayUp has a service that finds nothing to work with at first.
func TestRestartOnTheWayUp(t *testing.T) {
	r := newRig(t)
	var starts atomic.Int32
	r.fake.Programs["late"] = func(ctx context.Context, p *fake.Process) int {
		if starts.Add(1) <= 2 {
			return 7
		}
		return serve(ctx, p)
	}
	api := r.cfg.Spec.Environment.Service("api")
	api.Command, api.Restart = []string{"late"}, &envd.Restart{Always: true}
	result := r.run(t.Context(), Run)
	assert.Equal(t, envd.Pass, result.Verdict.Outcome, "%q", result.Verdict.Reasons)

	seven, zero := 7, 0
	crash := envd.ServiceEvent{Service: "api", Name: envd.ServiceExited, ExitCode: &seven, Detail: "exit code 7", Restarting: true}
	course := r.course()
	require.Len(t, course, 7)
	course[5].Detail = ""
	assert.Equal(t, []envd.ServiceEvent{
		{Service: "api", Name: envd.ServiceStarted}, crash,
		{Service: "api", Name: envd.ServiceStarted, Restart: 1}, crash,
		{Service: "api", Name: envd.ServiceStarted, Restart: 2},
		{Service: "api", Name: envd.ServiceReady},
		{Service: "api", Name: envd.ServiceExited, ExitCode: &zero, Detail: "exit code 0", Expected: true},
	}, course)
	assert.Contains(t, r.read("report.txt"), "2 restarts of api, the last after exit code 7")
}

// TestRestartHidesNoCrash has a service that ends once the environment is up: it is there again, and the run has failed.
func TestRestartHidesNoCrash(t *testing.T) {
	r := newRig(t)
	crash, back := make(chan struct{}), make(chan struct{})
	var starts atomic.Int32
	r.fake.Programs["crash"] = func(ctx context.Context, p *fake.Process) int {
		if starts.Add(1) > 1 {
			close(back)
			return serve(ctx, p)
		}
		l, err := p.Listen(8080)
		if err != nil {
			return 1
		}
		defer l.Close()
		select {
		case <-crash:
		case <-ctx.Done():
		}
		return 3
	}
	r.fake.Programs["poke"] = func(ctx context.Context, _ *fake.Process) int {
		close(crash)
		select {
		case <-back:
			return 0
		case <-ctx.Done():
			return 1
		}
	}
	api := r.cfg.Spec.Environment.Service("api")
	api.Command, api.Restart = []string{"crash"}, &envd.Restart{}
	api.Ready = envd.Readiness{TCP: 8080, Timeout: api.Ready.Timeout, Interval: api.Ready.Interval}
	r.cfg.Spec.Stages[0].Functional.Command = []string{"poke"}
	result := r.run(t.Context(), Run)
	assert.Equal(t, envd.Fail, result.Verdict.Outcome)
	require.NotEmpty(t, result.Verdict.Reasons)
	assert.Regexp(t, `^service api exited unexpectedly with code 3 at .* during stage tests, and was started again: exit code 3$`, result.Verdict.Reasons[0])
}

// TestRestartGivesUp has a service that never stays: what its policy allows is tried, and then the reason told.
func TestRestartGivesUp(t *testing.T) {
	r := newRig(t)
	api := r.cfg.Spec.Environment.Service("api")
	api.Command, api.Restart = []string{"fail"}, &envd.Restart{Most: 2}
	result := r.run(t.Context(), Run)
	assert.Equal(t, envd.Errored, result.Verdict.Outcome)
	assert.ErrorContains(t, result.Cause, "service api ended before it was ready: exit code 7")
	assert.ErrorContains(t, result.Cause, "something broke", "its last words")
	exits := 0
	for _, e := range r.course() {
		if e.Name == envd.ServiceExited {
			exits++
			assert.Equal(t, exits < 3, e.Restarting)
		}
	}
	assert.Equal(t, 3, exits)
	assert.Len(t, result.Verdict.Reasons, 1, "%q", result.Verdict.Reasons)
}

// TestRestartLeavesFaultsAlone has a policy and a fault want different things of a service: the fault is what is tried.
func TestRestartLeavesFaultsAlone(t *testing.T) {
	r := newRig(t)
	r.cfg.Spec.Environment.Service("api").Restart = &envd.Restart{Always: true}
	kill := chaos.ServiceFault{Verb: chaos.Kill}
	inflict := func(s *session, ctx context.Context) error {
		c := &serviceFaults{session: s, active: map[string]*serviceFault{}}
		running := func() bool {
			state, err := s.Runtime.Observe(ctx, s.ID)
			require.NoError(t, err)
			return state.Services["api"].Running
		}
		before := s.lifeOf("api")
		require.NoError(t, c.SetFault(ctx, "api", "f", kill, patience))
		select {
		case <-before.over:
		case <-time.After(patience):
			require.Fail(t, "its end was not seen, or it is being started again")
		}
		assert.False(t, running())
		_, err := c.ClearFault(ctx, "api", "f", kill)
		require.NoError(t, err)
		assert.True(t, running())
		assert.Zero(t, s.lifeOf("api").restarts.Load())
		return nil
	}
	r.run(t.Context(), func(ctx context.Context, cfg Config) (Result, error) { return conduct(ctx, cfg, "up", inflict) })
	for _, e := range r.course() {
		assert.False(t, e.Restarting)
	}
}

// vanishing is a runtime whose environment is gone once that is closed.
type vanishing struct {
	*fake.Runtime
	gone chan struct{}
}

func (v vanishing) Wait(context.Context, string, string) (envd.Exit, error) {
	<-v.gone
	return envd.Exit{Code: 137, Signal: "killed", Reason: envd.ReasonGone}, nil
}

// TestEnvironmentVanishes has an environment end under its run, which is nothing that the service has failed at.
func TestEnvironmentVanishes(t *testing.T) {
	r := newRig(t)
	gone, told := make(chan struct{}), make(chan struct{})
	r.over = func(rt *fake.Runtime) envd.Runtime { return vanishing{rt, gone} }
	notify := r.cfg.Notify
	r.cfg.Notify = func(n Notice) {
		notify(n)
		if o := n.Observation; o != nil && o.Service != nil && o.Service.Name == envd.ServiceExited {
			close(told)
		}
	}
	r.fake.Programs["vanish"] = func(ctx context.Context, _ *fake.Process) int {
		close(gone)
		select {
		case <-told:
			return 0
		case <-ctx.Done():
			return 1
		}
	}
	r.cfg.Spec.Stages[0].Functional.Command = []string{"vanish"}
	result := r.run(t.Context(), Run)
	assert.Equal(t, envd.Errored, result.Verdict.Outcome)
	assert.Contains(t, result.Verdict.Reasons, "envd failed: api ended with its environment")
}
