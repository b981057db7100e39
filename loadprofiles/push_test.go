package loadprofiles_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"math/rand/v2"
	"testing"
	"testing/iotest"
	"time"

	"github.com/golang/snappy"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/envd-dev/envd/loadprofiles"
)

// message builds a message of protocol buffers: []byte and string fields as they are, []uint64 packed, float64 as
// double, uint64 as varint.
func message(fields ...any) (out []byte) {
	for i := 0; i < len(fields); i += 2 {
		number := protowire.Number(fields[i].(int))
		switch v := fields[i+1].(type) {
		case string:
			out = protowire.AppendString(protowire.AppendTag(out, number, protowire.BytesType), v)
		case []byte:
			out = protowire.AppendBytes(protowire.AppendTag(out, number, protowire.BytesType), v)
		case []uint64:
			var packed []byte
			for _, n := range v {
				packed = protowire.AppendVarint(packed, n)
			}
			out = protowire.AppendBytes(protowire.AppendTag(out, number, protowire.BytesType), packed)
		case float64:
			out = protowire.AppendFixed64(protowire.AppendTag(out, number, protowire.Fixed64Type), math.Float64bits(v))
		case int:
			out = protowire.AppendVarint(protowire.AppendTag(out, number, protowire.VarintType), uint64(v))
		}
	}
	return out
}

// stream is what Relay writes of these pushes.
func stream(pushes ...[]byte) []byte {
	var out []byte
	for _, p := range pushes {
		packed := snappy.Encode(nil, p)
		out = append(binary.AppendUvarint(out, uint64(len(packed))), packed...)
	}
	return out
}

func read(in []byte) (measures []loadprofiles.Measure, err error) {
	err = loadprofiles.ReadMeasures(iotest.HalfReader(bytes.NewReader(in)), func(m loadprofiles.Measure) { measures = append(measures, m) })
	return measures, err
}

func TestReadMeasures(t *testing.T) {
	at := func(second int) []byte { return message(1, second) }
	label := func(name, value string) []byte { return message(1, name, 2, value) }
	push := message(1, "1", 2, 1,
		3, message(1, "http_reqs", 2, 1, 3, message(
			1, label("status", "200"), 1, label("group", ""), 1, label("team", "a"), 1, label("expected_response", "true"),
			2, message(1, message(1, at(100), 2, 3.0), 1, message(1, at(101), 2, 4.0)))),
		3, message(1, "vus", 2, 2, 3, message(3, message(1, message(1, at(100), 2, 2.0, 3, 5, 4, 1.0, 5, 9.0, 6, 4.0)))),
		// A type may stand behind what it is the type of.
		3, message(1, "checks", 3, message(1, label("check", "ok"), 1, label("status", "0"), 4, message(1, message(1, at(100), 2, 2, 3, 7))), 2, 3),
		3, message(1, "took", 2, 4, 3, message(5, message(1, message(1, at(100), 2, []uint64{1, 2, 3}, 2, 4,
			3, message(2, 1), 3, message(1, 255, 2, 3), 5, 12.5, 6, 12, 7, -1.0, 8, 1e20, 9, 1, 10, 1, 11, 0.001)))),
	)
	second := time.Unix(100, 0).UTC()
	want := []loadprofiles.Measure{
		{Second: second, Metric: "http_reqs", Type: loadprofiles.Counter, Sum: 3,
			Tags: loadprofiles.Tags{Status: 200, Expected: "true", Extra: map[string]string{"team": "a"}}},
		{Second: second.Add(time.Second), Metric: "http_reqs", Type: loadprofiles.Counter, Sum: 4,
			Tags: loadprofiles.Tags{Status: 200, Expected: "true", Extra: map[string]string{"team": "a"}}},
		{Second: second, Metric: "vus", Type: loadprofiles.Gauge, Count: 5, Last: 2, Min: 1, Max: 9},
		{Second: second, Metric: "checks", Type: loadprofiles.Rate, Count: 7, NonZero: 2,
			Tags: loadprofiles.Tags{Check: "ok", Extra: map[string]string{"status": "0"}}},
		{Second: second, Metric: "took", Type: loadprofiles.Trend, Count: 12, Sum: 12.5, Min: -1, Max: 1e20, Buckets: []loadprofiles.Bucket{
			{Low: math.Inf(-1), High: -math.SmallestNonzeroFloat64, Count: 1}, {Count: 1},
			{Low: 0.255, High: 0.257, Count: 2}, {Low: 0.257, High: 0.259, Count: 3}, {Low: 0.259, High: 0.261, Count: 4},
			{Low: math.MaxInt64 * 0.001, High: math.Inf(1), Count: 1},
		}},
	}
	got, err := read(stream(push, nil))
	require.NoError(t, err)
	assert.Equal(t, want, got)
	assert.Equal(t, "0", got[3].Tags.Get("status"))
}

func TestReadMeasuresRefuses(t *testing.T) {
	whole := stream(message(3, message(1, "a", 2, 1, 3, message(2, message(1, message(2, 1.0))))))
	trend := func(fields ...any) []byte {
		return stream(message(3, message(1, "a", 2, 4, 3, message(5, message(1, message(fields...))))))
	}
	for name, tc := range map[string]struct {
		in       []byte
		measures int
		want     string
	}{
		"cut off":             {append(bytes.Clone(whole), whole[:len(whole)-1]...), 1, "push 2: k6's measures end within a push"},
		"cut off in a length": {append(bytes.Clone(whole), 0x80), 1, "push 2: k6's measures end within a push"},
		"too long":            {binary.AppendUvarint(nil, 1<<40), 0, "more than k6 sends"},
		"unpacks to much":     {append([]byte{6}, append(binary.AppendUvarint(nil, 1<<31), 0)...), 0, "that unpack to"},
		"not packed":          {[]byte{3, 'a', 'b', 'c'}, 0, "push 1: snappy"},
		"no message":          {stream([]byte{0xff}), 0, "push 1: "},
		"no type":             {stream(message(3, message(1, "a"))), 0, `metric "a" is of no type`},
		"counters missing":    {trend(2, 1, 3, message(1, 1, 2, 2)), 0, "do not agree"},
		"spans missing":       {trend(2, 1), 0, "do not agree"},
	} {
		measures, err := read(tc.in)
		require.ErrorContains(t, err, tc.want, name)
		assert.Len(t, measures, tc.measures, name)
	}
	_, err := read(whole[:len(whole)-1])
	require.ErrorIs(t, err, loadprofiles.ErrTruncated)
	err = loadprofiles.ReadMeasures(iotest.ErrReader(errors.New("broken pipe")), nil)
	assert.ErrorContains(t, err, "broken pipe")
}

// Every value lies in the bucket that k6 puts it into, as the reader understands that bucket.
func TestBuckets(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 10_000 {
		value := math.Exp(random.Float64()*30 - 7)
		want := bucket(value)
		units := uint64(math.Ceil(value / 0.001))
		shift := uint64(0)
		for units>>shift >= 256 {
			shift++
		}
		index := shift<<7 + units>>shift
		push := message(3, message(1, "took", 2, 4, 3, message(5, message(1, message(2, 1, 3, message(1, int(index), 2, 1), 11, 0.001)))))
		got, err := read(stream(push))
		require.NoError(t, err)
		require.Len(t, got[0].Buckets, 1)
		b := got[0].Buckets[0]
		require.InEpsilon(t, want.High, b.High, 1e-12)
		require.GreaterOrEqual(t, value, b.Low)
		require.LessOrEqual(t, value, b.High*(1+1e-12))
		require.LessOrEqual(t, b.High-b.Low, max(0.001, 0.008*value)+1e-12)
	}
}

// Nothing that can be sent makes the reader panic, and what it cuts off is an error.
func FuzzReadMeasures(f *testing.F) {
	f.Add(message(3, message(1, "a", 2, 1, 3, message(2, message(1, message(2, 1.0))))))
	f.Add(message(3, message(1, "a", 2, 4, 3, message(5, message(1, message(2, []uint64{1, 2}, 3, message(1, 300, 2, 2), 11, 0.001))))))
	f.Fuzz(func(t *testing.T, push []byte) {
		_, _ = read(stream(push))
		whole := stream(push)
		_, err := read(whole[:len(whole)-1])
		require.Error(t, err)
	})
}
