package runtimetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/envd"
)

func testCapabilities(t *testing.T, b *bench) {
	again, err := b.rt.Capabilities(b.ctx)
	require.NoError(t, err)
	assert.Equal(t, b.caps, again)
	assert.NotEmpty(t, b.caps.Guarantee, "people are told what holds")
	assert.NotEmpty(t, b.rt.Name())
}

// What does not exist is the zero State, can be destroyed, and answers everything else with ErrNotFound.
func testNothing(t *testing.T, b *bench) {
	assert.Equal(t, envd.State{}, b.observe())
	left, err := b.rt.Destroy(b.ctx, b.id)
	require.NoError(t, err)
	assert.Empty(t, left)

	assert.ErrorIs(t, b.tryStart(b.workload("a", "hold")), envd.ErrNotFound)
	assert.ErrorIs(t, b.stop(b.workload("a")), envd.ErrNotFound)
	_, err = b.rt.Wait(b.ctx, b.id, "a")
	assert.ErrorIs(t, err, envd.ErrNotFound)
	_, err = b.rt.Logs(b.ctx, b.id, "a", true)
	assert.ErrorIs(t, err, envd.ErrNotFound)
	_, err = b.rt.Exec(b.ctx, b.id, envd.Exec{Command: []string{b.h.Exe, Verb}})
	assert.ErrorIs(t, err, envd.ErrNotFound)
	_, err = b.rt.Dial(b.ctx, b.id, "a", 80)
	assert.ErrorIs(t, err, envd.ErrNotFound)
	_, err = b.rt.Stats(b.ctx, b.id)
	assert.ErrorIs(t, err, envd.ErrNotFound)
	_, err = b.rt.Undeclared(b.ctx, b.id)
	assert.ErrorIs(t, err, envd.ErrNotFound)
}

func testCreateAndDestroy(t *testing.T, b *bench) {
	b.create(nil)
	state := b.observe()
	assert.True(t, state.Exists)
	assert.False(t, state.Gateway)
	assert.Empty(t, state.Services)
	create := envd.Operation{Kind: envd.OpCreate, Environment: &envd.Environment{}}
	for _, rt := range []envd.Runtime{b.rt, b.h.Foreign(t, b.rt)} {
		assert.ErrorIs(t, rt.Do(b.ctx, b.id, create), envd.ErrExists, "an ID names one environment")
		assert.True(t, b.observe().Exists, "the refused creation harmed nothing")
	}

	for range 2 { // the second finds nothing, which is no error
		left, err := b.rt.Destroy(b.ctx, b.id)
		require.NoError(t, err)
		assert.Empty(t, left)
		assert.Equal(t, envd.State{}, b.observe())
	}
	b.create(nil) // the ID is free again
	assert.True(t, b.observe().Exists)
}

func testGateway(t *testing.T, b *bench) {
	b.create(&envd.Environment{Stubs: []envd.Stub{{Host: "pay.example.com", Ports: []int{80}}}})
	b.gateway()
	answer, err := b.ask(b.rt, b.id, envd.GatewayName, 0)
	require.NoError(t, err, "its control API answers as soon as the operation is done")
	assert.Equal(t, "control ping", answer)
	state := b.observe()
	assert.True(t, state.Gateway)
	assert.NotContains(t, state.Services, envd.GatewayName, "the gateway is no service of the spec")
	if b.caps.Hostnames {
		out, _ := b.exec("", "connect:pay.example.com:80")
		assert.Equal(t, "gateway ping", out, "a stub's production hostname leads to the gateway")
	}
}

func testRun(t *testing.T, b *bench) {
	b.create(nil)
	before := time.Now()
	b.start(b.workload("web", "listen:9898", "stubborn"))
	state := b.observe().Services["web"]
	assert.True(t, state.Running)
	assert.Nil(t, state.ExitCode)
	assert.WithinRange(t, state.Started, before.Add(-time.Second), time.Now().Add(time.Second))
	b.answers("web", 9898, "web ping")
	assert.Error(t, b.tryStart(b.workload("web", "hold")), "a name is one service's")
	b.answers("web", 9898, "web ping")
}

func testExitCodes(t *testing.T, b *bench) {
	b.create(nil)
	b.start(b.workload("three", "exit:3"))
	b.start(b.workload("zero"))
	b.start(b.workload("killed", "listen:9001", "stubborn"))
	assert.Equal(t, envd.Exit{Code: 3}, b.wait("three"))
	assert.Equal(t, envd.Exit{Code: 3}, b.wait("three"), "the end stays known")
	assert.Equal(t, envd.Exit{}, b.wait("zero"))
	b.answers("killed", 9001, "killed ping")
	kill := b.workload("killed")
	kill.Stop.Signal = "KILL"
	require.NoError(t, b.stop(kill))
	exit := b.wait("killed")
	assert.Equal(t, 137, exit.Code)
	assert.Equal(t, "killed", exit.Signal)

	state := b.observe()
	for name, code := range map[string]int{"three": 3, "zero": 0, "killed": 137} {
		s := state.Services[name]
		assert.False(t, s.Running, name)
		if assert.NotNil(t, s.ExitCode, name) {
			assert.Equal(t, code, *s.ExitCode, name)
		}
	}
}

func testRestart(t *testing.T, b *bench) {
	b.create(nil)
	b.start(b.workload("svc", "print:first"))
	b.wait("svc")
	b.start(b.workload("svc", "print:second", "exit:4"))
	assert.Equal(t, 4, b.wait("svc").Code)
	assert.Equal(t, []string{"stdout first", "stdout second"}, b.logLines("svc"))

	b.start(b.workload("svc", "daemonise:9600"))
	b.wait("svc")
	if !b.h.EndsTogether {
		b.answers("svc", 9600, "daemon ping")
	}
	b.start(b.workload("svc", "listen:9600", "stubborn")) // what was left running is not in the way
	b.answers("svc", 9600, "svc ping")
}

func testUnknownService(t *testing.T, b *bench) {
	b.create(nil)
	_, err := b.rt.Wait(b.ctx, b.id, "ghost")
	assert.ErrorIs(t, err, envd.ErrNoService)
	_, err = b.rt.Logs(b.ctx, b.id, "ghost", false)
	assert.ErrorIs(t, err, envd.ErrNoService)
	_, err = b.rt.Dial(b.ctx, b.id, "ghost", 80)
	assert.ErrorIs(t, err, envd.ErrNoService)
	_, err = b.rt.Exec(b.ctx, b.id, envd.Exec{Service: "ghost", Command: []string{b.h.Exe, Verb}})
	assert.ErrorIs(t, err, envd.ErrNoService)
	assert.ErrorIs(t, b.stop(b.workload("ghost")), envd.ErrNoService)
}

func testCommandNotFound(t *testing.T, b *bench) {
	b.need(b.caps.Commands, "commands")
	b.create(nil)
	svc := &envd.Service{Name: "typo", Command: []string{"no-such-command"}}
	err := b.tryStart(svc)
	require.Error(t, err)
	assert.ErrorContains(t, err, "no-such-command")
	assert.ErrorContains(t, err, "/usr/bin:/bin", "the PATH that was searched")
	svc.Command[0] = "/no/such/file"
	assert.ErrorContains(t, b.tryStart(svc), "/no/such/file")
	assert.NotContains(t, b.observe().Services, "typo")
}

// Another process, with the ID alone, sees the environment and removes it.
func testForeignDestroy(t *testing.T, b *bench) {
	b.create(nil)
	b.start(b.workload("web", "listen:9898", "stubborn"))
	b.answers("web", 9898, "web ping")
	foreign := b.h.Foreign(t, b.rt)
	state, err := foreign.Observe(b.ctx, b.id)
	require.NoError(t, err)
	assert.True(t, state.Exists)
	assert.True(t, state.Services["web"].Running)

	left, err := foreign.Destroy(b.ctx, b.id)
	require.NoError(t, err)
	assert.Empty(t, left)
	for _, rt := range []envd.Runtime{foreign, b.rt} {
		state, err := rt.Observe(b.ctx, b.id)
		require.NoError(t, err)
		assert.Equal(t, envd.State{}, state)
	}
}

// A Wait never outlives its service, even when the whole environment goes under it.
func testDestroyWakesWaiters(t *testing.T, b *bench) {
	b.create(nil)
	b.start(b.workload("web", "stubborn"))
	ended := make(chan envd.Exit, 1)
	go func() {
		exit, err := b.rt.Wait(b.ctx, b.id, "web")
		if assert.NoError(t, err) {
			ended <- exit
		}
	}()
	assert.Never(t, func() bool { return len(ended) > 0 }, 50*time.Millisecond, 10*time.Millisecond, "it runs")
	_, err := b.rt.Destroy(b.ctx, b.id)
	require.NoError(t, err)
	select {
	case exit := <-ended:
		assert.Equal(t, 137, exit.Code)
	case <-time.After(patience):
		t.Fatal("Wait still waits for a service that is gone")
	}
}

// A context that is over has no effect other than its error.
func testCancelledContexts(t *testing.T, b *bench) {
	over, cancel := context.WithCancel(b.ctx)
	cancel()
	create := envd.Operation{Kind: envd.OpCreate, Environment: &envd.Environment{}}
	assert.ErrorIs(t, b.rt.Do(over, b.id, create), context.Canceled)
	assert.False(t, b.observe().Exists)

	b.create(nil)
	svc := b.workload("web", "listen:9898", "stubborn")
	start := envd.Operation{Kind: envd.OpStart, Target: "web", Service: svc, Env: map[string]string{NameVar: "web"}}
	assert.ErrorIs(t, b.rt.Do(over, b.id, start), context.Canceled)
	assert.NotContains(t, b.observe().Services, "web")
	b.start(svc)
	b.answers("web", 9898, "web ping")

	_, err := b.rt.Dial(over, b.id, "web", 9898)
	assert.ErrorIs(t, err, context.Canceled)
	soon, cancel := context.WithTimeout(b.ctx, 20*time.Millisecond)
	defer cancel()
	_, err = b.rt.Wait(soon, b.id, "web")
	assert.ErrorIs(t, err, context.DeadlineExceeded)
	assert.True(t, b.observe().Services["web"].Running, "only the waiting ended")
}

// Whenever the context of a start ends: a start that fails leaves nothing running.
func testCancelledStart(t *testing.T, b *bench) {
	b.create(nil)
	for i := range 25 {
		ctx, cancel := context.WithTimeout(b.ctx, time.Duration(i)*200*time.Microsecond)
		svc := b.workload(fmt.Sprint("svc-", i), "stubborn")
		err := b.rt.Do(ctx, b.id, envd.Operation{Kind: envd.OpStart, Target: svc.Name, Service: svc})
		cancel()
		if err != nil {
			assert.ErrorIs(t, err, context.DeadlineExceeded)
		}
		assert.Equal(t, err == nil, b.observe().Services[svc.Name].Running, "start %d: %v", i, err)
	}
}

// Whenever the context of a creation ends: one that fails leaves nothing.
func testCancelledCreate(t *testing.T, b *bench) {
	for i := range 10 {
		ctx, cancel := context.WithTimeout(b.ctx, time.Duration(i)*2*time.Millisecond)
		err := b.rt.Do(ctx, b.id, envd.Operation{Kind: envd.OpCreate, Environment: &envd.Environment{}})
		cancel()
		if err != nil {
			assert.ErrorIs(t, err, context.DeadlineExceeded)
			assert.Equal(t, envd.State{}, b.observe(), "creation %d", i)
			continue
		}
		assert.True(t, b.observe().Exists, "creation %d", i)
		left, err := b.rt.Destroy(b.ctx, b.id)
		require.NoError(t, err)
		assert.Empty(t, left)
	}
}
