package runner

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/chaos"
	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/runtime/fake"
)

// Faults on services: seen to act, undone at their end, when their lease runs out, and by a process that knows nothing of
// them.
func TestFaultsOnServices(t *testing.T) {
	r := newRig(t)
	kill := chaos.ServiceFault{Verb: chaos.Kill}
	inflict := func(s *session, ctx context.Context) error {
		fresh := func() *serviceFaults { return &serviceFaults{session: s, active: map[string]*serviceFault{}} }
		running := func() bool {
			state, err := s.Runtime.Observe(ctx, s.ID)
			require.NoError(t, err)
			return state.Services["api"].Running
		}
		c := fresh()
		require.NoError(t, c.SetFault(ctx, "api", "f", kill, time.Minute))
		assert.False(t, running())
		e, err := c.AwaitFault(ctx, "api", "f")
		require.NoError(t, err)
		assert.Equal(t, chaos.Effect{Affected: 1, Total: 1, Summary: "killed it"}, e)
		require.NoError(t, c.RenewFault(ctx, "api", "f", time.Minute))
		e, err = c.ClearFault(ctx, "api", "f", kill)
		require.NoError(t, err)
		assert.Contains(t, e.Summary, "killed it, down for ")
		assert.True(t, running())

		require.NoError(t, c.SetFault(ctx, "api", "short", kill, 20*time.Millisecond))
		require.Eventually(t, running, 10*time.Second, time.Millisecond, "nobody renews the lease")
		require.Eventually(t, func() bool { return c.RenewFault(ctx, "api", "short", time.Minute) != nil }, 10*time.Second, time.Millisecond)
		assert.ErrorIs(t, c.RenewFault(ctx, "api", "short", time.Minute), chaos.ErrGone)
		_, err = c.AwaitFault(ctx, "api", "short")
		assert.ErrorIs(t, err, chaos.ErrGone)

		require.NoError(t, c.SetFault(ctx, "api", "orphan", kill, time.Minute))
		_, err = fresh().ClearFault(ctx, "api", "orphan", kill)
		require.NoError(t, err)
		assert.True(t, running())
		_, err = c.ClearFault(ctx, "api", "orphan", kill)
		require.NoError(t, err, "it runs already")

		restart := chaos.ServiceFault{Verb: chaos.Restart, Rolling: true, Kill: true}
		require.NoError(t, c.SetFault(ctx, "api", "again", restart, time.Minute))
		_, err = c.AwaitFault(ctx, "api", "again")
		require.NoError(t, err)
		e, err = c.ClearFault(ctx, "api", "again", restart)
		require.NoError(t, err)
		assert.Contains(t, e.Summary, "restarted it, down for ")
		assert.True(t, running())

		assert.ErrorIs(t, c.SetFault(ctx, "nobody", "f", kill, time.Minute), envd.ErrNoService)
		assert.ErrorIs(t, c.SetFault(ctx, "api", "f", chaos.ServiceFault{Verb: chaos.Pause}, time.Minute), envd.ErrUnsupported)
		return nil
	}
	r.run(t.Context(), func(ctx context.Context, cfg Config) (Result, error) { return conduct(ctx, cfg, "up", inflict) })
	observations, err := r.cfg.Dir.Observations()
	require.NoError(t, err)
	exits := 0
	for _, o := range observations {
		if o.Service != nil && o.Service.Name == envd.ServiceExited {
			exits++
			assert.True(t, o.Service.Expected, "what a fault ends has not crashed")
		}
	}
	assert.Equal(t, 5, exits, "four faults and the teardown")
}

// A service that was restarted is down until it is ready, and not only until it runs.
func TestRestartedServiceIsDownUntilReady(t *testing.T) {
	const refusals = 20
	r := newRig(t)
	var rose time.Duration // in the last life of the service: from the first probe to the one that succeeded
	r.fake.Programs["serve"] = func(ctx context.Context, p *fake.Process) int {
		l, err := p.Listen(8080)
		if err != nil {
			return 1
		}
		probes, first := 0, time.Time{}
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if probes++; probes == 1 {
				first = time.Now()
			}
			if probes <= refusals {
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			rose = time.Since(first)
		})}
		done := make(chan struct{})
		go func() { defer close(done); _ = server.Serve(l) }()
		<-p.Terminated()
		server.Close()
		<-done
		return 0
	}
	r.run(t.Context(), func(ctx context.Context, cfg Config) (Result, error) {
		return conduct(ctx, cfg, "up", func(s *session, ctx context.Context) error {
			c := &serviceFaults{session: s, active: map[string]*serviceFault{}}
			restart := chaos.ServiceFault{Verb: chaos.Restart}
			require.NoError(t, c.SetFault(ctx, "api", "again", restart, time.Minute))
			fault := c.active["again"]
			_, err := c.ClearFault(ctx, "api", "again", restart)
			require.NoError(t, err)
			assert.GreaterOrEqual(t, fault.longest, rose)
			return nil
		})
	})
}
