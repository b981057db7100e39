package runner

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/envd"
	v1 "github.com/envd-dev/envd/envd/api/v1"
	"github.com/envd-dev/envd/envd/internal/evidence"
	"github.com/envd-dev/envd/envd/internal/runtime/fake"
)

// held is the rig of an environment that is to be held for ttl. while is what happens once it is ready.
func held(t *testing.T, ttl time.Duration, while func(*rig, evidence.Meta)) *rig {
	r := newRig(t)
	r.cfg.Spec.Stages, r.cfg.Spec.Gate = nil, envd.Gate{}
	r.cfg.TTL = ttl
	r.cfg.Ready = func(m evidence.Meta) error { go while(r, m); return nil }
	return r
}

// TestEnvironmentIsUsedAndTakenDown goes through every verb of the control API.
func TestEnvironmentIsUsedAndTakenDown(t *testing.T) {
	used := make(chan struct{})
	r := held(t, time.Hour, func(r *rig, m evidence.Meta) {
		defer close(used)
		ctx, c := t.Context(), Connect(m.Control)
		defer c.Close()
		defer func() { assert.NoError(t, c.Down(ctx)) }()

		resp, err := http.Get("http://" + m.Addresses["api:8080"] + "/hello")
		if assert.NoError(t, err, "%v", m.Addresses) {
			b, err := io.ReadAll(resp.Body)
			assert.NoError(t, err)
			assert.NoError(t, resp.Body.Close())
			assert.Equal(t, "/hello", string(b), "a service is reached from this host")
		}
		http.DefaultClient.CloseIdleConnections()

		state, err := c.State(ctx)
		assert.NoError(t, err)
		assert.Equal(t, evidence.Ready, state.Meta.Status)
		assert.True(t, state.Services["api"].Running)
		if assert.Len(t, state.Stubs, 1) {
			assert.Equal(t, "payments.example.com", state.Stubs[0].Host)
		}
		expires, err := c.Renew(ctx, 3*time.Hour)
		assert.NoError(t, err)
		assert.WithinDuration(t, time.Now().Add(3*time.Hour), expires, time.Minute)
		_, err = c.Renew(ctx, -time.Hour)
		assert.ErrorContains(t, err, "ttl")

		var out strings.Builder
		assert.NoError(t, c.Logs(ctx, "api", false, &out))
		assert.Contains(t, out.String(), "listening")
		assert.ErrorContains(t, c.Logs(ctx, "nobody", false, io.Discard), "nobody")

		out.Reset()
		code, err := c.Exec(ctx, v1.ExecRequest{Service: "api", Command: []string{"cat"}, Env: map[string]string{"CODE": "5"}}, strings.NewReader("piped"), &out, &out)
		assert.NoError(t, err)
		assert.Equal(t, 5, code)
		assert.Equal(t, "piped", out.String())
		for _, bad := range []v1.ExecRequest{{}, {Service: "nobody", Command: []string{"cat"}}} {
			_, err = c.Exec(ctx, bad, nil, io.Discard, io.Discard)
			assert.Error(t, err, "%+v", bad)
		}

		out.Reset()
		code, err = c.Exec(ctx, v1.ExecRequest{Command: []string{"missing"}}, nil, io.Discard, &out)
		assert.NoError(t, err)
		assert.Equal(t, 127, code)
		assert.Contains(t, out.String(), "missing")

		resp, err = c.Admin(ctx, http.MethodGet, "payments.example.com", "/__admin/mappings", nil)
		if assert.NoError(t, err) {
			b, err := io.ReadAll(resp.Body)
			assert.NoError(t, err)
			assert.NoError(t, resp.Body.Close())
			assert.Contains(t, string(b), "/charge")
		}
		_, err = c.Admin(ctx, http.MethodGet, "other.example.com", "/__admin/mappings", nil)
		assert.ErrorContains(t, err, "no stub other.example.com")
	})
	r.fake.Programs["cat"] = func(_ context.Context, p *fake.Process) int {
		_, _ = io.Copy(p.Stdout, p.Stdin)
		code := 0
		_, _ = fmt.Sscan(p.Env["CODE"], &code)
		return code
	}
	result := r.run(t.Context(), Up)
	<-used
	assert.ErrorIs(t, result.Cause, ErrDown)
	assert.Equal(t, envd.ExitPass, result.ExitCode)
	assert.True(t, result.WasReady)
	_, err := r.cfg.Dir.Verdict()
	assert.Error(t, err, "an environment proves nothing")
	_, err = Connect("unix:@nobody-listens-here").State(t.Context())
	assert.ErrorIs(t, err, ErrGone)
}

// TestHowAnEnvironmentEnds: by its lease, by an interrupt, or before it was up.
func TestHowAnEnvironmentEnds(t *testing.T) {
	t.Run("its lease ends", func(t *testing.T) {
		r := held(t, 50*time.Millisecond, func(*rig, evidence.Meta) {})
		result := r.run(t.Context(), Up)
		assert.ErrorIs(t, result.Cause, ErrLeaseEnded)
		assert.Equal(t, envd.ExitPass, result.ExitCode)
		assert.Equal(t, ErrLeaseEnded.Error(), r.detail(envd.RunInterrupted))
	})
	t.Run("an interrupt", func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		r := held(t, time.Hour, func(*rig, evidence.Meta) { cancel(ErrInterrupted) })
		result := r.run(ctx, Up)
		assert.ErrorIs(t, result.Cause, ErrInterrupted)
		assert.Equal(t, envd.ExitPass, result.ExitCode, "it was up, and is down as asked")
	})
	t.Run("an interrupt before it is up", func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		r := held(t, time.Hour, nil)
		r.fake.Programs["serve"] = func(ctx context.Context, _ *fake.Process) int { cancel(ErrInterrupted); <-ctx.Done(); return 0 }
		assert.Equal(t, envd.ExitInterrupted, r.run(ctx, Up).ExitCode)
	})
	t.Run("it does not come up", func(t *testing.T) {
		r := held(t, time.Hour, nil)
		r.cfg.Spec.Environment.Services[0].Command = []string{"fail"}
		result := r.run(t.Context(), Up)
		assert.Equal(t, envd.ExitEnvironment, result.ExitCode)
		assert.False(t, result.WasReady)
		assert.Contains(t, r.detail(envd.RunProvisionFailed), "something broke")
	})
	t.Run("something is left behind", func(t *testing.T) {
		r := held(t, time.Millisecond, func(*rig, evidence.Meta) {})
		r.fake.Leftovers = []envd.Leftover{{Kind: "process", ID: "42"}}
		assert.Equal(t, envd.ExitLeftovers, r.run(t.Context(), Up).ExitCode)
	})
}

// TestARunHasNoLease: it is bounded by its budget, and cannot be renewed; taken down it proves nothing.
func TestARunHasNoLease(t *testing.T) {
	r := newRig(t)
	r.fake.Programs["ask"] = func(ctx context.Context, _ *fake.Process) int {
		meta, err := r.cfg.Dir.Meta()
		if assert.NoError(t, err) {
			assert.Equal(t, evidence.Exercising, meta.Status)
			assert.Equal(t, "tests", meta.Stage)
			c := Connect(meta.Control)
			defer c.Close()
			_, err = c.Renew(ctx, time.Hour)
			assert.ErrorContains(t, err, "no lease")
			assert.NoError(t, c.Down(context.WithoutCancel(ctx)))
		}
		<-ctx.Done()
		return 0
	}
	result := r.run(t.Context(), Run)
	require.ErrorIs(t, result.Cause, ErrDown)
	assert.Equal(t, envd.Inconclusive, result.Verdict.Outcome)
	assert.Equal(t, envd.ExitInconclusive, result.ExitCode)
}
