package respond

import (
	"context"
	"time"
)

// fineRange is how close to the deadline an ordinary timer may bring us: the runtime's timers end up to a millisecond
// late, because its poller sleeps in whole milliseconds.
const fineRange = 2 * time.Millisecond

// sleepUntil waits for the deadline, to within some 0.1 ms where the platform can; false says that ctx ended first.
func sleepUntil(ctx context.Context, deadline time.Time) bool {
	if left := time.Until(deadline); left > fineRange {
		timer := time.NewTimer(left - fineRange)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return false
		}
	}
	if left := time.Until(deadline); left > 0 {
		sleepFine(left)
	}
	return ctx.Err() == nil
}
