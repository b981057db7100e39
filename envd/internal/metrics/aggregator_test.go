package metrics

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/envd"
)

// one is a request that ended in a second and took that long.
func one(second int64, ms float64, failed bool) Requests {
	return Requests{Second: time.Unix(second, 0), Count: 1, Low: ms, High: ms, Sum: ms, Failed: failed}
}

func TestAggregatorGroupsByStartSecond(t *testing.T) {
	var got []envd.Sample
	a := NewAggregator(func(s envd.Sample) { got = append(got, s) })
	a.Requests(Requests{Second: time.Unix(1000, 0), Count: 3, Low: 9, High: 11, Sum: 29})
	a.Requests(one(1000, 30, true))
	a.Requests(one(1002, 2400, false)) // from 999.6 to 1000.6, so rather in 1000
	a.Iterations(time.Unix(1001, 0), 2)
	a.Dropped(time.Unix(1002, 0), 1)
	a.Checks(time.Unix(1002, 0), 5, 1)
	assert.Empty(t, got, "seconds stay open for requests that are still under way")

	a.Requests(one(1004, 1, false))
	require.Len(t, got, 2, "seconds older than the lag are closed")
	assert.EqualValues(t, 1000, got[0].Start.Unix())
	assert.EqualValues(t, 5, got[0].Requests)
	assert.EqualValues(t, 1, got[0].Failed)
	assert.EqualValues(t, 5, got[0].Latency.Count)
	assert.Equal(t, 2400.0, got[0].Latency.Max)
	assert.Equal(t, 9.0, got[0].Latency.Min)
	assert.InDelta(t, 29+30+2400, got[0].Latency.Sum, 1e-9)
	assert.InEpsilon(t, 10, got[0].Latency.Quantile(0.5), 0.006)
	assert.EqualValues(t, 2, got[1].Iterations)

	a.Flush()
	require.Len(t, got, 4)
	assert.EqualValues(t, 1, got[2].Dropped)
	assert.EqualValues(t, 5, got[2].ChecksOK)
	assert.EqualValues(t, 1, got[2].ChecksBad)
}

func TestAggregatorEmitsLateRequestsInAFurtherSample(t *testing.T) {
	var got []envd.Sample
	a := NewAggregator(func(s envd.Sample) { got = append(got, s) })
	a.Requests(one(10, 1, false))
	a.Requests(one(20, 1, false))
	a.Requests(one(20, 10_000, true))
	a.Flush()
	require.Len(t, got, 3)
	assert.Equal(t, got[0].Start, got[1].Start, "the late request belongs to the second in which it started")
	assert.EqualValues(t, 1, got[1].Failed)
	a.Flush()
	assert.Len(t, got, 3, "nothing is emitted twice")
}

// The requests of one push of k6 go to seconds that are at most so far from those in which they really started.
func TestAggregatorTellsTheStartWithinHalfASecond(t *testing.T) {
	for ms := 0.0; ms < 5_000; ms += 37 {
		for offset := 0.0; offset < 1; offset += 0.09 {
			var got []envd.Sample
			a := NewAggregator(func(s envd.Sample) { got = append(got, s) })
			a.Requests(one(100, ms, false))
			a.Flush()
			began := 100 + offset - ms/1000
			from := float64(got[0].Start.Unix())
			assert.Greater(t, began, from-0.5001)
			assert.Less(t, began, from+1.5001)
		}
	}
}
