package chaos

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// world records what is injected; a lease that runs out is an error of the timeline under test.
type world struct {
	mu      sync.Mutex
	log     []string
	expires map[string]time.Time
	late    bool
	touched chan struct{} // closed: requests arrive
	refuse  error
}

func newWorld() *world { return &world{expires: map[string]time.Time{}, touched: make(chan struct{})} }

func (w *world) Stubs() Control[StubFault]       { return w }
func (w *world) Links() Control[LinkFault]       { return nil }
func (w *world) Services() Control[ServiceFault] { return nil }

func (w *world) note(text string) {
	w.log = append(w.log, text)
}

func (w *world) SetFault(_ context.Context, host, id string, _ StubFault, lease time.Duration) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.refuse != nil {
		return w.refuse
	}
	w.note("set " + id + " on " + host)
	w.expires[id] = time.Now().Add(lease)
	return nil
}

func (w *world) RenewFault(_ context.Context, _, id string, lease time.Duration) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if time.Now().After(w.expires[id]) {
		w.late = true
		return ErrGone
	}
	w.expires[id] = time.Now().Add(lease)
	return nil
}

func (w *world) AwaitFault(ctx context.Context, _, _ string) (Effect, error) {
	select {
	case <-w.touched:
		return Effect{Affected: 1, Total: 1}, nil
	case <-ctx.Done():
		return Effect{}, ctx.Err()
	}
}

func (w *world) ClearFault(_ context.Context, _, id string, _ StubFault) (Effect, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.note("clear " + id)
	return Effect{Affected: 7, Total: 9}, nil
}

func planned(name string, at, length, lease time.Duration) Planned {
	return Planned{Name: name, Fault: StubOutage(), At: at, For: length, Injection: Injection{ID: name, Target: "shop.example", Lease: lease}}
}

func names(events []Event) (out []string) {
	for _, e := range events {
		out = append(out, e.Fault.Name+" "+string(e.Name))
	}
	return out
}

func TestPlayInjectsRenewsAndReverts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // in a time of its own, that no busy machine delays
		w := newWorld()
		close(w.touched)
		var events []Event
		err := Play(t.Context(), w, []Planned{planned("a", 0, 200*time.Millisecond, 60*time.Millisecond)}, func(e Event) { events = append(events, e) })
		require.NoError(t, err)
		assert.Equal(t, []string{"a injected", "a active", "a reverted"}, names(events))
		assert.EqualValues(t, 7, events[2].Effect.Affected)
		assert.Equal(t, "failed 7 of 9 requests", events[2].Effect.Summary)
		assert.False(t, w.late, "the lease was renewed in time although the fault outlived it three times")
	})
}

func TestPlayNeverActiveWithoutMeasuredEffect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // in a time of its own, that no busy machine delays
		w := newWorld() // nothing ever touches the fault
		var events []Event
		require.NoError(t, Play(t.Context(), w, []Planned{planned("a", 0, 30*time.Millisecond, time.Second)}, func(e Event) { events = append(events, e) }))
		assert.Equal(t, []string{"a injected", "a reverted"}, names(events))
	})
}

func TestPlayRevertsWhenCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // in a time of its own, that no busy machine delays
		w := newWorld()
		ctx, cancel := context.WithCancel(t.Context())
		var events []Event
		err := Play(ctx, w, []Planned{planned("a", 0, time.Hour, time.Second), planned("later", time.Hour, time.Hour, time.Second)}, func(e Event) {
			events = append(events, e)
			cancel() // at the first event
		})
		require.NoError(t, err)
		assert.Equal(t, []string{"a injected", "a reverted"}, names(events))
		assert.Equal(t, []string{"set a on shop.example", "clear a"}, w.log)
	})
}

func TestPlayReportsFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // in a time of its own, that no busy machine delays
		w := newWorld()
		w.refuse = errors.New("no such stub")
		var events []Event
		err := Play(t.Context(), w, []Planned{planned("a", 0, time.Hour, time.Second)}, func(e Event) { events = append(events, e) })
		require.ErrorContains(t, err, "fault a (stub.outage on shop.example): inject: no such stub")
		assert.Equal(t, []string{"a failed"}, names(events))

		w = newWorld()
		err = Play(t.Context(), w, []Planned{planned("a", 0, time.Second, time.Second)}, func(e Event) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.expires["a"] = time.Time{} // whoever carries the fault out has dropped it
		})
		require.ErrorIs(t, err, ErrGone)
		assert.Contains(t, w.log, "clear a", "what was lost is reverted all the same")
	})
}
