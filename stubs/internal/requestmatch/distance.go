package requestmatch

import (
	"strings"

	"github.com/envd-dev/envd/stubs/internal/event"
	"github.com/envd-dev/envd/stubs/internal/mapping"
	"github.com/envd-dev/envd/stubs/internal/match"
)

// The weights of the parts in WireMock's RequestPattern; every other part weighs 1. Parts that a pattern does not give
// count as equal.
const (
	schemeWeight   = 3
	hostWeight     = 10
	portWeight     = 10
	clientIPWeight = 3
	urlWeight      = 10
	methodWeight   = 3
	otherParts     = 7 // path parameters, headers, query, form, cookies, body, multipart
	totalWeight    = schemeWeight + hostWeight + portWeight + clientIPWeight + urlWeight + methodWeight + otherParts
)

// Distance is how far the request is from fitting the pattern: 0 fits, 1 has nothing in common.
func Distance(p *mapping.RequestPattern, v *View) float64 {
	return distance(p, v, urlDistance(&p.URL, v))
}

func distance(p *mapping.RequestPattern, v *View, url float64) float64 {
	r := v.Request
	sum := urlWeight*url +
		schemeWeight*miss(p.Scheme == "" || strings.EqualFold(p.Scheme, r.Scheme)) +
		hostWeight*patternDistance(p.Host, match.Text(r.Host)) +
		portWeight*miss(p.Port == nil || *p.Port == r.Port) +
		clientIPWeight*patternDistance(p.ClientIP, match.Text(r.ClientIP)) +
		methodWeight*miss(exactMethod(p.Method, r.Method))
	sum += pathDistance(p, v) + headerDistance(p, r) + bodyDistance(p.BodyPatterns, v) + multipartDistance(p.Multipart, v)
	if len(p.QueryParameters) > 0 {
		sum += paramDistance(p.QueryParameters, v.Query())
	}
	if len(p.FormParameters) > 0 {
		sum += paramDistance(p.FormParameters, v.Form())
	}
	if len(p.Cookies) > 0 {
		sum += cookieDistance(p.Cookies, v.Cookies())
	}
	if p.CustomMatcher != nil {
		return (sum + 1) / (totalWeight + 1)
	}
	return sum / totalWeight
}

func miss(ok bool) float64 {
	if ok {
		return 0
	}
	return 1
}

func patternDistance(p match.Pattern, v match.Value) float64 {
	if p == nil {
		return 0
	}
	return p.Match(v).Distance
}

func urlDistance(u *mapping.URLPattern, v *View) float64 {
	switch u.Kind {
	case mapping.URLEqual:
		return editDistance(u.Expected, v.Request.URL)
	case mapping.PathEqual:
		return editDistance(u.Expected, v.Path())
	}
	return miss(exactURL(u, v))
}

func pathDistance(p *mapping.RequestPattern, v *View) float64 {
	if len(p.PathParameters) == 0 {
		return 0
	}
	params, sum := pathParams(p, v), 0.0
	for i := range p.PathParameters {
		sum += p.PathParameters[i].Pattern.Match(pathValue(params, p.PathParameters[i].Name)).Distance
	}
	return sum / float64(len(p.PathParameters))
}

func headerDistance(p *mapping.RequestPattern, r *event.Request) float64 {
	n, sum := len(p.Headers), 0.0
	for i := range p.Headers {
		sum += p.Headers[i].Pattern.MatchAll(r.Values(p.Headers[i].Name)).Distance
	}
	if p.BasicAuth != nil {
		n++
		sum += miss(exactAuth(p.BasicAuth, r))
	}
	if n == 0 {
		return 0
	}
	return sum / float64(n)
}

func paramDistance(ps []mapping.Named[match.MultiPattern], params event.Params) float64 {
	sum := 0.0
	for i := range ps {
		sum += ps[i].Pattern.MatchAll(params.Get(ps[i].Name)).Distance
	}
	return sum / float64(len(ps))
}

func cookieDistance(ps []mapping.Named[match.Pattern], cookies event.Params) float64 {
	sum := 0.0
	for i := range ps {
		sum += cookieResult(ps[i].Pattern, cookies.Get(ps[i].Name)).Distance
	}
	return sum / float64(len(ps))
}

func bodyDistance(ps []match.Pattern, v *View) float64 {
	if len(ps) == 0 {
		return 0
	}
	sum := 0.0
	for _, p := range ps {
		sum += p.Match(v.Body()).Distance
	}
	return sum / float64(len(ps))
}

func multipartDistance(ps []mapping.MultipartPattern, v *View) float64 {
	if len(ps) == 0 {
		return 0
	}
	sum := 0.0
	for i := range ps {
		sum += miss(multipartMatches(&ps[i], v))
	}
	return sum / float64(len(ps))
}
