package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/envd-dev/envd/envd"
	"github.com/envd-dev/envd/envd/internal/quantity"
)

// The picture's geometry, in units of the SVG's view box.
const (
	picWidth     = 1000
	picLeft      = 62 // room for the labels of the vertical axes
	picRight     = 976
	stageTop     = 4
	stageHeight  = 20
	faultHeight  = 20
	rateHeight   = 120
	panelGap     = 30
	latHeight    = 160
	axisHeight   = 26
	mostBuckets  = 457 // each two units wide
	mostTableRow = 60
	logFrom      = 20 // ratio of slowest to fastest from which the latency axis is logarithmic
)

// timeline is the drawing of the run's load over time: everything in it is text, or in units of the view box.
type timeline struct {
	Width, Height                int
	Left, Right                  float64
	RateTop, RateBottom          float64
	LatTop, LatBottom            float64
	BandTop                      float64
	Stages, Faults               []band
	XTicks, RateTicks, LatTicks  []tick
	Requests, Errors             string // area paths
	P50, P95                     string // line paths
	Limits                       []limitLine
	Hovers                       []hover
	Rows                         []bucket // the same as a table, coarser
	LatencyScale, Step, Describe string
}

type band struct {
	X, W, Y, Mid float64
	Label, Title string
	Index        int // which of the fault colours
}

type tick struct {
	At    float64
	Label string
}

type limitLine struct {
	X1, X2, Y float64
	Label     string
	Outcome   envd.Outcome
}

type hover struct {
	X, W  float64
	Title string
}

// bucket is one column of the picture: a second, or several in a long run.
type bucket struct {
	Start    time.Time
	Seconds  float64
	Requests int64
	Failed   int64
	latency  envd.Histogram
}

// Shade is the height of a fault window: from under its label to the time axis.
func (p *timeline) Shade() float64 { return p.LatBottom - p.BandTop }

func (b *bucket) Clock() string      { return clock(b.Start) }
func (b *bucket) Rate() float64      { return float64(b.Requests) / b.Seconds }
func (b *bucket) ErrorRate() float64 { return float64(b.Failed) / b.Seconds }
func (b *bucket) P50() float64       { return b.latency.Quantile(0.50) }
func (b *bucket) P95() float64       { return b.latency.Quantile(0.95) }

// RateText and the methods below format values for the table and the tooltips.
func (b *bucket) RateText() string { return quantity.RateFormat(b.Rate(), 3) }
func (b *bucket) ErrorText() string {
	return quantity.PercentFormat(float64(b.Failed)/max(1, float64(b.Requests)), 3)
}
func (b *bucket) P50Text() string { return ms(b.P50()) }
func (b *bucket) P95Text() string { return ms(b.P95()) }

// newTimeline draws the samples of a run; nil where there are none.
func newTimeline(r *Run) *timeline {
	seconds := secondsOf(r.Observations)
	if len(seconds) == 0 {
		return nil
	}
	first, end := seconds[0].Start, seconds[len(seconds)-1].Start.Add(time.Second)
	step := time.Second * time.Duration(math.Ceil(end.Sub(first).Seconds()/mostBuckets))
	buckets := group(seconds, first, step)
	lanes, bandCount := faultLanes(r.Verdict.Faults)

	p := &timeline{Width: picWidth, Left: picLeft, Right: picRight, Step: quantity.Span(step)}
	p.BandTop = stageTop + stageHeight + float64(bandCount)*faultHeight
	p.RateTop = p.BandTop + 12
	p.RateBottom = p.RateTop + rateHeight
	p.LatTop = p.RateBottom + panelGap
	p.LatBottom = p.LatTop + latHeight
	p.Height = int(p.LatBottom) + axisHeight

	x := scale{first.UnixMilli(), end.UnixMilli()}
	p.drawBands(r, x, lanes)
	p.drawTimeAxis(x, end.Sub(first))
	p.drawRate(buckets, x, step)
	p.drawLatency(r, buckets, x, step)
	for _, b := range buckets {
		p.Hovers = append(p.Hovers, hover{X: x.at(b.Start), W: x.width(step), Title: fmt.Sprintf("%s  %s, %s errors, p50 %s, p95 %s",
			b.Clock(), b.RateText(), b.ErrorText(), b.P50Text(), b.P95Text())})
	}
	p.Rows = group(seconds, first, time.Second*time.Duration(math.Ceil(end.Sub(first).Seconds()/mostTableRow)))
	p.Describe = fmt.Sprintf("Requests per second, failed requests per second and latency from %s to %s, in steps of %s, with %s shaded. The table below holds the figures.",
		clock(first), clock(end), p.Step, quantity.Plural(int64(len(r.Verdict.Faults)), "fault window"))
	return p
}

// secondsOf returns the samples in order. Several samples of one second stay separate; group adds them up.
func secondsOf(observations []envd.Observation) []envd.Sample {
	var out []envd.Sample
	for _, o := range observations {
		if o.Sample != nil {
			out = append(out, *o.Sample)
		}
	}
	slices.SortStableFunc(out, func(a, b envd.Sample) int { return a.Start.Compare(b.Start) })
	return out
}

func group(seconds []envd.Sample, first time.Time, step time.Duration) []bucket {
	var out []bucket
	for _, s := range seconds {
		start := first.Add(s.Start.Sub(first) / step * step)
		if n := len(out); n == 0 || !out[n-1].Start.Equal(start) {
			out = append(out, bucket{Start: start, Seconds: step.Seconds()})
		}
		b := &out[len(out)-1]
		b.Requests += s.Requests
		b.Failed += s.Failed
		b.latency.Merge(s.Latency)
	}
	return out
}

func round(v float64) float64 { return math.Round(v*100) / 100 }

// faultLanes assigns faults that overlap in time to different rows.
func faultLanes(faults []envd.FaultResult) (lane map[string]int, lanes int) {
	lane = map[string]int{}
	var ends []time.Time
	byStart := slices.Clone(faults)
	byStart = slices.DeleteFunc(byStart, func(f envd.FaultResult) bool { return f.Window == nil })
	slices.SortStableFunc(byStart, func(a, b envd.FaultResult) int { return a.Window.Start.Compare(b.Window.Start) })
	for _, f := range byStart {
		i := slices.IndexFunc(ends, func(end time.Time) bool { return !end.After(f.Window.Start) })
		if i < 0 {
			i, ends = len(ends), append(ends, time.Time{})
		}
		ends[i], lane[f.Name] = f.Window.End, i
	}
	return lane, len(ends)
}

func (p *timeline) drawBands(r *Run, x scale, lanes map[string]int) {
	spans, order := map[string]*envd.Window{}, []string{}
	for _, o := range r.Observations {
		if s := o.Sample; s != nil {
			w := spans[o.Stage]
			if w == nil {
				w = &envd.Window{Start: s.Start, End: s.Start}
				spans[o.Stage], order = w, append(order, o.Stage)
			}
			if s.Start.Before(w.Start) {
				w.Start = s.Start
			}
			if end := s.Start.Add(time.Second); end.After(w.End) {
				w.End = end
			}
		}
	}
	slices.SortFunc(order, func(a, b string) int {
		return cmp.Or(spans[a].Start.Compare(spans[b].Start), cmp.Compare(a, b))
	})
	for _, name := range order {
		b := newBand(x, *spans[name])
		b.Label, b.Y = fit(name, b.W), stageTop
		b.Title = fmt.Sprintf("stage %s, %s–%s", name, clock(spans[name].Start), clock(spans[name].End))
		p.Stages = append(p.Stages, b)
	}
	for i, f := range r.Verdict.Faults {
		if f.Window == nil {
			continue
		}
		b := newBand(x, *f.Window)
		b.Label, b.Index = fit(f.Name, b.W), i%4
		b.Y = stageTop + stageHeight + float64(lanes[f.Name])*faultHeight
		b.Title = join(", ", f.Name+": "+f.Kind+" on "+f.Target, clock(f.Window.Start)+"–"+clock(f.Window.End), f.Effect)
		p.Faults = append(p.Faults, b)
	}
}

func newBand(x scale, w envd.Window) band {
	from, to := x.at(w.Start), x.at(w.End)
	return band{X: from, W: round(max(to-from, 1.5)), Mid: round((from + to) / 2)}
}

// fit shortens a label to the width of its band.
func fit(label string, width float64) string {
	room := int(width / 6.6)
	if r := []rune(label); len(r) > room {
		if room < 4 {
			return ""
		}
		return string(r[:room-1]) + "…"
	}
	return label
}

func (p *timeline) drawRate(buckets []bucket, x scale, step time.Duration) {
	var top float64
	for i := range buckets {
		top = max(top, buckets[i].Rate())
	}
	ticks, top := niceTicks(top, 4)
	y := func(v float64) float64 { return round(p.RateBottom - v/top*rateHeight) }
	for _, v := range ticks {
		p.RateTicks = append(p.RateTicks, tick{y(v), quantity.CountFormat(v, 3)})
	}
	p.Requests = area(buckets, x, step, p.RateBottom, func(b *bucket) float64 { return y(b.Rate()) })
	p.Errors = area(buckets, x, step, p.RateBottom, func(b *bucket) float64 { return y(b.ErrorRate()) })
}

// area draws an area of steps above the base line; a gap in time is a gap in the area.
func area(buckets []bucket, x scale, step time.Duration, base float64, y func(*bucket) float64) string {
	var sb strings.Builder
	for i := range buckets {
		b := &buckets[i]
		from, to := x.at(b.Start), x.at(b.Start.Add(step))
		if i == 0 || !buckets[i-1].Start.Add(step).Equal(b.Start) {
			fmt.Fprintf(&sb, "M%g %gV%g", from, base, y(b))
		} else {
			fmt.Fprintf(&sb, "V%g", y(b))
		}
		fmt.Fprintf(&sb, "H%g", to)
		if i == len(buckets)-1 || !b.Start.Add(step).Equal(buckets[i+1].Start) {
			fmt.Fprintf(&sb, "V%gZ", base)
		}
	}
	return sb.String()
}
