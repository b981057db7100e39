package requestmatch

import (
	"cmp"
	"slices"
	"strings"

	"github.com/envd-dev/envd/stubs/internal/mapping"
)

// Search finds the one pattern of a fixed list that a request comes nearest to, faster than [Nearest]: the texts that
// URLs are compared with are sorted, so that what two of them begin with in common is compared once.
type Search struct {
	patterns    []*mapping.RequestPattern
	urls, paths []searchText
	rest        []int // patterns that are compared one by one
}

// searchText is the URL or path that the pattern at index wants.
type searchText struct {
	text   string
	method string
	common int // characters that it begins with like the text before it
	index  int
	plain  bool // of its head the pattern only says method and URL
}

// longestText bounds the texts that are compared together; longer ones are among the rest.
const longestText = 128

// NewSearch prepares the search. The list must not change.
func NewSearch(patterns []*mapping.RequestPattern) *Search {
	s := &Search{patterns: patterns}
	for i, p := range patterns {
		t := searchText{text: p.URL.Expected, method: p.Method, index: i,
			plain: p.Scheme == "" && p.Host == nil && p.Port == nil && p.ClientIP == nil}
		switch {
		case p.URL.Kind == mapping.URLEqual && len(t.text) <= longestText && ascii(t.text):
			s.urls = append(s.urls, t)
		case p.URL.Kind == mapping.PathEqual && len(t.text) <= longestText && ascii(t.text):
			s.paths = append(s.paths, t)
		default:
			s.rest = append(s.rest, i)
		}
	}
	order(s.urls)
	order(s.paths)
	return s
}

// order sorts the texts, last letters first: of stubs that were numbered as they were made the newest, which win when
// the distance is the same, are then looked at before the others.
func order(texts []searchText) {
	slices.SortFunc(texts, func(a, b searchText) int {
		return cmp.Or(strings.Compare(b.text, a.text), cmp.Compare(a.index, b.index))
	})
	for i := 1; i < len(texts); i++ {
		a, b := texts[i-1].text, texts[i].text
		n := 0
		for n < len(a) && n < len(b) && a[n] == b[n] {
			n++
		}
		texts[i].common = n
	}
}

// Nearest returns the pattern that the request comes nearest to, of equals the first; false when there is none.
func (s *Search) Nearest(v *View) (Near, bool) {
	f := finder{search: s, view: v, best: Near{Index: -1, Distance: 2}, urlShare: 1}
	url, path := newColumn(v.Request.URL), newColumn(v.Path())
	f.compare(s.urls, &url)
	f.compare(s.paths, &path)
	for _, i := range s.rest {
		f.take(i, Distance(s.patterns[i], v))
	}
	return f.best, f.best.Index >= 0
}

// finder is one search under way.
type finder struct {
	search *Search
	view   *View
	best   Near
	// urlShare is how far a URL may be off, from 0 to 1, for its pattern to be as near as the best.
	urlShare float64
}

// take keeps the pattern at index when it is nearer than the best so far.
func (f *finder) take(index int, d float64) {
	a, b := Ordered(d), Ordered(f.best.Distance)
	if f.best.Index < 0 || a < b || a == b && index < f.best.Index {
		f.best, f.urlShare = Near{index, d}, min(a*headWeight/urlWeight, 1)
	}
}

// stage is the state of a comparison after some characters of a text.
type stage struct {
	pv, mv uint64
	score  int
}

// compare looks at all texts. Each begins where its common start with the one before ends.
func (f *finder) compare(texts []searchText, target *column) {
	if !target.usable() {
		for _, t := range texts {
			f.take(t.index, Distance(f.search.patterns[t.index], f.view))
		}
		return
	}
	var stages [longestText + 1]stage
	stages[0] = stage{^uint64(0), 0, len(target.s)}
	method := f.view.Request.Method
	known := 0 // stages that hold for the text before
	for i := range texts {
		t := &texts[i]
		longest := float64(max(len(target.s), len(t.text)))
		budget := int(f.urlShare * longest)
		known = target.advance(t.text, min(known, t.common), budget, &stages)
		if known < len(t.text) || stages[known].score > budget {
			continue
		}
		url := urlWeight * (float64(stages[known].score) / longest)
		least := methodWeight*miss(Method(t.method, method)) + url
		switch {
		case least/headWeight > f.best.Distance || least/headWeight == f.best.Distance && t.index > f.best.Index:
		case t.plain && least > 0: // that is all, then
			f.take(t.index, least/headWeight)
		default:
			p := f.search.patterns[t.index]
			f.take(t.index, distance(p, f.view, headDistance(p, f.view)+url))
		}
	}
}

// advance continues the comparison with text from its first from characters, until its end or until the distance is sure
// to exceed budget, and returns how many characters it has come.
func (c *column) advance(text string, from, budget int, stages *[longestText + 1]stage) int {
	s, top := stages[from], uint(len(c.s)-1)
	for i := from; i < len(text); i++ {
		if s.score-(len(text)-i) > budget { // each further character takes off one at most
			return i
		}
		eq := c.masks[text[i]&0x7f]
		xv := eq | s.mv
		xh := (((eq & s.pv) + s.pv) ^ s.pv) | eq
		ph, mh := s.mv|^(xh|s.pv), s.pv&xh
		s.score += int(ph>>top&1) - int(mh>>top&1)
		ph = ph<<1 | 1
		s.pv, s.mv = mh<<1|^(xv|ph), ph&xv
		stages[i+1] = s
	}
	return len(text)
}
