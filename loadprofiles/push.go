package loadprofiles

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/golang/snappy"
	"google.golang.org/protobuf/encoding/protowire"
)

// What k6 pushes is a message of protocol buffers, compressed with snappy: metrics, in them time series (a set of
// tags), in them one value for each second. The numbers below are those of its fields; fields that are not named
// here are passed over.
const (
	fieldMetrics = 3 // of the message

	fieldName   = 1 // of a metric
	fieldType   = 2
	fieldSeries = 3

	fieldLabels  = 1 // of a series; each with a name, 1, and a value, 2
	fieldCounter = 2 // these four: values as field 1
	fieldGauge   = 3
	fieldRate    = 4
	fieldTrend   = 5
)

// maxPush bounds what one push may unpack to: the series of a second, a thousand at a time.
const maxPush = 256 << 20

// pushedTypes are the numbers that stand for the kinds of metrics.
var pushedTypes = map[uint64]MetricType{1: Counter, 2: Gauge, 3: Rate, 4: Trend}

// decodePush calls fn with every measure of one push.
func decodePush(body []byte, fn func(Measure)) error {
	size, err := snappy.DecodedLen(body)
	if err != nil || size > maxPush {
		return errors.Join(fmt.Errorf("a push of %d bytes that unpack to %d", len(body), size), err)
	}
	message, err := snappy.Decode(nil, body)
	if err != nil {
		return err
	}
	return eachField(message, func(f field) error {
		if f.number != fieldMetrics {
			return nil
		}
		return decodeMetric(f.bytes, fn)
	})
}

// decodeMetric reads a metric's name and type, which may stand behind its series.
func decodeMetric(message []byte, fn func(Measure)) error {
	var m Measure
	var series [][]byte
	err := eachField(message, func(f field) error {
		switch f.number {
		case fieldName:
			m.Metric = string(f.bytes)
		case fieldType:
			m.Type = pushedTypes[f.bits]
		case fieldSeries:
			series = append(series, f.bytes)
		}
		return nil
	})
	if err == nil && m.Type == "" {
		err = fmt.Errorf("metric %q is of no type", m.Metric)
	}
	for _, s := range series {
		err = errors.Join(err, decodeSeries(s, m, fn))
	}
	return err
}

func decodeSeries(message []byte, m Measure, fn func(Measure)) error {
	values := map[MetricType]protowire.Number{Counter: fieldCounter, Gauge: fieldGauge, Rate: fieldRate, Trend: fieldTrend}[m.Type]
	var samples []byte
	err := eachField(message, func(f field) error {
		switch f.number {
		case fieldLabels:
			var name, value string
			err := eachField(f.bytes, func(f field) error {
				switch f.number {
				case 1:
					name = string(f.bytes)
				case 2:
					value = string(f.bytes)
				}
				return nil
			})
			m.Tags.set(name, value)
			return err
		case values:
			samples = f.bytes
		}
		return nil
	})
	if err != nil {
		return err
	}
	return eachField(samples, func(f field) error {
		m := m // of this second
		if err := m.decodeValue(f.bytes); err != nil {
			return err
		}
		fn(m)
		return nil
	})
}

// decodeValue reads one second of a series.
func (m *Measure) decodeValue(message []byte) error {
	var h trendValue
	err := eachField(message, func(f field) error {
		if f.number == 1 {
			return eachField(f.bytes, func(f field) error {
				if f.number == 1 { // the nanoseconds are always 0
					m.Second = time.Unix(int64(f.bits), 0).UTC()
				}
				return nil
			})
		}
		switch number := math.Float64frombits(f.bits); m.Type {
		case Counter:
			m.Sum = number
		case Rate:
			m.setRate(f)
		case Gauge:
			m.setGauge(f, number)
		default:
			return h.set(m, f, number)
		}
		return nil
	})
	if err == nil && m.Type == Trend {
		m.Buckets, err = h.buckets()
	}
	return err
}

func (m *Measure) setRate(f field) {
	switch f.number {
	case 2:
		m.NonZero = int64(f.bits)
	case 3:
		m.Count = int64(f.bits)
	}
}

func (m *Measure) setGauge(f field, number float64) {
	switch f.number {
	case 2:
		m.Last = number
	case 3:
		m.Count = int64(f.bits)
	case 4:
		m.Min = number
	case 5:
		m.Max = number
	}
}

// field is one field of a message: bits of a number, or bytes.
type field struct {
	number protowire.Number
	bits   uint64
	bytes  []byte
}

// eachField calls fn with the fields of a message in turn.
func eachField(message []byte, fn func(field) error) error {
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return protowire.ParseError(n)
		}
		message = message[n:]
		f := field{number: number}
		switch kind {
		case protowire.VarintType:
			f.bits, n = protowire.ConsumeVarint(message)
		case protowire.Fixed64Type:
			f.bits, n = protowire.ConsumeFixed64(message)
		case protowire.BytesType:
			f.bytes, n = protowire.ConsumeBytes(message)
		default:
			n = protowire.ConsumeFieldValue(number, kind, message)
		}
		if n < 0 {
			return protowire.ParseError(n)
		}
		message = message[n:]
		if err := fn(f); err != nil {
			return err
		}
	}
	return nil
}
