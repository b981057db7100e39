package runner

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/runtime/fake"
)

// seen is a runtime that sees when services listen, once it was asked to look.
type seen struct {
	envd.Runtime
	looking, listens chan struct{}
}

func (s *seen) AwaitListening(ctx context.Context, _, _ string) error {
	close(s.looking)
	select {
	case <-s.listens:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func TestExecWaitsForListening(t *testing.T) {
	tests := map[string]struct {
		silence time.Duration
		listens bool
	}{
		"listens":       {patience, true},
		"never listens": {time.Millisecond, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := &seen{looking: make(chan struct{}), listens: make(chan struct{})}
			var listening atomic.Bool
			var early atomic.Int64
			r := newRig(t)
			r.over = func(rt *fake.Runtime) envd.Runtime { s.Runtime = rt; return s }
			r.fake.Programs["serve"] = func(ctx context.Context, p *fake.Process) int {
				<-s.looking
				if test.listens {
					listening.Store(true)
					close(s.listens)
				}
				return serve(ctx, p)
			}
			r.fake.Programs["healthy"] = func(context.Context, *fake.Process) int {
				if !listening.Load() {
					early.Add(1)
				}
				return 0
			}
			r.cfg.Spec.Environment.Services[0].Ready = envd.Readiness{
				Exec: []string{"healthy"}, Timeout: envd.Duration(patience), Interval: envd.Duration(time.Millisecond), Listen: envd.Duration(test.silence),
			}
			result := r.run(t.Context(), Run)
			require.Equal(t, envd.Pass, result.Verdict.Outcome)
			assert.Equal(t, !test.listens, early.Load() > 0, "asked before it listened: %d times", early.Load())
		})
	}
}

// What a service answered says why it is not ready; that time was up in the middle of one more question does not.
func TestLastAnswerIsTold(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	answers := []error{errors.New("answered 500"), errors.New("answered 503")}
	calls := 0
	err := repeat(ctx, time.Millisecond, func() error {
		calls++
		if calls <= len(answers) {
			return answers[calls-1]
		}
		cancel()
		return ctx.Err()
	})
	assert.Equal(t, answers[1], err)
	assert.ErrorIs(t, repeat(ctx, time.Millisecond, ctx.Err), context.Canceled, "there was no answer")
}
