package metrics

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/envd"
)

func TestAggregatorGroupsByStartSecond(t *testing.T) {
	var got []envd.Sample
	a := NewAggregator(func(s envd.Sample) { got = append(got, s) })
	base := time.Unix(1000, 0)
	a.Request(base.Add(900*time.Millisecond), 10)
	a.Request(base.Add(100*time.Millisecond), 30)
	a.Failed(base.Add(100 * time.Millisecond))
	a.Iterations(base.Add(1500*time.Millisecond), 2)
	a.Dropped(base.Add(2*time.Second), 1)
	a.Check(base.Add(2*time.Second), false)
	assert.Empty(t, got, "seconds stay open for requests that are still under way")

	a.Request(base.Add(4*time.Second), 1)
	require.Len(t, got, 2, "seconds older than the lag are closed")
	assert.EqualValues(t, 2, got[0].Requests)
	assert.EqualValues(t, 1, got[0].Failed)
	assert.Equal(t, 30.0, got[0].Latency.Max)
	assert.EqualValues(t, 2, got[1].Iterations)

	a.Flush()
	require.Len(t, got, 4)
	assert.EqualValues(t, 1, got[2].Dropped)
	assert.EqualValues(t, 1, got[2].ChecksBad)
}

func TestAggregatorEmitsLateRequestsInAFurtherSample(t *testing.T) {
	var got []envd.Sample
	a := NewAggregator(func(s envd.Sample) { got = append(got, s) })
	a.Request(time.Unix(10, 0), 1)
	a.Request(time.Unix(20, 0), 1)
	a.Request(time.Unix(10, 0), 9000)
	a.Failed(time.Unix(10, 0))
	a.Flush()
	require.Len(t, got, 3)
	assert.Equal(t, got[0].Start, got[1].Start, "the late request belongs to the second in which it started")
	assert.EqualValues(t, 1, got[1].Failed)
	a.Flush()
	assert.Len(t, got, 3, "nothing is emitted twice")
}
