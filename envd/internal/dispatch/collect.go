package dispatch

import (
	"time"

	"github.com/envd-dev/envd/envd"
	v1 "github.com/envd-dev/envd/envd/api/v1"
	"github.com/envd-dev/envd/envd/internal/store"
)

// collectStep is how often to look for abandoned environments.
const collectStep = time.Minute

// collect regularly removes what nobody owns any more, until the dispatcher closes.
func (d *Dispatcher) collect() {
	tick := time.NewTicker(collectStep)
	defer tick.Stop()
	for {
		if err := d.Collect(d.ctx); err != nil && d.ctx.Err() == nil {
			d.Log.Warn("cannot collect what is abandoned", "error", err)
		}
		select {
		case <-tick.C:
		case <-d.ctx.Done():
			return
		}
	}
}

// clear removes at once what a runner has left that died without finishing.
func (d *Dispatcher) clear(r store.Record) {
	if d.Clear == nil || r.Status != v1.Lost && r.Outcome != envd.Errored {
		return
	}
	d.work.Go(func() {
		if err := d.Clear(d.ctx, r.ID); err != nil && d.ctx.Err() == nil {
			d.Log.Warn("cannot remove what a run left", "id", r.ID, "error", err)
		}
	})
}
