package quantity

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestMillis(t *testing.T) {
	for ms, want := range map[float64]string{
		0: "0 ms", 500: "500 ms", 12.3456: "12.35 ms", 0.25: "0.25 ms", 999.4: "999.4 ms", 1000: "1 s", 5003: "5.003 s", 123456: "123.5 s",
	} {
		assert.Equal(t, want, Millis(ms))
	}
}

func TestPercentRateAndCount(t *testing.T) {
	assert.Equal(t, "0.42%", Percent(0.0042))
	assert.Equal(t, "100%", Percent(1))
	assert.Equal(t, "0%", Percent(0))
	assert.Equal(t, "99.8/s", Rate(99.8))
	assert.Equal(t, "1,812", Count(1812))
	assert.Equal(t, "12", CountFormat(12, 4))
	assert.Equal(t, "1 request", Plural(1, "request"))
	assert.Equal(t, "0 requests", Plural(0, "request"))
}

func TestSpan(t *testing.T) {
	for d, want := range map[time.Duration]string{
		1900 * time.Millisecond: "1.9 s", 6 * time.Second: "6 s", 250 * time.Millisecond: "250 ms",
		125 * time.Second: "2 min 5 s", time.Minute: "1 min", 200 * time.Minute: "3 h 20 min", 8 * time.Hour: "8 h",
	} {
		assert.Equal(t, want, Span(d))
	}
}

func TestApartNeverShowsDifferentValuesAlike(t *testing.T) {
	a, b := Apart(MillisFormat, 500.02, 500)
	assert.Equal(t, "500.02 ms", a)
	assert.Equal(t, "500 ms", b)
	a, b = Apart(PercentFormat, 0.0100000004, 0.01)
	assert.NotEqual(t, a, b)
	a, b = Apart(MillisFormat, 500, 500)
	assert.Equal(t, a, b)
}
