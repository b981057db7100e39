package report

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/quantity"
)

// drawLatency draws p50 and p95, and the gate's limits on them.
func (p *timeline) drawLatency(r *Run, buckets []bucket, x scale, step time.Duration) {
	low, high := math.Inf(1), 0.0
	for i := range buckets {
		if buckets[i].latency.Count > 0 {
			low, high = min(low, buckets[i].P50()), max(high, buckets[i].P95())
		}
	}
	var limits []envd.ConditionResult
	for _, c := range r.Verdict.Conditions {
		if c.Condition.Kind == envd.Threshold && c.Condition.Metric == envd.MetricQuantile && c.Window != nil && c.Condition.Value > 0 {
			limits, high = append(limits, c), max(high, c.Condition.Value)
		}
	}
	if high <= 0 {
		return
	}
	y := p.latencyScale(low, high)
	p.P50 = line(buckets, x, step, func(b *bucket) float64 { return y(b.P50()) })
	p.P95 = line(buckets, x, step, func(b *bucket) float64 { return y(b.P95()) })
	for _, c := range limits {
		p.Limits = append(p.Limits, limitLine{
			X1: x.at(c.Window.Start), X2: x.at(c.Window.End), Y: y(c.Condition.Value), Label: c.Condition.Source, Outcome: c.Outcome,
		})
	}
}

// latencyScale chooses a linear axis from 0, or a logarithmic one where a linear axis would flatten the fast requests.
func (p *timeline) latencyScale(low, high float64) func(float64) float64 {
	if low = max(low, 0.01); high/low < logFrom {
		ticks, top := niceTicks(high, 4)
		p.LatencyScale = "linear"
		y := func(v float64) float64 { return round(p.LatBottom - v/top*latHeight) }
		for _, v := range ticks {
			p.LatTicks = append(p.LatTicks, tick{y(v), quantity.MillisFormat(v, 3)})
		}
		return y
	}
	from, to := math.Floor(math.Log10(low)), math.Ceil(math.Log10(high))
	p.LatencyScale = "logarithmic"
	y := func(v float64) float64 {
		f := (math.Log10(max(v, math.Pow(10, from))) - from) / (to - from)
		return round(p.LatBottom - min(f, 1)*latHeight)
	}
	for e := from; e <= to; e++ {
		v := math.Pow(10, e)
		p.LatTicks = append(p.LatTicks, tick{y(v), quantity.MillisFormat(v, 3)})
	}
	return y
}

// line connects the centres of adjacent buckets; buckets without requests interrupt it.
func line(buckets []bucket, x scale, step time.Duration, y func(*bucket) float64) string {
	var sb strings.Builder
	joined := false
	for i := range buckets {
		b := &buckets[i]
		if b.latency.Count == 0 {
			joined = false
			continue
		}
		command := "M"
		if joined && buckets[i-1].Start.Add(step).Equal(b.Start) {
			command = "L"
		}
		fmt.Fprintf(&sb, "%s%g %g", command, x.at(b.Start.Add(step/2)), y(b))
		if command == "M" {
			sb.WriteString("h0.01") // a lone bucket still shows
		}
		joined = true
	}
	return sb.String()
}
