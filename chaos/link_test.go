package chaos

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func toxic(kind, stream string, share float64, attributes map[string]float64) Toxic {
	return Toxic{Type: kind, Stream: stream, Toxicity: share, Attributes: attributes}
}

func TestLinkParameters(t *testing.T) {
	for _, tt := range []struct {
		kind, params string
		want         []Toxic
		err          string
	}{
		{kind: "link.latency", params: `{"delay": "200ms", "jitter": "50ms", "direction": "upstream", "share": 0.5}`,
			want: []Toxic{toxic("latency", Upstream, 0.5, map[string]float64{"latency": 200, "jitter": 50})}},
		{kind: "link.latency", params: `{"median": "20ms", "sigma": 0.5}`,
			want: []Toxic{toxic("latency", Downstream, 1, map[string]float64{"median": 20, "sigma": 0.5})}},
		{kind: "link.latency", params: `{"lower": "10ms", "upper": "30ms"}`,
			want: []Toxic{toxic("latency", Downstream, 1, map[string]float64{"latency": 20, "jitter": 10})}},
		{kind: "link.latency", params: `{"delay": "10ms", "jitter": "20ms"}`, err: "jitter must lie between 0 and delay"},
		{kind: "link.latency", params: `{"delay": "10ms", "direction": "sideways"}`, err: `direction "sideways" is unknown`},
		{kind: "link.latency", params: `{"delay": "10ms", "share": 2}`, err: "outside (0, 1]"},
		{kind: "link.bandwidth", params: `{"rate": "64kB/s"}`, want: []Toxic{toxic("bandwidth", Downstream, 1, map[string]float64{"rate": 64})}},
		{kind: "link.bandwidth", params: `{"rate": "1.5 MB/s"}`, want: []Toxic{toxic("bandwidth", Downstream, 1, map[string]float64{"rate": 1500})}},
		{kind: "link.bandwidth", params: `{"rate": "64"}`, err: `rate "64" is no rate such as`},
		{kind: "link.reset", want: []Toxic{toxic("reset_peer", Downstream, 1, map[string]float64{"timeout": 0})}},
		{kind: "link.reset", params: `{"after": "-1s"}`, err: "after cannot be negative"},
		{kind: "link.timeout", params: `{"after": "2s", "direction": "upstream"}`, want: []Toxic{toxic("timeout", Upstream, 1, map[string]float64{"timeout": 2000})}},
		{kind: "link.timeout", err: "after says how long"},
		{kind: "link.blackhole", want: []Toxic{toxic("timeout", Upstream, 1, map[string]float64{"timeout": 0}), toxic("timeout", Downstream, 1, map[string]float64{"timeout": 0})}},
		{kind: "link.blackhole", params: `{"after": "2s"}`, err: `unknown field "after"`},
		{kind: "network.partition", params: `{"direction": "upstream"}`, err: `unknown field "direction"`},
		{kind: "link.slicer", params: `{"size": 64, "variation": 16, "pause": "10ms"}`,
			want: []Toxic{toxic("slicer", Downstream, 1, map[string]float64{"average_size": 64, "size_variation": 16, "delay": 10000})}},
		{kind: "link.slicer", params: `{"variation": 16}`, err: "size says how many bytes"},
		{kind: "link.slicer", params: `{"size": 64, "variation": 64}`, err: "variation must lie between"},
	} {
		t.Run(tt.kind+tt.params, func(t *testing.T) {
			got, err := Builtin()[tt.kind].(kind[LinkFault]).parse(json.RawMessage(tt.params))
			if tt.err != "" {
				require.ErrorContains(t, err, tt.err)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, tt.want, got.Toxics)
		})
	}
}

func TestLinkEffects(t *testing.T) {
	e := Effect{Affected: 3, Total: 4, Delay: 201400 * time.Microsecond}
	for name, want := range map[string]string{
		"link.latency":      "+201ms on 3 of 4 connections",
		"link.bandwidth":    "held 3 of 4 connections to 64 kB/s, data was 201ms late",
		"link.reset":        "reset 3 of 4 connections",
		"link.timeout":      "silenced and closed 3 of 4 connections",
		"link.blackhole":    "silenced 3 of 4 connections",
		"network.partition": "silenced 3 of 4 connections",
		"link.slicer":       "sliced the data of 3 of 4 connections, +201ms",
	} {
		k := Builtin()[name].(kind[LinkFault])
		assert.Equal(t, want, k.told(LinkFault{Toxics: []Toxic{{Attributes: map[string]float64{"rate": 64}}}}, e).Summary, name)
		assert.Equal(t, Leashed, k.Undo(), name)
	}
}

func TestServiceParameters(t *testing.T) {
	for _, tt := range []struct {
		kind, params string
		want         ServiceFault
		err          string
	}{
		{kind: "service.kill", want: ServiceFault{Verb: Kill}},
		{kind: "service.stop", want: ServiceFault{Verb: Stop}},
		{kind: "service.pause", want: ServiceFault{Verb: Pause}},
		{kind: "network.disconnect", want: ServiceFault{Verb: Disconnect}},
		{kind: "service.kill", params: `{"signal": "TERM"}`, err: `unknown field "signal"`},
		{kind: "service.restart", want: ServiceFault{Verb: Restart, Rolling: true}},
		{kind: "service.restart", params: `{"mode": "kill", "rolling": false}`, want: ServiceFault{Verb: Restart, Kill: true}},
		{kind: "service.restart", params: `{"mode": "gently"}`, err: `mode "gently" is unknown`},
		{kind: "service.limit", params: `{"cpu": "200m", "memory": "64Mi"}`, want: ServiceFault{Verb: Limit, CPU: 200, Memory: 64 << 20}},
		{kind: "service.limit", params: `{"cpu": 0.5}`, want: ServiceFault{Verb: Limit, CPU: 500}},
		{kind: "service.limit", err: "give cpu, memory or both"},
		{kind: "service.limit", params: `{"cpu": "much"}`, err: `cpu "much" is no amount`},
		{kind: "service.limit", params: `{"memory": "64Mb"}`, err: `memory "64Mb" is no size`},
	} {
		t.Run(tt.kind+tt.params, func(t *testing.T) {
			got, err := Builtin()[tt.kind].(kind[ServiceFault]).parse(json.RawMessage(tt.params))
			if tt.err != "" {
				require.ErrorContains(t, err, tt.err)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, tt.want, got)
		})
	}
}

func TestParameterErrorNamesWhatThereIs(t *testing.T) {
	err := LinkLatency().Validate(json.RawMessage(`{"dely": "1s"}`))
	var p *ParameterError
	require.ErrorAs(t, err, &p)
	assert.Equal(t, []string{"delay", "median", "sigma", "lower", "upper", "jitter", "direction", "share"}, p.Parameters())
}

func TestEnds(t *testing.T) {
	for target, want := range map[string][2]string{"shop -> db": {"shop", "db"}, "shop <-> db": {"shop", "db"}, "shop->db": {}, "db": {}, "a -> b -> c": {}, "a => b": {}} {
		from, to, bothWays, ok := Ends(target)
		assert.Equal(t, want, [2]string{from, to}, target)
		assert.Equal(t, want != [2]string{}, ok, target)
		assert.Equal(t, target == "shop <-> db", bothWays, target)
	}
}
