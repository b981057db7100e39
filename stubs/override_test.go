package stubs_test

import (
	"context"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/stubs"
)

const okStub = `{"request":{"urlPath":"/pay"},"response":{"body":"ok"}}`

func started(t *testing.T, o stubs.Options, mappings ...string) *stubs.Server {
	t.Helper()
	s := newServer(t, o, mappings...)
	require.NoError(t, s.Start())
	return s
}

func get(t *testing.T, url string) (int, string, error) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}
	resp, err := client.Get(url)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(body), err
}

func soon() time.Time { return time.Now().Add(time.Minute) }

func TestOverrideDelaysAnswers(t *testing.T) {
	for name, delay := range map[string]stubs.Delay{
		"fixed":      {Fixed: 30 * time.Millisecond},
		"uniform":    {Lower: 30 * time.Millisecond, Upper: 31 * time.Millisecond},
		"log-normal": {Median: 30 * time.Millisecond, Sigma: 1e-6},
	} {
		t.Run(name, func(t *testing.T) {
			var seen []stubs.Served
			s := newServer(t, stubs.Options{OnServed: func(v stubs.Served) { seen = append(seen, v) }}, okStub)
			require.NoError(t, s.SetOverride(stubs.Override{ID: "slow", Delay: delay, Share: 1, Until: soon()}))
			assert.Equal(t, "ok", send(s, "GET", "/pay", "").body)
			assert.GreaterOrEqual(t, seen[0].Duration, 29*time.Millisecond)
			assert.Equal(t, "slow", seen[0].FaultID)
			assert.GreaterOrEqual(t, seen[0].Delay, 29*time.Millisecond)
			assert.True(t, seen[0].Matched)
			effect, err := s.ClearOverride("slow")
			require.NoError(t, err)
			assert.Equal(t, uint64(1), effect.Affected)
			assert.GreaterOrEqual(t, effect.Delay, 29*time.Millisecond)
			assert.Equal(t, uint64(1), s.Stats().Faults)
			send(s, "GET", "/pay", "")
			assert.Empty(t, seen[1].FaultID)
		})
	}
}

func TestOverrideOutages(t *testing.T) {
	var mu sync.Mutex
	var seen []stubs.Served
	s := started(t, stubs.Options{OnServed: func(v stubs.Served) { mu.Lock(); seen = append(seen, v); mu.Unlock() }}, okStub)
	require.NoError(t, s.SetOverride(stubs.Override{ID: "down", Outage: stubs.OutageStatus, Status: 503, Share: 1, Until: soon()}))
	status, _, err := get(t, s.URL()+"/pay")
	require.NoError(t, err)
	assert.Equal(t, 503, status)
	status, _, err = get(t, s.URL()+"/__admin/mappings")
	require.NoError(t, err)
	assert.Equal(t, 200, status, "the admin API is never touched")

	require.NoError(t, s.SetOverride(stubs.Override{ID: "down", Outage: stubs.OutageReset, Share: 1, Until: soon()}))
	_, _, err = get(t, s.URL()+"/pay")
	require.ErrorContains(t, err, "connection reset")
	effect, err := s.OverrideEffect("down")
	require.NoError(t, err)
	assert.Equal(t, uint64(1), effect.Affected, "replacing an override begins anew")

	_, err = s.ClearOverride("down")
	require.NoError(t, err)
	_, body, err := get(t, s.URL()+"/pay")
	require.NoError(t, err)
	assert.Equal(t, "ok", body)
	mu.Lock()
	defer mu.Unlock()
	require.Len(t, seen, 3)
	assert.Equal(t, stubs.Stats{Requests: 3, Matched: 1, Faults: 2}, s.Stats(), "an outage is no unmatched request")
	assert.True(t, seen[0].Outage)
	assert.Equal(t, []int{503, 0, 200}, []int{seen[0].Status, seen[1].Status, seen[2].Status})
}

func TestOverrideHangEndsWithItsLeaseOrByClearing(t *testing.T) {
	s := started(t, stubs.Options{}, okStub)
	hang := func(until time.Time) chan error {
		require.NoError(t, s.SetOverride(stubs.Override{ID: "hang", Outage: stubs.OutageHang, Share: 1, Until: until}))
		done := make(chan error, 1)
		go func() {
			_, _, err := get(t, s.URL()+"/pay")
			done <- err
		}()
		_, err := s.AwaitOverride(context.Background(), "hang")
		require.NoError(t, err)
		return done
	}
	done := hang(soon())
	_, err := s.ClearOverride("hang")
	require.NoError(t, err)
	require.Error(t, <-done)

	done = hang(time.Now().Add(500 * time.Millisecond))
	require.NoError(t, s.RenewOverride("hang", time.Now().Add(600*time.Millisecond)))
	require.Error(t, <-done)
	_, body, err := get(t, s.URL()+"/pay")
	require.NoError(t, err)
	assert.Equal(t, "ok", body, "the server drops an override whose lease has ended")
	require.ErrorIs(t, s.RenewOverride("hang", soon()), stubs.ErrNoOverride)
	_, err = s.AwaitOverride(context.Background(), "hang")
	require.ErrorIs(t, err, stubs.ErrNoOverride)
}

func TestAwaitOverrideEndsWhenNothingComes(t *testing.T) {
	s := newServer(t, stubs.Options{}, okStub)
	require.NoError(t, s.SetOverride(stubs.Override{ID: "x", Delay: stubs.Delay{Fixed: 1}, Share: 1, Until: time.Now().Add(20 * time.Millisecond)}))
	_, err := s.AwaitOverride(context.Background(), "x")
	require.ErrorIs(t, err, stubs.ErrNoOverride)
	require.NoError(t, s.SetOverride(stubs.Override{ID: "x", Delay: stubs.Delay{Fixed: 1}, Share: 1, Until: soon()}))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = s.AwaitOverride(ctx, "x")
	require.ErrorIs(t, err, context.Canceled)
}

func TestOverrideShare(t *testing.T) {
	s := newServer(t, stubs.Options{Seed: 3}, okStub)
	require.NoError(t, s.SetOverride(stubs.Override{ID: "some", Outage: stubs.OutageStatus, Status: 500, Share: 0.25, Until: soon()}))
	failed := 0
	for range 2000 {
		if send(s, "GET", "/pay", "").status == 500 {
			failed++
		}
	}
	assert.InDelta(t, 500, failed, 60)
	effect, err := s.OverrideEffect("some")
	require.NoError(t, err)
	assert.Equal(t, stubs.Effect{Requests: 2000, Affected: uint64(failed)}, effect)
}

func TestSetOverrideRefuses(t *testing.T) {
	s := newServer(t, stubs.Options{})
	good := stubs.Override{ID: "x", Delay: stubs.Delay{Fixed: time.Second}, Share: 1, Until: soon()}
	for name, change := range map[string]func(*stubs.Override){
		"no share":        func(o *stubs.Override) { o.Share = 0 },
		"share above 1":   func(o *stubs.Override) { o.Share = 1.1 },
		"ended lease":     func(o *stubs.Override) { o.Until = time.Now() },
		"nothing to do":   func(o *stubs.Override) { o.Delay = stubs.Delay{} },
		"no status":       func(o *stubs.Override) { o.Outage = stubs.OutageStatus },
		"negative delay":  func(o *stubs.Override) { o.Delay.Fixed = -1 },
		"reversed bounds": func(o *stubs.Override) { o.Delay = stubs.Delay{Lower: 2, Upper: 1} },
	} {
		o := good
		change(&o)
		assert.Error(t, s.SetOverride(o), name)
	}
	require.NoError(t, s.SetOverride(good))
}
