package loadprofiles

import (
	"cmp"
	"maps"
	"math"
	"slices"
)

// sink folds the measures of one threshold into what is needed to decide it, in memory that does not grow: k6's
// histograms have at most 3,200 buckets.
type sink struct {
	threshold Threshold

	count    int64
	sum      float64
	min, max float64
	last     float64 // value of a gauge
	trues    int64   // samples of a rate that are not zero

	buckets map[bounds]int64 // of a percentile: samples
}

// bounds are those of a [Bucket].
type bounds struct{ low, high float64 }

func newSink(t Threshold) *sink {
	return &sink{threshold: t, min: math.Inf(1), max: math.Inf(-1), buckets: map[bounds]int64{}}
}

func (s *sink) add(m *Measure) {
	s.count += m.Count
	s.sum += m.Sum
	s.trues += m.NonZero
	switch m.Type {
	case Counter:
		s.count += max(int64(m.Sum), 1)
	case Gauge:
		s.last = m.Last
		s.min, s.max = min(s.min, m.Min), max(s.max, m.Max)
	case Trend:
		s.min, s.max = min(s.min, m.Min), max(s.max, m.Max)
		for _, b := range m.Buckets {
			if s.threshold.Method == "p" {
				s.buckets[bounds{b.Low, b.High}] += b.Count
			}
		}
	}
}

// value returns bounds between which the aggregate lies; they are equal where it is known. There must be samples,
// unless it is a counter.
func (s *sink) value(seconds float64) (low, high float64) {
	exactly := func(v float64) (low, high float64) { return v, v }
	switch s.threshold.Method {
	case "count":
		return exactly(s.sum)
	case "rate":
		if s.threshold.Type == Counter {
			return exactly(s.sum / seconds)
		}
		return exactly(float64(s.trues) / float64(s.count))
	case "value":
		return exactly(s.last)
	case "avg":
		return exactly(s.sum / float64(s.count))
	case "min":
		return exactly(s.min)
	case "max":
		return exactly(s.max)
	default:
		return s.percentile()
	}
}

// percentile follows k6: the linear interpolation between the two samples around the rank p/100 × (count-1). Of each
// of them, only the bucket is known.
func (s *sink) percentile() (low, high float64) {
	rank := s.threshold.Percentile / 100 * float64(s.count-1)
	part := rank - math.Floor(rank)
	sorted := slices.SortedFunc(maps.Keys(s.buckets), func(a, b bounds) int { return cmp.Compare(a.high, b.high) })
	lower, upper := s.at(sorted, int64(math.Floor(rank))), s.at(sorted, int64(math.Ceil(rank)))
	return lower.low + (upper.low-lower.low)*part, lower.high + (upper.high-lower.high)*part
}

// at returns bounds of the sample of a rank, from 0. The first and the last sample are known.
func (s *sink) at(sorted []bounds, rank int64) bounds {
	switch {
	case rank <= 0:
		return bounds{s.min, s.min}
	case rank >= s.count-1:
		return bounds{s.max, s.max}
	}
	for _, b := range sorted {
		if rank -= s.buckets[b]; rank < 0 {
			return bounds{max(b.low, s.min), min(b.high, s.max)}
		}
	}
	return bounds{s.max, s.max}
}
