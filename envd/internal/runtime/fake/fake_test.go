package fake_test

import (
	"context"
	"errors"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/runtime/fake"
	"github.com/envd-dev/envd/envd/internal/runtime/runtimetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestConformance(t *testing.T) {
	runtimetest.Run(t, runtimetest.Harness{
		New: func(t testing.TB) envd.Runtime {
			return fake.New(fake.Options{
				LogDir: t.TempDir(), Gateway: gateway, Programs: map[string]fake.Program{os.Args[0]: workload},
			})
		},
		Foreign: func(_ testing.TB, rt envd.Runtime) envd.Runtime { return rt },
		Exe:     os.Args[0],
	})
}

// workload runs the suite's steps in this process.
func workload(ctx context.Context, p *fake.Process) int {
	return runtimetest.Workload(ctx, world(p, p.Command[2:]))
}

func world(p *fake.Process, steps []string) runtimetest.World {
	return runtimetest.World{
		Name: p.Env[runtimetest.NameVar], Steps: steps, Stdin: p.Stdin, Stdout: p.Stdout, Stderr: p.Stderr,
		Getenv: func(name string) string { return p.Env[name] },
		Getwd:  func() (string, error) { return p.WorkDir, nil },
		Listen: p.Listen, Dial: p.Dial, Resolve: p.Resolve, ReadFile: p.ReadFile, Terminate: p.Terminated(),
		Daemonise: func(steps []string) error {
			p.Spawn("daemon", func(ctx context.Context, p *fake.Process) int {
				w := world(p, steps)
				w.Name = "daemon"
				return runtimetest.Workload(ctx, w)
			})
			return nil
		},
	}
}

func gateway(ctx context.Context, p *fake.Process) int {
	for _, port := range []int{80, 0} { // the control API is what says that the gateway is up, so it comes last
		l, err := p.Listen(port)
		if err != nil {
			return 1
		}
		go runtimetest.Answer(l, map[int]string{80: "gateway", 0: "control"}[port])
	}
	<-ctx.Done()
	return 0
}

func TestBeforeRefusesAnOperation(t *testing.T) {
	ctx, broken := context.Background(), errors.New("disk full")
	rt := fake.New(fake.Options{LogDir: t.TempDir(), Before: func(_ context.Context, _ string, op envd.Operation) error {
		if op.Kind == envd.OpGateway {
			return broken
		}
		return nil
	}})
	require.NoError(t, rt.Do(ctx, "e", envd.Operation{Kind: envd.OpCreate}))
	require.ErrorIs(t, rt.Do(ctx, "e", envd.Operation{Kind: envd.OpGateway}), broken)
	state, err := rt.Observe(ctx, "e")
	require.NoError(t, err)
	assert.False(t, state.Gateway)
}

func TestLeftoversAreReported(t *testing.T) {
	ctx, left := context.Background(), []envd.Leftover{{Kind: "process", ID: "42"}}
	rt := fake.New(fake.Options{LogDir: t.TempDir(), Leftovers: left})
	require.NoError(t, rt.Do(ctx, "e", envd.Operation{Kind: envd.OpCreate}))
	got, err := rt.Destroy(ctx, "e")
	require.NoError(t, err)
	assert.Equal(t, left, got)
}
