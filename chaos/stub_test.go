package chaos

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParameters(t *testing.T) {
	tests := []struct {
		kind, params string
		want         StubFault
		err          string
	}{
		{kind: "stub.latency", params: `{"delay": "800ms"}`, want: StubFault{Delay: Distribution{Fixed: 800 * time.Millisecond}, Share: 1}},
		{kind: "stub.latency", params: `{"median": "50ms", "sigma": 0.4, "share": 0.5}`,
			want: StubFault{Delay: Distribution{Median: 50 * time.Millisecond, Sigma: 0.4}, Share: 0.5}},
		{kind: "stub.latency", params: `{"lower": "1s", "upper": "2s"}`, want: StubFault{Delay: Distribution{Lower: time.Second, Upper: 2 * time.Second}, Share: 1}},
		{kind: "stub.latency", params: ``, err: "exactly one of delay"},
		{kind: "stub.latency", params: `{"delay": "1s", "upper": "2s"}`, err: "exactly one of delay"},
		{kind: "stub.latency", params: `{"delay": "-1s"}`, err: "negative"},
		{kind: "stub.latency", params: `{"median": "1s"}`, err: "needs sigma"},
		{kind: "stub.latency", params: `{"lower": "3s", "upper": "2s"}`, err: "lower must not exceed upper"},
		{kind: "stub.latency", params: `{"delay": "800"}`, err: "not a duration"},
		{kind: "stub.latency", params: `{"dely": "800ms"}`, err: `unknown field "dely"`},
		{kind: "stub.latency", params: `{"delay": "1s", "share": 0}`, err: "outside (0, 1]"},
		{kind: "stub.outage", params: ``, want: StubFault{Reset: true, Share: 1}},
		{kind: "stub.outage", params: `{"mode": "hang"}`, want: StubFault{Hang: true, Share: 1}},
		{kind: "stub.outage", params: `{"status": 503}`, want: StubFault{Status: 503, Share: 1}},
		{kind: "stub.outage", params: `{"status": 200}`, err: "no failure"},
		{kind: "stub.outage", params: `{"status": 503, "mode": "reset"}`, err: "either mode or status"},
		{kind: "stub.outage", params: `{"mode": "sulk"}`, err: `mode "sulk" is unknown`},
		{kind: "stub.outage", params: `{"share": 1.5}`, err: "outside (0, 1]"},
	}
	for _, tt := range tests {
		t.Run(tt.kind+tt.params, func(t *testing.T) {
			fault := Builtin()[tt.kind].(kind[StubFault])
			got, err := fault.parse(json.RawMessage(tt.params))
			if tt.err != "" {
				require.ErrorContains(t, err, tt.err)
				assert.ErrorContains(t, fault.Validate(json.RawMessage(tt.params)), tt.err)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, tt.want, got)
		})
	}
}

// TestLag: a late answer tells of itself when it comes.
func TestLag(t *testing.T) {
	for _, tt := range []struct {
		kind, params string
		want         time.Duration
	}{
		{"stub.latency", `{"delay": "800ms"}`, 800 * time.Millisecond},
		{"stub.latency", `{"median": "50ms", "sigma": 0.4}`, 50 * time.Millisecond},
		{"stub.latency", `{"lower": "1s", "upper": "2s"}`, 2 * time.Second},
		{"stub.latency", `{"dely": "1s"}`, 0},
		{"stub.outage", `{}`, 0},
		{"link.latency", `{"delay": "200ms", "jitter": "50ms", "direction": "both"}`, 250 * time.Millisecond},
		{"link.latency", `{"median": "70ms", "sigma": 0.4}`, 70 * time.Millisecond},
		{"link.reset", `{}`, 0},
		{"service.kill", `{}`, 0},
	} {
		assert.Equal(t, tt.want, Builtin()[tt.kind].(Lagging).Lag(json.RawMessage(tt.params)), tt.kind+tt.params)
	}
}
