package metrics

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestBuckets(t *testing.T) {
	for d, want := range map[time.Duration]int{
		-1: 0, 0: 0, 64 * time.Microsecond: 0, 64*time.Microsecond + 1: 1, 128 * time.Microsecond: 1, 128*time.Microsecond + 1: 2,
		time.Millisecond: 4, time.Second: 14, bound(buckets - 1): buckets - 1, bound(buckets-1) + 1: buckets, 1 << 62: buckets,
	} {
		got := bucket(d)
		assert.Equal(t, want, got, d)
		if got < buckets {
			assert.LessOrEqual(t, d, bound(got))
		}
		if got > 0 {
			assert.Greater(t, d, bound(got-1))
		}
	}
}

func TestHistogramIsCumulative(t *testing.T) {
	var h Histogram
	for _, d := range []time.Duration{time.Microsecond, 100 * time.Microsecond, 100 * time.Microsecond, time.Hour} {
		h.Observe(d)
	}
	var b strings.Builder
	w := NewWriter(&b)
	w.Histograms("x_seconds", "Help.", []Series{{[]Label{{"a", "b"}}, &h}})
	require.NoError(t, w.Flush())
	for _, want := range []string{
		"# HELP x_seconds Help.\n# TYPE x_seconds histogram\nx_seconds_bucket{a=\"b\",le=\"6.4e-05\"} 1\n",
		"x_seconds_bucket{a=\"b\",le=\"0.000128\"} 3\n", "x_seconds_bucket{a=\"b\",le=\"67.108864\"} 3\n",
		"x_seconds_bucket{a=\"b\",le=\"+Inf\"} 4\nx_seconds_sum{a=\"b\"} 3600.000201\nx_seconds_count{a=\"b\"} 4\n",
	} {
		assert.Contains(t, b.String(), want)
	}
}

func TestObserveAllocatesNothing(t *testing.T) {
	var h Histogram
	assert.Zero(t, testing.AllocsPerRun(100, func() { h.Observe(time.Millisecond) }))
}
