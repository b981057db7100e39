package runner

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/runtime/fake"
)

// late is a runtime whose gateway comes up only when a service has started.
type late struct {
	envd.Runtime
	started chan struct{}
}

func (l *late) Do(ctx context.Context, id string, op envd.Operation) error {
	if op.Kind == envd.OpGateway {
		select {
		case <-l.started:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	err := l.Runtime.Do(ctx, id, op)
	if op.Kind == envd.OpStart {
		close(l.started)
	}
	return err
}

// What services send out before the gateway is up is on record only if it was held for long enough.
func TestLateGateway(t *testing.T) {
	for name, holds := range map[string]time.Duration{"held": time.Hour, "not held long enough": time.Nanosecond} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			env := r.cfg.Spec.Environment
			env.Stubs, env.Services[0].Ready = nil, envd.Readiness{Exec: []string{"ready"}, Timeout: envd.Duration(patience), Interval: envd.Duration(time.Millisecond)}
			r.cfg.Spec.Stages[0].Functional.Command = []string{"ready"}
			r.fake.Programs["ready"] = func(context.Context, *fake.Process) int { return 0 }
			caps, err := fake.New(fake.Options{}).Capabilities(t.Context())
			require.NoError(t, err)
			caps.Holds = envd.Duration(holds)
			r.fake.Capabilities = &caps
			r.over = func(rt *fake.Runtime) envd.Runtime { return &late{rt, make(chan struct{})} }
			result := r.run(t.Context(), Run)
			require.Equal(t, envd.Pass, result.Verdict.Stages[0].Outcome, "%+v", result.Verdict)
			assert.Equal(t, holds < time.Second, slices.Contains(r.events(), envd.RunConnectionsUnseen))
		})
	}
}
