package mapping

import (
	"math"
	"time"
)

// DelayDistribution draws response delays. Times are in milliseconds, as in the mapping.
type DelayDistribution struct {
	Type         DelayType
	Milliseconds int      // fixed
	Lower, Upper int      // uniform, both inclusive
	Median       float64  // lognormal
	Sigma        float64  // lognormal
	MaxValue     *float64 // lognormal: draws above it are drawn again
}

// DelayType is the discriminator of a delay distribution.
type DelayType string

// The delay distributions of WireMock.
const (
	FixedDelay     DelayType = "fixed"
	UniformDelay   DelayType = "uniform"
	LogNormalDelay DelayType = "lognormal"
)

// Random is the source that delays are drawn from; *math/rand/v2.Rand is one.
type Random interface {
	NormFloat64() float64
	IntN(n int) int
}

const maxRedraws = 64

// Sample draws one delay.
func (d *DelayDistribution) Sample(rnd Random) time.Duration {
	switch d.Type {
	case UniformDelay:
		if d.Upper <= d.Lower {
			return time.Duration(d.Lower) * time.Millisecond
		}
		return time.Duration(d.Lower+rnd.IntN(d.Upper-d.Lower+1)) * time.Millisecond
	case LogNormalDelay:
		return d.sampleLogNormal(rnd)
	}
	return time.Duration(d.Milliseconds) * time.Millisecond
}

func (d *DelayDistribution) sampleLogNormal(rnd Random) time.Duration {
	ms := math.Exp(rnd.NormFloat64()*d.Sigma) * d.Median
	if d.MaxValue != nil {
		for range maxRedraws {
			if ms <= *d.MaxValue {
				break
			}
			ms = math.Exp(rnd.NormFloat64()*d.Sigma) * d.Median
		}
		ms = math.Min(ms, *d.MaxValue)
	}
	return time.Duration(ms * float64(time.Millisecond))
}
