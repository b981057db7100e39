package requestmatch

import (
	"math"
	"slices"

	"github.com/envd-dev/envd/stubs/internal/mapping"
)

// Near is a pattern, by its index in the searched list, and its distance.
type Near struct {
	Index    int
	Distance float64
}

// Nearest finds the patterns that the request comes nearest to, at most limit of them, nearest first; of equals the first.
// pattern(i) is the i-th of n. A comparison ends as soon as it is clear that the pattern cannot be among the nearest.
func Nearest(v *View, n, limit int, pattern func(i int) *mapping.RequestPattern) []Near {
	s := seeker{view: v, url: newColumn(v.Request.URL), path: newColumn(v.Path())}
	best := make([]Near, 0, limit+1)
	for i := range n {
		within := 2.0
		if len(best) == limit {
			within = Ordered(best[limit-1].Distance)
		}
		d := s.distance(pattern(i), within)
		if Ordered(d) >= within {
			continue
		}
		at, _ := slices.BinarySearchFunc(best, Ordered(d), func(have Near, d float64) int {
			if Ordered(have.Distance) <= d {
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

// Ordered is a distance for sorting: WireMock's may be NaN (nothing compared with nothing), which Java sorts last.
func Ordered(d float64) float64 {
	if math.IsNaN(d) {
		return 1.5
	}
	return d
}

// seeker compares one request with many patterns.
type seeker struct {
	view      *View
	url, path column
}

// distance is [Distance], or within or more when it is not below that.
func (s *seeker) distance(p *mapping.RequestPattern, within float64) float64 {
	u := &p.URL
	if u.Kind != mapping.URLEqual && u.Kind != mapping.PathEqual {
		return Distance(p, s.view)
	}
	others := headDistance(p, s.view)
	left := (within*headWeight - others) / urlWeight // what the URL may differ
	if left < 0 {
		return within
	}
	target := &s.url
	if u.Kind == mapping.PathEqual {
		target = &s.path
	}
	url := target.distance(u.Expected, left)
	if url >= left {
		return within
	}
	return distance(p, s.view, others+urlWeight*url)
}
