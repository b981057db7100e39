package stubs

import (
	"math/rand/v2"
	"sync"
)

// random is a source that concurrent requests may draw from. Without a seed it uses the runtime's, which needs no lock.
type random struct {
	mu     sync.Mutex
	seeded *rand.Rand
}

func newRandom(seed uint64) *random {
	if seed == 0 {
		return &random{}
	}
	return &random{seeded: rand.New(rand.NewPCG(seed, seed))}
}

// templateSource feeds the random helpers of templates; nil is the runtime's.
func (o *Options) templateSource() rand.Source {
	if o.Seed == 0 {
		return nil
	}
	return rand.NewPCG(o.Seed, 1)
}

// NormFloat64 draws from the standard normal distribution.
func (r *random) NormFloat64() float64 {
	if r.seeded == nil {
		return rand.NormFloat64()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.seeded.NormFloat64()
}

// Float64 draws from [0, 1).
func (r *random) Float64() float64 {
	if r.seeded == nil {
		return rand.Float64()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.seeded.Float64()
}

// IntN draws from [0, n).
func (r *random) IntN(n int) int {
	if r.seeded == nil {
		return rand.IntN(n)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.seeded.IntN(n)
}

// Uint64 draws 64 bits.
func (r *random) Uint64() uint64 {
	if r.seeded == nil {
		return rand.Uint64()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.seeded.Uint64()
}
