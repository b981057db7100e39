package respond

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestSleepUntilIsNeverEarly(t *testing.T) {
	for _, d := range []time.Duration{0, 300 * time.Microsecond, 3 * time.Millisecond, 7 * time.Millisecond} {
		deadline := time.Now().Add(d)
		assert.True(t, sleepUntil(context.Background(), deadline))
		assert.False(t, time.Now().Before(deadline), d)
	}
}

func TestSleepUntilEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Millisecond)
	defer cancel()
	assert.False(t, sleepUntil(ctx, time.Now().Add(time.Hour)))
}

// BenchmarkDelayAccuracy waits 20.137 ms at 500 starts a second, as a stub with a delay under load does, and tells how
// late the waits ended.
func BenchmarkDelayAccuracy(b *testing.B) {
	const delay, every = 20137 * time.Microsecond, 2 * time.Millisecond
	for name, wait := range map[string]func(time.Time){
		"respond": func(d time.Time) { sleepUntil(context.Background(), d) },
		"timer":   func(d time.Time) { time.Sleep(time.Until(d)) },
	} {
		b.Run(name, func(b *testing.B) {
			late := make([]time.Duration, b.N)
			var running sync.WaitGroup
			for i := range b.N {
				deadline := time.Now().Add(delay)
				running.Go(func() {
					wait(deadline)
					late[i] = time.Since(deadline)
				})
				time.Sleep(every)
			}
			running.Wait()
			slices.Sort(late)
			for _, p := range []int{50, 99} {
				b.ReportMetric(float64(late[(len(late)-1)*p/100])/1e6, fmt.Sprintf("ms-late-p%d", p))
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}
