package report

import (
	"fmt"
	"math"
	"time"
)

// scale maps time, in Unix milliseconds, to the picture's width.
type scale struct{ from, to int64 }

func (s scale) at(t time.Time) float64 {
	f := float64(t.UnixMilli()-s.from) / float64(s.to-s.from)
	return round(picLeft + min(max(f, 0), 1)*(picRight-picLeft))
}

func (s scale) width(d time.Duration) float64 {
	return round(float64(d.Milliseconds()) / float64(s.to-s.from) * (picRight - picLeft))
}

func (p *timeline) drawTimeAxis(x scale, length time.Duration) {
	step := timeStep(length)
	first := time.UnixMilli(x.from)
	for d := time.Duration(0); d <= length; d += step {
		p.XTicks = append(p.XTicks, tick{x.at(first.Add(d)), offset(d)})
	}
}

func timeStep(length time.Duration) time.Duration {
	for _, s := range []time.Duration{1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 4 * 3600} {
		if length <= s*12*time.Second {
			return s * time.Second
		}
	}
	return 24 * time.Hour
}

func offset(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%d:%02d", d/time.Minute, d%time.Minute/time.Second)
	}
	return fmt.Sprintf("%d:%02d:%02d", d/time.Hour, d%time.Hour/time.Minute, d%time.Minute/time.Second)
}

// niceTicks returns about n round values from 0 up to a round top that covers v.
func niceTicks(v float64, n int) (ticks []float64, top float64) {
	if v <= 0 {
		return []float64{0, 1}, 1
	}
	step := math.Pow(10, math.Floor(math.Log10(v/float64(n))))
	for _, m := range []float64{1, 2, 5, 10} {
		if step*m*float64(n) >= v {
			step *= m
			break
		}
	}
	for at := 0.0; ; at += step {
		ticks = append(ticks, at)
		if at >= v-step*1e-9 {
			return ticks, at
		}
	}
}
