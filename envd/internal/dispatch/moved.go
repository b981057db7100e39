package dispatch

import (
	"context"

	"github.com/envd-dev/envd/envd/internal/store"
)

// Moved returns a channel that is closed when anything about the run changes: its record, its run directory. Ask
// for it before looking at the run. The ID "" stands for the records of all.
func (d *Dispatcher) Moved(id string) <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	ch := d.waiting[id]
	if ch == nil {
		ch = make(chan struct{})
		d.waiting[id] = ch
	}
	return ch
}

// Wait returns the record as soon as it is as until wants it.
func (d *Dispatcher) Wait(ctx context.Context, id string, until func(store.Record) bool) (store.Record, error) {
	for {
		moved := d.Moved(id)
		r, err := d.Store.Get(ctx, id)
		if err != nil || until(r) {
			return r, err
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return r, ctx.Err()
		case <-d.ctx.Done():
			return r, d.ctx.Err()
		}
	}
}

// fire wakes whoever waits for the run.
func (d *Dispatcher) fire(id string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, key := range []string{id, ""} {
		if ch := d.waiting[key]; ch != nil {
			close(ch)
			delete(d.waiting, key)
		}
	}
}
