package cli

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestShortDuration: what help shows as a default is what may be written.
func TestShortDuration(t *testing.T) {
	for want, d := range map[string]time.Duration{
		"0s": 0, "250ms": 250 * time.Millisecond, "10s": 10 * time.Second, "1m": time.Minute, "1m30s": 90 * time.Second, "10m": 10 * time.Minute,
		"1h": time.Hour, "1h30m": 90 * time.Minute, "1h0m5s": time.Hour + 5*time.Second, "10h": 10 * time.Hour, "1d": 24 * time.Hour,
		"36h": 36 * time.Hour, "30d": 30 * 24 * time.Hour,
	} {
		assert.Equal(t, want, shortDuration(d))
		var f durationFlag
		require.NoError(t, f.Set(want))
		assert.Equal(t, d, time.Duration(f), want)
	}
}
