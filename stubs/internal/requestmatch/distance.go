package requestmatch

import (
	"github.com/envd-dev/envd/stubs/internal/event"
	"github.com/envd-dev/envd/stubs/internal/mapping"
	"github.com/envd-dev/envd/stubs/internal/match"
)

// The weights of the parts in WireMock's RequestPattern. Parts that a pattern does not give count as equal.
const (
	schemeWeight   = 3
	hostWeight     = 10
	portWeight     = 10
	clientIPWeight = 3
	urlWeight      = 10
	methodWeight   = 3
	headWeight     = schemeWeight + hostWeight + portWeight + clientIPWeight + urlWeight + methodWeight
	otherParts     = 7 // path parameters, headers, query, form, cookies, body, multipart: each weighs 1
)

// Distance is how far the request is from fitting the pattern: 0 fits, 1 has nothing in common. Only when the parts of
// the request's head fit are the others looked at.
func Distance(p *mapping.RequestPattern, v *View) float64 {
	return distance(p, v, headDistance(p, v)+urlWeight*urlDistance(&p.URL, v))
}

func distance(p *mapping.RequestPattern, v *View, head float64) float64 {
	if head > 0 {
		return head / headWeight
	}
	d := restDistance(p, v) / (headWeight + otherParts)
	if p.CustomMatcher != nil && d == 0 {
		return 1. / 2 // it is asked once all else fits; none is known here, so it never matches
	}
	return d
}

// headDistance is the weighted distance of the request's head without its URL.
func headDistance(p *mapping.RequestPattern, v *View) float64 {
	r := v.Request
	return schemeWeight*miss(p.Scheme == "" || p.Scheme == r.Scheme) +
		hostWeight*patternDistance(p.Host, match.Text(r.Host)) +
		portWeight*miss(p.Port == nil || *p.Port == r.Port) +
		clientIPWeight*patternDistance(p.ClientIP, match.Text(r.ClientIP)) +
		methodWeight*miss(Method(p.Method, r.Method))
}

func restDistance(p *mapping.RequestPattern, v *View) float64 {
	sum := pathDistance(p, v) + headerDistance(p, v.Request) + bodyDistance(p.BodyPatterns, v) + multipartDistance(p.Multipart, v)
	if len(p.QueryParameters) > 0 {
		sum += paramDistance(p.QueryParameters, v.Query())
	}
	if len(p.FormParameters) > 0 {
		sum += paramDistance(p.FormParameters, v.Form())
	}
	if len(p.Cookies) > 0 {
		sum += cookieDistance(p.Cookies, v.Cookies())
	}
	return sum
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
	if u.Kind == mapping.PathTemplate && !URL(u, v) {
		return u.Template.Distance(v.Path())
	}
	return miss(URL(u, v))
}

func pathDistance(p *mapping.RequestPattern, v *View) float64 {
	if len(p.PathParameters) == 0 || p.URL.Kind != mapping.PathTemplate {
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
		sum += authPattern{p.BasicAuth}.distance(r)
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
	if len(ps) == 0 || v.Request.Body == nil {
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
		sum += miss(Multipart(&ps[i], v))
	}
	return sum / float64(len(ps))
}
