package loadprofiles_test

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/loadprofiles"
)

const header = "metric_name,timestamp,metric_value,check,error,error_code,method,name,scenario,status,extra_tags,metadata\n"

func read(in io.Reader) (points []loadprofiles.Point, err error) {
	err = loadprofiles.NewReader(in).Each(func(p loadprofiles.Point) { points = append(points, p) })
	return points, err
}

func TestReader(t *testing.T) {
	at := time.UnixMicro(1_795_252_542_123_456)
	in := header +
		"http_reqs,1795252542123456,1.000000,,,,GET,http://a/x,load,200,,\n" +
		"http_req_duration,1795252542123456,0.123457,,,,GET,http://a/x,load,200,,\n" +
		"http_req_failed,1795252542123456,1.000000,,\"dial: \"\"x\"\",\ny\",1212,GET,http://a/x,load,0,team=a&b&kind=c=d,vu=1\n" +
		"checks,1795252542123456,0.000000,\"is 200, ok\",,,,,load,,\"team=a,b\",\n" +
		"custom,1795252542123456,-1.500000,,,,,,load,,,\n" +
		"custom,1795252542123456,12345678901234567.000000,,,,,,,,,\n" +
		"custom,1795252542123456,+Inf,,,,,,,,,\n"
	get := loadprofiles.Tags{Method: "GET", Name: "http://a/x", Scenario: "load", Status: 200}
	want := []loadprofiles.Point{
		{Time: at, Metric: "http_reqs", Value: 1, Tags: &get},
		{Time: at, Metric: "http_req_duration", Value: 0.123457, Tags: &get},
		{Time: at, Metric: "http_req_failed", Value: 1, Tags: &loadprofiles.Tags{Method: "GET", Name: "http://a/x", Scenario: "load",
			Error: "dial: \"x\",\ny", ErrorCode: 1212, Extra: map[string]string{"status": "0", "team": "a&b", "kind": "c=d"}}},
		{Time: at, Metric: "checks", Tags: &loadprofiles.Tags{Scenario: "load", Check: "is 200, ok", Extra: map[string]string{"team": "a,b"}}},
		{Time: at, Metric: "custom", Value: -1.5, Tags: &loadprofiles.Tags{Scenario: "load"}},
		{Time: at, Metric: "custom", Value: 12345678901234567, Tags: &loadprofiles.Tags{}},
		{Time: at, Metric: "custom", Value: math.Inf(1), Tags: &loadprofiles.Tags{}},
	}
	for name, source := range map[string]io.Reader{
		"at once":      strings.NewReader(in),
		"in bytes":     iotest.OneByteReader(strings.NewReader(in)),
		"in halves":    iotest.HalfReader(strings.NewReader(in)),
		"with the end": iotest.DataErrReader(strings.NewReader(in)),
	} {
		got, err := read(source)
		require.NoError(t, err, name)
		assert.Equal(t, want, got, name)
	}
	got, err := read(strings.NewReader(in))
	require.NoError(t, err)
	assert.Same(t, got[0].Tags, got[1].Tags)
	assert.Equal(t, "0", got[2].Tags.Get("status"))
	assert.Equal(t, "1212", got[2].Tags.Get("error_code"))
	assert.Equal(t, "", got[3].Tags.Get("status"))
}

func TestReaderRefuses(t *testing.T) {
	row := "http_reqs,1795252542123456,1.000000,,,,GET,http://a/x,load,200,,\n"
	for name, tc := range map[string]struct {
		in     string
		points int
		want   string
	}{
		"another format":   {"{}\n", 0, "line 1: not a header"},
		"another header":   {"metric_name,timestamp,metric_values\n", 0, "line 1: not a header"},
		"cut off":          {header + row + row[:20], 1, "line 3: k6's output ends within a record"},
		"cut off in quote": {header + row + "checks,1,1.0,\"a\n", 1, "line 3: k6's output ends within a record"},
		"too few columns":  {header + "a,1\n", 0, "line 2: too few columns"},
		"fewer columns":    {header + row + "a,1,1.000000,,,\n", 1, "line 3: 6 columns instead of 12"},
		"seconds missing":  {header + "a,x,1.000000,,,,,,,,,\n", 0, `line 2: timestamp "x"`},
		"no number":        {header + "a,1,one,,,,,,,,,\n", 0, `line 2: value "one" is not a number`},
		"text after quote": {header + "a,1,1.000000,\"a\"b,,,,,,,,\n", 0, `'b' after a quoted column`},
	} {
		points, err := read(strings.NewReader(tc.in))
		require.ErrorContains(t, err, tc.want, name)
		assert.Len(t, points, tc.points, name)
	}
	points, err := read(strings.NewReader(""))
	require.NoError(t, err)
	assert.Empty(t, points)
	_, err = read(io.MultiReader(strings.NewReader(header+row), iotest.ErrReader(errors.New("broken pipe"))))
	assert.ErrorContains(t, err, "broken pipe")
	_, err = read(io.MultiReader(strings.NewReader(header), endless{}))
	assert.ErrorContains(t, err, "line 2: longer than")
}

type endless struct{}

func (endless) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = 'x'
	}
	return len(b), nil
}

// Whatever encoding/csv reads in the form that k6 writes, the Reader reads the same; and nothing makes it panic.
func FuzzReader(f *testing.F) {
	f.Add(header + "http_reqs,1795252542123456,1.000000,,,,GET,http://a/x,load,200,,\n")
	f.Add(header + "checks,1,0.000000,\"a, \"\"b\"\"\nc\",,,,,load,,k=v&w,\n")
	f.Add(header + "a,1,0.000000,\"\",,,,,,,,")
	f.Add("metric_name,timestamp,metric_value\na,1,1\n")
	f.Add("\"")
	f.Fuzz(func(t *testing.T, in string) {
		points, err := read(strings.NewReader(in))
		slow, slowErr := read(iotest.OneByteReader(strings.NewReader(in)))
		require.Equal(t, fmt.Sprint(err), fmt.Sprint(slowErr))
		require.Len(t, slow, len(points))
		if err != nil || !strings.HasPrefix(in, header) || strings.Contains(in, "\r") {
			return
		}
		reference := csv.NewReader(strings.NewReader(in))
		reference.FieldsPerRecord = -1
		records, err := reference.ReadAll()
		if err != nil {
			return // quotes where k6 writes none
		}
		var kept [][]string
		for _, r := range records[1:] {
			if len(r) == len(records[0]) {
				kept = append(kept, r)
			}
		}
		require.Len(t, points, len(kept))
		for i, r := range kept {
			assert.Equal(t, r[0], points[i].Metric)
			value, _ := strconv.ParseFloat(r[2], 64)
			if !math.IsNaN(value) {
				assert.Equal(t, value, points[i].Value)
			}
			assert.Equal(t, r[3], points[i].Tags.Check)
			assert.Equal(t, r[7], points[i].Tags.Name)
		}
	})
}

// request is what k6 writes for one iteration with one request and one check.
func request(i int) string {
	var b strings.Builder
	tags := ",,,GET,http://shop.example/cart,load,200,,\n"
	for _, m := range []string{"http_reqs", "http_req_duration", "http_req_blocked", "http_req_connecting", "http_req_tls_handshaking",
		"http_req_sending", "http_req_waiting", "http_req_receiving", "http_req_failed"} {
		fmt.Fprintf(&b, "%s,%d,%f,%s", m, 1795252542123456+i, float64(i%977)/100, tags)
	}
	fmt.Fprintf(&b, "checks,%d,1.000000,status is 200,,,,,load,,,\n", 1795252542123456+i)
	for _, m := range []string{"data_sent", "data_received", "iteration_duration", "iterations"} {
		fmt.Fprintf(&b, "%s,%d,1.000000,,,,,,load,,,\n", m, 1795252542123456+i)
	}
	return b.String()
}

// BenchmarkReader reads the samples of one iteration with one request (14 records) per operation.
func BenchmarkReader(b *testing.B) {
	b.Run("Reader", func(b *testing.B) { benchmarkReader(b, func(loadprofiles.Point) {}) })
	rec := loadprofiles.NewRecorder(loadprofiles.Plan{Thresholds: []loadprofiles.Threshold{
		loadprofiles.ParseThreshold("http_req_duration", "p(95)<5"),
		loadprofiles.ParseThreshold("http_req_failed{status:200}", "rate<0.01"),
	}})
	b.Run("Recorder", func(b *testing.B) { benchmarkReader(b, rec.Point) })
}

func benchmarkReader(b *testing.B, fn func(loadprofiles.Point)) {
	var in strings.Builder
	for i := range 1_000 {
		in.WriteString(request(i))
	}
	records := strings.Count(request(0), "\n")
	r := loadprofiles.NewReader(io.MultiReader(strings.NewReader(header), &again{in: in.String()}))
	b.ReportAllocs()
	for b.Loop() {
		for range records {
			p, err := r.Next()
			if err != nil {
				b.Fatal(err)
			}
			fn(p)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
}

// again gives the same text without end.
type again struct {
	in string
	at int
}

func (a *again) Read(b []byte) (int, error) {
	n := copy(b, a.in[a.at:])
	a.at = (a.at + n) % len(a.in)
	return n, nil
}
