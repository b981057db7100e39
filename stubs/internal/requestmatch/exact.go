package requestmatch

import (
	"net/http"

	"github.com/envd-dev/envd/stubs/internal/event"
	"github.com/envd-dev/envd/stubs/internal/mapping"
	"github.com/envd-dev/envd/stubs/internal/match"
)

// Exact reports whether the request fits the pattern in every part. Cheap parts are looked at first.
func Exact(p *mapping.RequestPattern, v *View) bool {
	return Head(p, v) &&
		p.CustomMatcher == nil &&
		Auth(p.BasicAuth, v.Request) &&
		exactHeaders(p.Headers, v.Request) &&
		exactPath(p, v) &&
		(len(p.QueryParameters) == 0 || exactParams(p.QueryParameters, v.Query())) &&
		(len(p.Cookies) == 0 || exactCookies(p.Cookies, v.Cookies())) &&
		(len(p.FormParameters) == 0 || exactParams(p.FormParameters, v.Form())) &&
		exactBody(p.BodyPatterns, v) &&
		exactMultipart(p.Multipart, v)
}

// Head reports whether the parts of the request's head fit: method, URL, scheme, host, port and client.
func Head(p *mapping.RequestPattern, v *View) bool {
	r := v.Request
	return Method(p.Method, r.Method) &&
		URL(&p.URL, v) &&
		(p.Scheme == "" || p.Scheme == r.Scheme) &&
		(p.Port == nil || *p.Port == r.Port) &&
		(p.Host == nil || p.Host.Exact(match.Text(r.Host))) &&
		(p.ClientIP == nil || p.ClientIP.Exact(match.Text(r.ClientIP)))
}

// Method reports whether a pattern's method stands for the request's.
func Method(want, got string) bool {
	switch want {
	case got, mapping.AnyMethod:
		return true
	case mapping.GetOrHead:
		return got == http.MethodGet || got == http.MethodHead
	}
	return false
}

// URL reports whether the request's URL fits.
func URL(u *mapping.URLPattern, v *View) bool {
	switch u.Kind {
	case mapping.URLEqual:
		return u.Expected == v.Request.URL
	case mapping.PathEqual:
		return u.Expected == v.Path()
	case mapping.URLRegex:
		return u.Regex.Exact(match.Text(v.Request.URL))
	case mapping.PathRegex:
		return u.Regex.Exact(match.Text(v.Path()))
	case mapping.PathTemplate:
		return u.Template.Match(v.Path())
	}
	return true
}

// Auth reports whether the request carries the credentials; nil credentials are always carried.
func Auth(c *mapping.BasicCredentials, r *event.Request) bool {
	return c == nil || authPattern{c}.exact(r)
}

func exactHeaders(ps []mapping.Named[match.MultiPattern], r *event.Request) bool {
	for i := range ps {
		if !ps[i].Pattern.ExactAll(r.Values(ps[i].Name)) {
			return false
		}
	}
	return true
}

func exactParams(ps []mapping.Named[match.MultiPattern], params event.Params) bool {
	for i := range ps {
		if !ps[i].Pattern.ExactAll(params.Get(ps[i].Name)) {
			return false
		}
	}
	return true
}

func exactPath(p *mapping.RequestPattern, v *View) bool {
	if len(p.PathParameters) == 0 || p.URL.Kind != mapping.PathTemplate {
		return true
	}
	params := pathParams(p, v)
	for i := range p.PathParameters {
		if !p.PathParameters[i].Pattern.Exact(pathValue(params, p.PathParameters[i].Name)) {
			return false
		}
	}
	return true
}

func exactCookies(ps []mapping.Named[match.Pattern], cookies event.Params) bool {
	for i := range ps {
		if !Cookie(ps[i].Pattern, cookies.Get(ps[i].Name)) {
			return false
		}
	}
	return true
}

// exactBody holds for every pattern when the request is one whose body is not known (nil, as opposed to empty).
func exactBody(ps []match.Pattern, v *View) bool {
	if v.Request.Body == nil {
		return true
	}
	for _, p := range ps {
		if !p.Exact(v.Body()) {
			return false
		}
	}
	return true
}

func exactMultipart(ps []mapping.MultipartPattern, v *View) bool {
	for i := range ps {
		if !Multipart(&ps[i], v) {
			return false
		}
	}
	return true
}
