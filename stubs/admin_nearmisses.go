package stubs

import (
	"cmp"
	"net/http"
	"slices"

	"github.com/envd-dev/envd/stubs/internal/adminview"
	"github.com/envd-dev/envd/stubs/internal/catalog"
	"github.com/envd-dev/envd/stubs/internal/event"
	"github.com/envd-dev/envd/stubs/internal/jsondoc"
	"github.com/envd-dev/envd/stubs/internal/mapping"
	"github.com/envd-dev/envd/stubs/internal/match"
	"github.com/envd-dev/envd/stubs/internal/requestmatch"
)

// nearMisses is how many near misses WireMock tells.
const nearMisses = 3

// nearest finds the stubs that a request comes nearest to.
func (s *Server) nearest(v *requestmatch.View, limit int) ([]*catalog.Stub, []requestmatch.Near) {
	all := s.catalog.All()
	near := requestmatch.Nearest(v, len(all), limit, func(i int) *mapping.RequestPattern { return all[i].Request })
	stubs := make([]*catalog.Stub, len(near))
	for i, n := range near {
		stubs[i] = all[n.Index]
	}
	return stubs, near
}

func (s *Server) nearMissValues(r *event.Request) []any {
	v := requestmatch.NewView(r)
	stubs, near := s.nearest(&v, nearMisses)
	out := make([]any, len(near))
	for i := range near {
		out[i] = jsondoc.Make("request", adminview.Request(r), "stubMapping", stubs[i].Value(),
			"matchResult", adminview.MatchResult(near[i].Distance, requestmatch.Findings(stubs[i].Request, &v)))
	}
	return out
}

// nullRequestPattern is what WireMock runs into where it is asked for null.
const nullRequestPattern = `Cannot invoke "com.github.tomakehurst.wiremock.matching.RequestPattern.match(…)" because "pattern" is null`

func (c *adminCall) showNearMisses(list []any) {
	c.json(http.StatusOK, jsondoc.Make("nearMisses", list))
}

func (c *adminCall) nearMissesOfUnmatched() {
	list := []any{}
	for _, e := range filter(c.journal.All(), unmatchedEvent) {
		if err := c.measuring(e.Request); err != nil {
			c.thrown(err)
			return
		}
		list = append(list, c.nearMissValues(e.Request)...)
	}
	c.showNearMisses(list)
}

func (c *adminCall) nearMissesOfRequest() {
	if c.isNull() {
		if len(c.catalog.All()) > 0 {
			c.fail(`Cannot invoke "com.github.tomakehurst.wiremock.verification.LoggedRequest.getUrl()" because "request" is null`)
			return
		}
		c.showNearMisses([]any{})
		return
	}
	r, err := adminview.ParseRequest(c.body)
	if err != nil {
		c.invalid(err)
		return
	}
	if missing := c.missing(r); missing != "" {
		c.fail(missing)
		return
	}
	if err := c.measuring(r); err != nil {
		c.thrown(err)
		return
	}
	c.showNearMisses(c.nearMissValues(r))
}

// missing says what a request that is told of lacks although a stub, whose head it fits, asks for it.
func (c *adminCall) missing(r *event.Request) string {
	v := requestmatch.NewView(r)
	for _, stub := range c.catalog.All() {
		p := stub.Request
		switch {
		case !requestmatch.Head(p, &v):
		case r.Header == nil && (len(p.Headers) > 0 || p.BasicAuth != nil):
			return `Cannot invoke "HttpHeaders.getHeader(String)" because "this.headers" is null`
		case r.Described.Cookies == nil && len(p.Cookies) > 0:
			return `Cannot invoke "java.util.Map.get(Object)" because "cookies" is null`
		}
	}
	return ""
}

func (c *adminCall) nearMissesOfPattern() {
	if c.isNull() {
		if len(c.journal.All()) == 0 {
			c.showNearMisses([]any{})
			return
		}
		c.fail(nullRequestPattern)
		return
	}
	p, err := mapping.ParseRequest(c.body)
	if err != nil {
		c.invalid(err)
		return
	}
	if err := asking(p, c.journal.All(), match.Measuring); err != nil {
		c.thrown(err)
		return
	}
	type miss struct {
		request  *event.Request
		distance float64
	}
	var misses []miss
	for _, e := range c.journal.All() {
		v := requestmatch.NewView(e.Request)
		misses = append(misses, miss{e.Request, requestmatch.Distance(p, &v)})
	}
	slices.SortStableFunc(misses, func(a, b miss) int {
		return cmp.Compare(requestmatch.Ordered(a.distance), requestmatch.Ordered(b.distance))
	})
	c.showNearMisses(jsondoc.List(misses[:min(nearMisses, len(misses))], func(m miss) any {
		v := requestmatch.NewView(m.request)
		return jsondoc.Make("request", adminview.Request(m.request), "requestPattern", p.Value(),
			"matchResult", adminview.MatchResult(m.distance, requestmatch.Findings(p, &v)))
	}))
}
