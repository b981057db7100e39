package loadprofiles

import "math"

// sink folds the samples of one threshold into what is needed to decide it. It holds no samples: the limit is known
// beforehand, so a percentile only needs to know how many samples lie below, on and above the limit, and the nearest
// ones on both sides. The verdict is exact, also after a soak of days.
type sink struct {
	threshold Threshold

	count    int64
	sum      float64
	min, max float64
	last     float64 // value of a gauge
	trues    int64   // samples of a rate that are not zero

	below, on  int64   // samples smaller than and equal to the limit
	underLimit float64 // the greatest of those below
	overLimit  float64 // the smallest of those above

	shape histogram // for the percentile to show; the verdict does not use it
}

func newSink(t Threshold) *sink {
	return &sink{
		threshold: t, min: math.Inf(1), max: math.Inf(-1),
		underLimit: math.Inf(-1), overLimit: math.Inf(1),
	}
}

func (s *sink) add(value float64) {
	s.count++
	s.sum += value
	s.last = value
	s.min, s.max = min(s.min, value), max(s.max, value)
	if value != 0 {
		s.trues++
	}
	if s.threshold.Method != "p" {
		return
	}
	switch limit := s.threshold.Limit; {
	case value < limit:
		s.below++
		s.underLimit = max(s.underLimit, value)
	case value == limit:
		s.on++
	default:
		s.overLimit = min(s.overLimit, value)
	}
	s.shape.add(value)
}

// value is the aggregate and exact says whether it is the true one. One that is not lies on the same side of the
// limit as the true one. There must be samples, unless it is a counter.
func (s *sink) value(seconds float64) (value float64, exact bool) {
	switch s.threshold.Method {
	case "count":
		return s.sum, true
	case "rate":
		if s.threshold.Type == Counter {
			return s.sum / seconds, true
		}
		return float64(s.trues) / float64(s.count), true
	case "value":
		return s.last, true
	case "avg":
		return s.sum / float64(s.count), true
	case "min":
		return s.min, true
	case "max":
		return s.max, true
	default:
		return s.percentile()
	}
}

// percentile follows k6: the linear interpolation between the two samples around the rank p/100 × (count-1).
func (s *sink) percentile() (value float64, exact bool) {
	rank := s.threshold.Percentile / 100 * float64(s.count-1)
	lower, upper := int64(math.Floor(rank)), int64(math.Ceil(rank))
	if low, ok := s.nearLimit(lower); ok {
		if high, ok := s.nearLimit(upper); ok {
			return low + (high-low)*(rank-math.Floor(rank)), true
		}
	}
	shown := min(max(s.shape.at(lower), s.min), s.max)
	if lower < s.below { // then upper is below the limit too, or both would be near it
		return min(shown, s.underLimit), false
	}
	return max(shown, s.overLimit), false
}

// nearLimit returns the sample of a rank, from 0, if it is the limit or the nearest to it on either side.
func (s *sink) nearLimit(rank int64) (value float64, known bool) {
	switch {
	case rank == s.below-1:
		return s.underLimit, true
	case rank >= s.below && rank < s.below+s.on:
		return s.threshold.Limit, true
	case rank == s.below+s.on:
		return s.overLimit, true
	default:
		return 0, false
	}
}

// histogram counts values in buckets whose bounds grow by a constant factor, so that the middle of a bucket is within
// 1 % of every value in it. It knows no values below its smallest bound apart, and negative ones count as zero.
type histogram struct {
	zero    int64
	buckets []int64
	first   int // index of buckets[0]
}

const (
	bucketGrowth = 1.02
	maxBuckets   = 4_000 // spans 34 orders of magnitude; what lies outside counts in the outermost bucket
)

func (h *histogram) add(value float64) {
	if !(value > 1e-9) {
		h.zero++
		return
	}
	i := int(math.Floor(math.Log(min(value, 1e24)) / math.Log(bucketGrowth)))
	h.grow(i)
	h.buckets[min(max(i-h.first, 0), len(h.buckets)-1)]++
}

// grow makes room for a bucket.
func (h *histogram) grow(i int) {
	switch last := h.first + len(h.buckets) - 1; {
	case h.buckets == nil:
		h.first, h.buckets = i, make([]int64, 1, 256)
	case i > last:
		h.buckets = append(h.buckets, make([]int64, min(i-last, maxBuckets-len(h.buckets)))...)
	case i < h.first:
		room := min(h.first-i, maxBuckets-len(h.buckets))
		h.buckets = append(make([]int64, room, room+len(h.buckets)), h.buckets...)
		h.first -= room
	}
}

// at returns about the value of a rank, from 0.
func (h *histogram) at(rank int64) float64 {
	seen := h.zero
	if rank < seen {
		return 0
	}
	for i, n := range h.buckets {
		if seen += n; rank < seen {
			return math.Pow(bucketGrowth, float64(h.first+i)+0.5)
		}
	}
	return math.Inf(1)
}
