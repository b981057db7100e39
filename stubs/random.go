package stubs

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
)

// random is a source that concurrent requests may draw from. Without a seed it uses the runtime's, which needs no lock.
type random struct {
	mu     sync.Mutex
	seeded *rand.Rand

	words atomic.Uint64 // state of the seeded source that IDs are drawn from
}

func newRandom(seed uint64) *random {
	if seed == 0 {
		return &random{}
	}
	r := &random{seeded: rand.New(rand.NewPCG(seed, seed))}
	r.words.Store(seed)
	return r
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

// pair draws 128 bits, without a lock since every request does: with a seed as SplitMix64 (Steele, Lea and Flood, 2014).
func (r *random) pair() (uint64, uint64) {
	if r.seeded == nil {
		return rand.Uint64(), rand.Uint64()
	}
	const gamma = 0x9e3779b97f4a7c15
	const both = 2 * gamma % (1 << 64)
	second := r.words.Add(both)
	return scrambled(second - gamma), scrambled(second)
}

func scrambled(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
