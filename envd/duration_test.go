package envd

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseDuration(t *testing.T) {
	const day = 24 * time.Hour
	for text, want := range map[string]time.Duration{
		"0": 0, "250ms": 250 * time.Millisecond, "1h30m": 90 * time.Minute, "-5m": -5 * time.Minute,
		"7d": 7 * day, "1.5d": 36 * time.Hour, ".5d": 12 * time.Hour, "1d12h": 36 * time.Hour, "12h1d": 36 * time.Hour, "-2d": -2 * day,
	} {
		got, err := ParseDuration(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, got, text)
		if want >= 0 {
			var d Duration
			require.NoError(t, d.UnmarshalText([]byte(text)))
			written, err := d.MarshalText()
			require.NoError(t, err)
			again, err := time.ParseDuration(string(written))
			require.NoError(t, err, "what is written is Go's notation")
			assert.Equal(t, want, again)
		}
	}
	for text, message := range map[string]string{
		"":            `"" is not a duration: write for example 250ms, 10s, 1h30m or 7d`,
		"7":           `"7" has no unit: write 7s, or 7ms, 7m`,
		"7days":       `"7days" is not a duration: write for example 250ms, 10s, 1h30m or 7d`,
		"d":           `"d" is not a duration: write for example 250ms, 10s, 1h30m or 7d`,
		"1 d":         `"1 d" is not a duration: write for example 250ms, 10s, 1h30m or 7d`,
		"9999999999d": `"9999999999d" is not a duration: write for example 250ms, 10s, 1h30m or 7d`,
	} {
		_, err := ParseDuration(text)
		wrong := (*DurationError)(nil)
		require.ErrorAs(t, err, &wrong, text)
		assert.Equal(t, message, err.Error())
		assert.Equal(t, message, new(Duration).UnmarshalText([]byte(text)).Error())
	}
}
