package dispatch

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"

	"github.com/envd-dev/envd/envd/internal/launch"
)

// pruneStep is how often to look for old evidence.
const pruneStep = time.Hour

// prune regularly removes the evidence of old runs, until the dispatcher closes.
func (d *Dispatcher) prune() {
	tick := time.NewTicker(pruneStep)
	defer tick.Stop()
	for {
		if err := d.pruneOnce(d.ctx, time.Now().Add(-d.Keep)); err != nil && d.ctx.Err() == nil {
			d.Log.Error("cannot remove the evidence of old runs", "error", err)
		}
		select {
		case <-tick.C:
		case <-d.ctx.Done():
			return
		}
	}
}

// pruneOnce removes the run directories of runs that ended before then, and the records of those that have none any more.
func (d *Dispatcher) pruneOnce(ctx context.Context, then time.Time) error {
	removed, err := launch.Prune(d.RunsDir, then, false)
	for _, r := range removed {
		d.Log.Info("removed old evidence", "id", r.ID, "why", r.Detail)
	}
	records, lerr := d.Store.Ended(ctx, then)
	err = errors.Join(err, lerr)
	for _, r := range records {
		if _, serr := os.Lstat(r.Dir); errors.Is(serr, fs.ErrNotExist) {
			err = errors.Join(err, d.Store.Forget(ctx, r.ID))
		}
	}
	return err
}
