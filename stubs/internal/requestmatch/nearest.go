package requestmatch

import (
	"slices"

	"github.com/envd-dev/envd/stubs/internal/mapping"
)

// Near is a pattern or request, by its index in the searched list, and its distance.
type Near struct {
	Index    int
	Distance float64
}

// Nearest finds the patterns that the request comes nearest to, at most limit of them, nearest first; of equals the first.
// pattern(i) is the i-th of n. Patterns that the length of the URL alone already rules out are not compared.
func Nearest(v *View, n, limit int, pattern func(i int) *mapping.RequestPattern) []Near {
	best := make([]Near, 0, limit+1)
	for i := range n {
		p := pattern(i)
		full := len(best) == limit
		if full && lowerBound(p, v) >= best[limit-1].Distance {
			continue
		}
		d := Distance(p, v)
		if full && d >= best[limit-1].Distance {
			continue
		}
		at, _ := slices.BinarySearchFunc(best, d, func(have Near, d float64) int {
			if have.Distance <= d {
				return -1
			}
			return 1
		})
		best = slices.Insert(best, at, Near{i, d})
		if len(best) > limit {
			best = best[:limit]
		}
	}
	return best
}

// lowerBound is a distance that the pattern cannot be below, found without comparing strings.
func lowerBound(p *mapping.RequestPattern, v *View) float64 {
	bound := methodWeight * miss(Method(p.Method, v.Request.Method))
	switch p.URL.Kind {
	case mapping.URLEqual:
		bound += urlWeight * minEditDistance(len(p.URL.Expected), len(v.Request.URL))
	case mapping.PathEqual:
		bound += urlWeight * minEditDistance(len(p.URL.Expected), len(v.Path()))
	}
	return bound / headWeight
}
