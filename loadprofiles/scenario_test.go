package loadprofiles_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/loadprofiles"
)

func TestProfilesWithTheirDefaults(t *testing.T) {
	var out bytes.Buffer
	for _, p := range loadprofiles.Profiles() {
		s, err := p.Scenario(loadprofiles.Load{})
		require.NoError(t, err)
		assert.Equal(t, p.Duration, s.Length())
		data, err := json.MarshalIndent(s, "", "  ")
		require.NoError(t, err)
		fmt.Fprintf(&out, "%s: %s?\n%s\n%.0f iterations in %s\n\n", p.Name, p.Purpose, data, s.Iterations(), s.Length())

		var back loadprofiles.Scenario
		require.NoError(t, json.Unmarshal(data, &back))
		assert.Equal(t, s, back)
	}
	golden(t, "profiles.txt", out.Bytes())
}

func TestScenario(t *testing.T) {
	for name, tc := range map[string]struct {
		profile    string
		load       loadprofiles.Load
		iterations float64
		vus, max   int64
		wrong      string
	}{
		"constant":              {"smoke", loadprofiles.Load{Rate: 300, Duration: time.Minute}, 18_000, 600, 1_200, ""},
		"a slow one":            {"smoke", loadprofiles.Load{Rate: 10, Duration: time.Minute, Latency: 30 * time.Second}, 600, 300, 600, ""},
		"a third per second":    {"smoke", loadprofiles.Load{Rate: 1.0 / 3, Duration: time.Minute}, 20, 2, 4, ""},
		"each ten minutes":      {"smoke", loadprofiles.Load{Rate: 1.0 / 600, Duration: time.Hour}, 6, 2, 4, ""},
		"half, ramping":         {"load", loadprofiles.Load{Rate: 0.5, Duration: time.Minute, Ramp: 10 * time.Second}, 25, 2, 4, ""},
		"users as told":         {"smoke", loadprofiles.Load{Rate: 300, Duration: time.Second, VUs: 7}, 300, 7, 1_200, ""},
		"limit as told":         {"smoke", loadprofiles.Load{Rate: 300, Duration: time.Second, MaxVUs: 50}, 300, 50, 50, ""},
		"more than fit":         {"smoke", loadprofiles.Load{Rate: 90_000, Duration: time.Second}, 90_000, 5_000, 20_000, ""},
		"short: ramp shrinks":   {"load", loadprofiles.Load{Rate: 100, Duration: 4 * time.Second}, 300, 200, 400, ""},
		"peak":                  {"peak", loadprofiles.Load{Rate: 100, Duration: 20 * time.Second, Ramp: 10 * time.Second}, 1_500, 200, 400, ""},
		"stress doubles":        {"stress", loadprofiles.Load{Rate: 100, Duration: 34 * time.Second, Ramp: time.Second}, 100*10 + 150*10 + 200*10 + 50 + 125 + 175 + 100, 400, 800, ""},
		"jump":                  {"spike", loadprofiles.Load{Rate: 100, Duration: 40 * time.Second, Ramp: time.Millisecond}, 100 + 1_000 + 200, 200, 400, ""},
		"ramp too long":         {"load", loadprofiles.Load{Duration: time.Minute, Ramp: 31 * time.Second}, 0, 0, 0, "2 ramps of 31s do not fit"},
		"no ramp to set":        {"smoke", loadprofiles.Load{Ramp: time.Second}, 0, 0, 0, "profile smoke has no ramp"},
		"too short":             {"smoke", loadprofiles.Load{Duration: time.Millisecond}, 0, 0, 0, "duration: must be at least 1s"},
		"too slow":              {"smoke", loadprofiles.Load{Rate: 1e-5}, 0, 0, 0, "rate: must be between"},
		"more users than limit": {"smoke", loadprofiles.Load{VUs: 3, MaxVUs: 2}, 0, 0, 0, "vus: 3 are more than max_vus 2"},
		"not a number":          {"smoke", loadprofiles.Load{Rate: nan()}, 0, 0, 0, "rate: must not be negative"},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := loadprofiles.LookupProfile(tc.profile)
			require.NoError(t, err)
			s, err := p.Scenario(tc.load)
			if tc.wrong != "" {
				require.ErrorContains(t, err, tc.wrong)
				return
			}
			require.NoError(t, err)
			assert.InDelta(t, tc.iterations, s.Iterations(), tc.iterations*0.001)
			assert.Equal(t, tc.vus, s.PreAllocatedVUs)
			assert.Equal(t, tc.max, s.MaxVUs)
		})
	}
}

func nan() float64 { var zero float64; return zero / zero }

// k6 starts as many iterations as the scenario says, for both of its executors.
func TestScenarioRuns(t *testing.T) {
	for profile, load := range map[string]loadprofiles.Load{
		"smoke": {Rate: 62.5, Duration: 2 * time.Second},
		"peak":  {Rate: 100, Duration: 3 * time.Second, Ramp: time.Second},
		"spike": {Rate: 200, Duration: 3 * time.Second, Ramp: 100 * time.Millisecond},
	} {
		t.Run(profile, func(t *testing.T) {
			t.Parallel()
			summary := run(t, loadprofiles.Config{Profile: profile, Load: load, Script: script(t, `export default function () {}`)})
			assert.InDelta(t, summary.Planned, summary.Iterations, 2)
			assert.Empty(t, summary.Doubts())
		})
	}
}
