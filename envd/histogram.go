package envd

import (
	"math"
	"slices"
)

// Histogram counts non-negative values in logarithmic buckets, so that quantiles of merged histograms stay within
// 0.5 % of the exact value (the DDSketch of Masson, Rim and Lee, VLDB 2019, with relative accuracy 0.005). The zero
// value is ready to use. It is not safe for concurrent use.
type Histogram struct {
	Buckets map[int]int64 `json:"buckets,omitempty"` // index → count; bucket i holds (γ^(i-1), γ^i]
	Zeros   int64         `json:"zeros,omitempty"`   // how many values were too small to tell from 0
	Count   int64         `json:"count"`
	Sum     float64       `json:"sum"`
	Min     float64       `json:"min"`
	Max     float64       `json:"max"`
}

const (
	relativeAccuracy = 0.005
	gamma            = (1 + relativeAccuracy) / (1 - relativeAccuracy)
	smallest         = 1e-6
)

var logGamma = math.Log(gamma)

// Add counts v; negative values and NaN count as 0.
func (h *Histogram) Add(v float64) {
	if !(v > 0) {
		v = 0
	}
	if h.Count == 0 || v < h.Min {
		h.Min = v
	}
	h.Max = max(h.Max, v)
	h.Count++
	h.Sum += v
	if v < smallest {
		h.Zeros++
		return
	}
	if h.Buckets == nil {
		h.Buckets = map[int]int64{}
	}
	h.Buckets[int(math.Ceil(math.Log(v)/logGamma))]++
}

// AddBucket counts n values in (low, high] whose total is sum. It adds an error of half the bucket's relative width to
// quantiles.
func (h *Histogram) AddBucket(n int64, low, high, sum float64) {
	if n <= 0 {
		return
	}
	one := Histogram{}
	one.Add((low + high) / 2)
	for i := range one.Buckets {
		one.Buckets[i] = n
	}
	one.Zeros *= n
	one.Count, one.Sum, one.Min, one.Max = n, sum, max(low, 0), max(high, 0)
	h.Merge(&one)
}

// Merge adds what o counted.
func (h *Histogram) Merge(o *Histogram) {
	if o == nil || o.Count == 0 {
		return
	}
	if h.Count == 0 || o.Min < h.Min {
		h.Min = o.Min
	}
	h.Max = max(h.Max, o.Max)
	h.Count += o.Count
	h.Sum += o.Sum
	h.Zeros += o.Zeros
	if h.Buckets == nil {
		h.Buckets = make(map[int]int64, len(o.Buckets))
	}
	for i, n := range o.Buckets {
		h.Buckets[i] += n
	}
}

// Quantile returns the value at q (0..1), clamped to the exact minimum and maximum. An empty histogram has quantiles of 0.
func (h *Histogram) Quantile(q float64) float64 {
	if h.Count == 0 {
		return 0
	}
	rank := int64(math.Ceil(q * float64(h.Count)))
	if rank <= h.Zeros {
		return h.Min
	}
	indexes := make([]int, 0, len(h.Buckets))
	for i := range h.Buckets {
		indexes = append(indexes, i)
	}
	slices.Sort(indexes)
	seen := h.Zeros
	for _, i := range indexes {
		if seen += h.Buckets[i]; seen >= rank {
			middle := 2 * math.Pow(gamma, float64(i)) / (gamma + 1)
			return min(max(middle, h.Min), h.Max)
		}
	}
	return h.Max
}

// Mean returns the arithmetic mean; 0 without values.
func (h *Histogram) Mean() float64 {
	if h.Count == 0 {
		return 0
	}
	return h.Sum / float64(h.Count)
}
