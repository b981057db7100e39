package dispatch

import "time"

// When what abandoned environments left is looked for: now and again, at once when a runner was lost, and once more a
// little later, because what that runner had asked for last may still be under way.
const (
	collectStep  = time.Minute
	collectAgain = 2 * time.Second
)

// collect removes what nobody owns any more, until the dispatcher closes.
func (d *Dispatcher) collect() {
	next := time.NewTimer(0)
	defer next.Stop()
	for {
		wait := collectStep
		select {
		case <-next.C:
		case <-d.lost:
			wait = collectAgain
		case <-d.ctx.Done():
			return
		}
		if err := d.Collect(d.ctx); err != nil && d.ctx.Err() == nil {
			d.Log.Warn("cannot collect what is abandoned", "error", err)
		}
		next.Reset(wait)
	}
}

// collectSoon has the remains of a runner that went without finishing collected.
func (d *Dispatcher) collectSoon() {
	select {
	case d.lost <- struct{}{}:
	default: // it is about to happen
	}
}
