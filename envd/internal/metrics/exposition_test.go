package metrics

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSeries(t *testing.T) {
	got, left, err := Series(strings.NewReader(`# HELP http_requests_total Requests.
# TYPE http_requests_total counter
http_requests_total{status="200",path="/a \"b\""} 12
http_requests_total{status="500",path="/"} 1 1395066363000
# TYPE took histogram
took_bucket{le="0.1"} 3
took_bucket{le="+Inf"} 5
took_sum 1.5
took_count 5
# TYPE pause summary
pause{quantile="0.5"} 0.1
pause_sum 7
pause_count 70
# TYPE goroutines gauge
goroutines 9
untyped -0.5
ratio NaN
most +Inf
`), nil)
	require.NoError(t, err)
	assert.Zero(t, left)
	assert.Equal(t, map[string]float64{
		`http_requests_total{path="/a \"b\"",status="200"}`: 12,
		`http_requests_total{path="/",status="500"}`:        1,
		"took_count": 5, "took_sum": 1.5, "pause_count": 70, "pause_sum": 7, "goroutines": 9, "untyped": -0.5,
	}, got)
}

func TestSeriesAreBounded(t *testing.T) {
	var many strings.Builder
	for i := range 700 {
		fmt.Fprintf(&many, "m{user=\"%03d\"} %d\n", i, i)
	}
	got, left, err := Series(strings.NewReader(many.String()), nil)
	require.NoError(t, err)
	assert.Equal(t, 200, left)
	assert.Len(t, got, 500)
	assert.Contains(t, got, `m{user="499"}`)

	got, left, err = Series(strings.NewReader(many.String()), func(name string) bool { return name == `m{user="699"}` })
	require.NoError(t, err)
	assert.Equal(t, 199, left)
	assert.Len(t, got, 501)
	assert.Contains(t, got, `m{user="699"}`, "the gate asks for it")

	_, _, err = Series(strings.NewReader("<html>"), nil)
	assert.ErrorContains(t, err, "not the text format of Prometheus")
}
