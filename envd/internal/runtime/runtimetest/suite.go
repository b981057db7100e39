// Package runtimetest states the contract of envd.Runtime as tests: one suite for every runtime. What a runtime says
// it cannot do is not asked of it, but it must say so.
package runtimetest

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/envd"
)

// Harness is what the suite needs to know of a runtime.
type Harness struct {
	// New returns a runtime for one environment; what it needs is cleaned up with t.
	New func(t testing.TB) envd.Runtime

	// Foreign returns a runtime as another process has it: the environments of rt were not created by it.
	Foreign func(t testing.TB, rt envd.Runtime) envd.Runtime

	// Exe is the program that handles Verb; by default the test binary, whose TestMain calls Main.
	Exe string

	// Image is an image that has the program at ImageProgram; only for runtimes that run images.
	Image string

	// Measures reports whether Stats has real figures.
	Measures bool

	// Addressed tells that services have addresses where this machine itself reaches them.
	Addressed bool

	// EndsTogether tells that what a service daemonised ends when its first process does, as in containers.
	EndsTogether bool
}

// patience bounds everything that is to happen soon. It is generous, because machines that test are busy.
const patience = 20 * time.Second

// Run runs the suite.
func Run(t *testing.T, h Harness) {
	if h.Exe == "" {
		exe, err := os.Executable()
		require.NoError(t, err)
		h.Exe = exe
	}
	for _, c := range []struct {
		name string
		test func(*testing.T, *bench)
	}{
		{"Capabilities", testCapabilities},
		{"Nothing", testNothing},
		{"CreateAndDestroy", testCreateAndDestroy},
		{"Gateway", testGateway},
		{"Run", testRun},
		{"ExitCodes", testExitCodes},
		{"Restart", testRestart},
		{"UnknownService", testUnknownService},
		{"CommandNotFound", testCommandNotFound},
		{"Surroundings", testSurroundings},
		{"Files", testFiles},
		{"Hostnames", testHostnames},
		{"LogsComplete", testLogsComplete},
		{"LogsFollow", testLogsFollow},
		{"StopGracefully", testStopGracefully},
		{"StopStubborn", testStopStubborn},
		{"StopLast", testStopLast},
		{"StopDaemon", testStopDaemon},
		{"Kill", testKill},
		{"Pause", testPause},
		{"Disconnect", testDisconnect},
		{"Limit", testLimit},
		{"UndoneByAnother", testUndoneByAnother},
		{"DestroyDaemon", testDestroyDaemon},
		{"Exec", testExec},
		{"ExecCancelled", testExecCancelled},
		{"ExecMany", testExecMany},
		{"ExecSignal", testExecSignal},
		{"ExecTerminal", testExecTerminal},
		{"Dial", testDial},
		{"ParallelEnvironments", testParallelEnvironments},
		{"ForeignDestroy", testForeignDestroy},
		{"DestroyWakesWaiters", testDestroyWakesWaiters},
		{"CancelledContexts", testCancelledContexts},
		{"CancelledCreate", testCancelledCreate},
		{"CancelledStart", testCancelledStart},
		{"Undeclared", testUndeclared},
		{"Held", testHeld},
		{"Egress", testEgress},
		{"Images", testImages},
		{"Replicas", testReplicas},
		{"Stats", testStats},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, newBench(t, h)) })
	}
}

// bench is one runtime with one environment ID.
type bench struct {
	t    *testing.T
	h    Harness
	rt   envd.Runtime
	caps envd.Capabilities
	id   string
	ctx  context.Context
}

var lastID atomic.Int64

func newBench(t *testing.T, h Harness) *bench {
	ctx, cancel := context.WithTimeout(context.Background(), 3*patience)
	t.Cleanup(cancel)
	b := &bench{t: t, h: h, rt: h.New(t), ctx: ctx, id: fmt.Sprintf("rt-%d-%d", os.Getpid(), lastID.Add(1))}
	caps, err := b.rt.Capabilities(ctx)
	require.NoError(t, err)
	b.caps = caps
	t.Cleanup(func() { // whatever the test did, nothing may be left
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		left, err := b.rt.Destroy(ctx, b.id)
		assert.NoError(t, err)
		assert.Empty(t, left)
	})
	return b
}

// need skips where the runtime says that it lacks something.
func (b *bench) need(has bool, what string) {
	if !has {
		b.t.Skip("this runtime lacks " + what + ": " + b.caps.Guarantee)
	}
}

func (b *bench) create(env *envd.Environment) {
	b.t.Helper()
	if env == nil {
		env = &envd.Environment{}
	}
	require.NoError(b.t, b.rt.Do(b.ctx, b.id, envd.Operation{ID: string(envd.OpCreate), Kind: envd.OpCreate, Environment: env}))
}

// gateway starts the gateway, before which nothing that wants out need be refused.
func (b *bench) gateway() {
	b.t.Helper()
	require.NoError(b.t, b.rt.Do(b.ctx, b.id, envd.Operation{Kind: envd.OpGateway, Target: envd.GatewayName}))
}

// workload is a service that carries steps out.
func (b *bench) workload(name string, steps ...string) *envd.Service {
	return &envd.Service{Name: name, Command: append([]string{b.h.Exe, Verb}, steps...), Stop: envd.Stop{Signal: "TERM", Grace: envd.Duration(patience)}}
}

func (b *bench) start(svc *envd.Service) {
	b.t.Helper()
	require.NoError(b.t, b.tryStart(svc))
}

func (b *bench) tryStart(svc *envd.Service) error {
	return b.rt.Do(b.ctx, b.id, envd.Operation{
		ID: string(envd.OpStart) + " " + svc.Name, Kind: envd.OpStart, Target: svc.Name, Service: svc,
		Env: map[string]string{NameVar: svc.Name, "PATH": "/usr/bin:/bin", "PLAIN": "value of " + svc.Name},
	})
}

func (b *bench) stop(svc *envd.Service) error {
	return b.rt.Do(b.ctx, b.id, envd.Operation{ID: string(envd.OpStop) + " " + svc.Name, Kind: envd.OpStop, Target: svc.Name, Service: svc})
}

// wait returns how a service ended, without the time.
func (b *bench) wait(service string) envd.Exit {
	b.t.Helper()
	exit, err := b.rt.Wait(b.ctx, b.id, service)
	require.NoError(b.t, err)
	assert.False(b.t, exit.At.After(time.Now()), "it has ended")
	exit.At = time.Time{}
	return exit
}

func (b *bench) observe() envd.State {
	b.t.Helper()
	state, err := b.rt.Observe(b.ctx, b.id)
	require.NoError(b.t, err)
	return state
}

// exec runs steps in a service's surroundings, or the environment's own, and returns what they printed.
func (b *bench) exec(service string, steps ...string) (stdout string, code int) {
	b.t.Helper()
	var out, errs bytes.Buffer
	code, err := b.rt.Exec(b.ctx, b.id, envd.Exec{
		Service: service, Name: "check", Command: append([]string{b.h.Exe, Verb}, steps...), WorkDir: "/", Stdout: &out, Stderr: &errs,
	})
	require.NoError(b.t, err, errs.String())
	return strings.TrimSpace(out.String()), code
}

// ask sends a line to a port of a service and returns the answer.
func (b *bench) ask(rt envd.Runtime, id, service string, port int) (string, error) {
	conn, err := rt.Dial(b.ctx, id, service, port)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("ping\n")); err != nil {
		return "", err
	}
	var answer bytes.Buffer
	_, err = answer.ReadFrom(conn)
	return strings.TrimSpace(answer.String()), err
}

// answers waits until a port of a service says what it should.
func (b *bench) answers(service string, port int, want string) {
	b.t.Helper()
	require.EventuallyWithT(b.t, func(c *assert.CollectT) {
		got, err := b.ask(b.rt, b.id, service, port)
		assert.NoError(c, err)
		assert.Equal(c, want, got)
	}, patience, 5*time.Millisecond, "port "+strconv.Itoa(port))
}
