package runtimetest

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/envd"
)

// What faults do to services, each twice: a second time changes nothing.

func (b *bench) inflict(rt envd.Runtime, kind envd.OpKind, svc *envd.Service) {
	b.t.Helper()
	for range 2 {
		op := envd.Operation{ID: string(kind) + " " + svc.Name, Kind: kind, Target: svc.Name, Service: svc}
		require.NoError(b.t, rt.Do(b.ctx, b.id, op), "%s", kind)
	}
}

// silent tells that a port of a service does not answer for a while.
func (b *bench) silent(service string, port int) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 200*time.Millisecond)
	defer cancel()
	conn, err := b.rt.Dial(ctx, b.id, service, port)
	if err != nil {
		return
	}
	defer conn.Close()
	require.NoError(b.t, conn.SetDeadline(time.Now().Add(200*time.Millisecond)))
	if _, err := conn.Write([]byte("ping\n")); err != nil {
		return
	}
	answer, err := io.ReadAll(conn)
	assert.Error(b.t, err, "it answered %q", answer)
}

func testKill(t *testing.T, b *bench) {
	b.create(nil)
	svc := b.workload("web", "print:up", "listen:9898", "stubborn")
	b.start(svc)
	b.answers("web", 9898, "web ping")
	b.inflict(b.rt, envd.OpKill, svc)
	assert.Equal(t, 137, b.wait("web").Code)
	assert.False(t, b.observe().Services["web"].Running)
	b.inflict(b.rt, envd.OpRestart, svc)
	b.answers("web", 9898, "web ping")
	assert.True(t, b.observe().Services["web"].Running)
	b.inflict(b.rt, envd.OpKill, svc)

	logs, err := b.rt.Logs(b.ctx, b.id, "web", true)
	require.NoError(t, err)
	defer logs.Close()
	all, err := io.ReadAll(logs)
	require.NoError(t, err)
	assert.Equal(t, 2, strings.Count(string(all), "up\n"), "the log goes on: %s", all)

	unknown := envd.Operation{Kind: envd.OpKill, Target: "nobody", Service: &envd.Service{Name: "nobody"}}
	assert.ErrorIs(t, b.rt.Do(b.ctx, b.id, unknown), envd.ErrNoService)
}

func testPause(t *testing.T, b *bench) {
	b.need(b.caps.Pause, "pausing")
	b.create(nil)
	svc := b.workload("web", "daemonise:9899", "listen:9898", "stubborn")
	b.start(svc)
	b.answers("web", 9898, "web ping")
	b.answers("web", 9899, "daemon ping")
	b.inflict(b.rt, envd.OpPause, svc)
	state := b.observe().Services["web"]
	assert.True(t, state.Running)
	assert.True(t, state.Paused)
	b.silent("web", 9898)
	b.silent("web", 9899)
	b.inflict(b.rt, envd.OpResume, svc)
	b.answers("web", 9898, "web ping")
	b.answers("web", 9899, "daemon ping")
	assert.False(t, b.observe().Services["web"].Paused)
	b.inflict(b.rt, envd.OpPause, svc) // the environment's end does not wait for it
}

func testDisconnect(t *testing.T, b *bench) {
	b.need(b.caps.Disconnect, "networks of services' own")
	b.create(nil)
	svc, other := b.workload("web", "listen:9898", "stubborn"), b.workload("other", "stubborn")
	b.start(svc)
	b.start(other)
	b.answers("web", 9898, "web ping")
	b.inflict(b.rt, envd.OpDisconnect, svc)
	assert.True(t, b.observe().Services["web"].Disconnected)
	b.silent("web", 9898)
	b.inflict(b.rt, envd.OpConnect, svc)
	assert.False(t, b.observe().Services["web"].Disconnected)
	b.answers("web", 9898, "web ping")
	out, _ := b.exec("other", "connect:web:9898")
	assert.Equal(t, "web ping", out, "others find it by its name again")
}

func testLimit(t *testing.T, b *bench) {
	b.need(b.caps.Limits, "bounds that change")
	b.create(nil)
	svc := b.workload("web", "listen:9898", "stubborn")
	b.start(svc)
	b.answers("web", 9898, "web ping")
	tight := *svc
	tight.Resources = envd.Resources{CPUMillis: 300, MemoryBytes: 96 << 20}
	b.inflict(b.rt, envd.OpLimit, &tight)
	assert.Equal(t, tight.Resources, b.observe().Services["web"].Resources)
	b.inflict(b.rt, envd.OpLimit, svc)
	free := b.observe().Services["web"].Resources
	assert.Greater(t, free.MemoryBytes, tight.Resources.MemoryBytes)
	assert.Greater(t, free.CPUMillis, tight.Resources.CPUMillis)
	b.answers("web", 9898, "web ping")
}

// Where an environment outlives the process that made it, any other can undo what was done to its services.
func testUndoneByAnother(t *testing.T, b *bench) {
	b.need(b.caps.Disconnect && b.h.Foreign != nil, "environments that outlive their makers")
	b.create(nil)
	svc := b.workload("web", "listen:9898", "stubborn")
	b.start(svc)
	b.answers("web", 9898, "web ping")
	other := b.h.Foreign(t, b.rt)
	for _, pair := range [][2]envd.OpKind{
		{envd.OpPause, envd.OpResume}, {envd.OpDisconnect, envd.OpConnect}, {envd.OpKill, envd.OpRestart},
	} {
		if pair[0] == envd.OpPause && !b.caps.Pause {
			continue
		}
		b.inflict(b.rt, pair[0], svc)
		b.inflict(other, pair[1], svc)
		require.EventuallyWithT(t, func(c *assert.CollectT) {
			got, err := b.ask(other, b.id, "web", 9898)
			assert.NoError(c, err)
			assert.Equal(c, "web ping", got)
		}, patience, 5*time.Millisecond, "after %s", pair[1])
	}
}
