package loadprofiles

import (
	"errors"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// trendValue is one second of a trend as k6 pushes it: a histogram of two layers, powers of two that are divided into
// 128 equal parts each (http://hdrhistogram.org). Only buckets that hold something are sent, in runs of neighbours.
type trendValue struct {
	counters   []uint64
	spans      []span
	below      int64 // negative values, which have no bucket
	above      int64 // values too great for one
	resolution float64
}

// span is a run of neighbouring buckets, offset after the end of the run before it.
type span struct{ offset, length uint64 }

func (h *trendValue) set(m *Measure, f field, number float64) error {
	switch f.number {
	case 2:
		return h.setCounters(f)
	case 3:
		var s span
		err := eachField(f.bytes, func(f field) error {
			switch f.number {
			case 1:
				s.offset = f.bits
			case 2:
				s.length = f.bits
			}
			return nil
		})
		h.spans = append(h.spans, s)
		return err
	case 5:
		m.Sum = number
	case 6:
		m.Count = int64(f.bits)
	case 7:
		m.Min = number
	case 8:
		m.Max = number
	case 9:
		h.below = int64(f.bits)
	case 10:
		h.above = int64(f.bits)
	case 11:
		h.resolution = number
	}
	return nil
}

// setCounters reads counters, packed as writers do, or one by one as readers must understand too.
func (h *trendValue) setCounters(f field) error {
	if f.bytes == nil {
		h.counters = append(h.counters, f.bits)
		return nil
	}
	for rest := f.bytes; len(rest) > 0; {
		v, n := protowire.ConsumeVarint(rest)
		if n < 0 {
			return protowire.ParseError(n)
		}
		h.counters, rest = append(h.counters, v), rest[n:]
	}
	return nil
}

var errSpans = errors.New("a trend whose counters and spans do not agree")

// buckets returns the histogram with its bounds in the metric's unit.
func (h *trendValue) buckets() ([]Bucket, error) {
	if h.resolution <= 0 {
		h.resolution = 1
	}
	list := make([]Bucket, 0, len(h.counters)+2)
	if h.below > 0 {
		list = append(list, Bucket{math.Inf(-1), -math.SmallestNonzeroFloat64, h.below})
	}
	index, counters := uint64(0), h.counters
	for _, s := range h.spans {
		if s.length > uint64(len(counters)) || s.offset > math.MaxUint32 {
			return nil, errSpans
		}
		index += s.offset
		for _, n := range counters[:s.length] {
			low, high := bucketBounds(index, h.resolution)
			list = append(list, Bucket{low, high, int64(n)})
			index++
		}
		counters = counters[s.length:]
	}
	if len(counters) > 0 {
		return nil, errSpans
	}
	if h.above > 0 {
		list = append(list, Bucket{math.MaxInt64 * h.resolution, math.Inf(1), h.above})
	}
	return list, nil
}

// partBits is the logarithm of the number of parts of each power of two.
const partBits = 7

// bucketBounds returns what a bucket holds: values above low, up to high. In units of the resolution, values are
// rounded up to whole numbers first. The first 256 have a bucket each; from then on, the bits above the eight leading
// ones choose it.
func bucketBounds(index uint64, resolution float64) (low, high float64) {
	if index == 0 {
		return 0, 0
	}
	shift := max(index>>partBits, 1) - 1
	first := math.Ldexp(float64(index-shift<<partBits), int(shift))
	return (first - 1) * resolution, (first - 1 + math.Ldexp(1, int(shift))) * resolution
}
