package report

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/envd"
)

// sampled is a service's samples, a second apart from each other.
func sampled(service string, of ...envd.Usage) (all []envd.Observation) {
	begin := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for i, u := range of {
		u.Service = service
		all = append(all, envd.Observation{Time: begin.Add(time.Duration(i) * time.Second), Usage: &u})
	}
	return all
}

func TestUsage(t *testing.T) {
	ms := func(n int) envd.Duration { return envd.Duration(time.Duration(n) * time.Millisecond) }
	const mib = 1 << 20
	for _, c := range []struct {
		name    string
		samples []envd.Usage
		bound   int64
		want    string
	}{
		{"steady", []envd.Usage{{CPU: ms(5000), RSSBytes: 10 * mib}, {CPU: ms(5500), RSSBytes: 30 * mib}, {CPU: ms(7000), RSSBytes: 20 * mib}}, 0,
			"100% of a CPU on average, 150% at most; memory up to 30 MiB"},
		{"bounded", []envd.Usage{{CPU: ms(0), RSSBytes: 60 * mib}, {CPU: ms(100), RSSBytes: 61 * mib}}, 64 * mib,
			"10% of a CPU on average, 10% at most; memory up to 61 MiB of 64 MiB"},
		{"started again", []envd.Usage{{CPU: ms(9000)}, {CPU: ms(200)}, {CPU: ms(600)}}, 0, "30% of a CPU on average, 40% at most; memory up to 0 B"},
		{"one sample", []envd.Usage{{CPU: ms(9000), RSSBytes: mib}}, 0, "memory up to 1.0 MiB"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := load(t, "pass")
			r.Spec.Environment.Services = []envd.Service{{Name: "api", Replicas: 2, Resources: envd.Resources{MemoryBytes: c.bound}}}
			r.Observations = append(r.Observations, sampled("api-2", c.samples...)...)
			var text, page, doc bytes.Buffer
			require.NoError(t, Text(&text, r, TextOptions{}))
			assert.Contains(t, text.String(), "api-2  "+c.want)
			require.NoError(t, HTML(&page, r))
			assert.Contains(t, page.String(), "<code>api-2</code>")
			require.NoError(t, JSON(&doc, r))
			var d Document
			require.NoError(t, json.Unmarshal(doc.Bytes(), &d))
			require.Len(t, d.Used, 1)
			assert.Equal(t, c.bound, d.Used[0].Bound)
			assert.Equal(t, len(c.samples), d.Used[0].Samples)
		})
	}
	var page bytes.Buffer
	require.NoError(t, HTML(&page, load(t, "pass")))
	assert.NotContains(t, page.String(), "Consumption", "nothing was sampled")
}

// Two samples that are next to each other tell of no rate.
func TestUsageOfAMoment(t *testing.T) {
	r := load(t, "pass")
	samples := sampled("api", envd.Usage{CPU: 0}, envd.Usage{CPU: envd.Duration(time.Second)})
	samples[1].Time = samples[0].Time.Add(time.Millisecond)
	r.Observations = append(r.Observations, samples...)
	assert.Zero(t, r.usage()[0].Peak)
}
