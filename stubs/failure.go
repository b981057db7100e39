package stubs

import (
	"iter"
	"slices"

	"github.com/envd-dev/envd/stubs/internal/catalog"
	"github.com/envd-dev/envd/stubs/internal/event"
	"github.com/envd-dev/envd/stubs/internal/mapping"
	"github.com/envd-dev/envd/stubs/internal/match"
	"github.com/envd-dev/envd/stubs/internal/requestmatch"
)

// requestFailure is the first exception where WireMock compares a request with a pattern: host and client always, the
// rest once the request's head fits.
func requestFailure(p *mapping.RequestPattern, v *requestmatch.View, t match.Trial) error {
	if p.Host != nil {
		if err := t.Failure(p.Host, match.Text(v.Request.Host)); err != nil {
			return err
		}
	}
	if p.ClientIP != nil {
		if err := t.Failure(p.ClientIP, match.Text(v.Request.ClientIP)); err != nil {
			return err
		}
	}
	if !requestmatch.Head(p, v) {
		return nil
	}
	return patternFailure(p, v, t)
}

// patternFailure is the first exception in the parts that WireMock compares once the head of the request fits; nil for
// nearly every request. It reads all of them before it asks the first.
func patternFailure(p *mapping.RequestPattern, v *requestmatch.View, t match.Trial) error {
	if t == match.Fitting {
		if err := patternFailure(p, v, match.Reading); err != nil {
			return err
		}
	}
	for failure, fits := range attempts(p, v) {
		if err := failure(t); err != nil {
			return err
		}
		if t == match.Fitting && !fits() {
			return nil // WireMock looks no further
		}
	}
	return nil
}

// attempts are the comparisons with parts of a request in WireMock's order: what each throws, and whether the part fits.
func attempts(p *mapping.RequestPattern, v *requestmatch.View) iter.Seq2[func(match.Trial) error, func() bool] {
	return func(yield func(func(match.Trial) error, func() bool) bool) {
		_ = yieldPath(p, v, yield) &&
			yieldValues(p.Headers, v.Request.Values, yield) &&
			yieldAuth(p.BasicAuth, v.Request, yield) &&
			yieldValues(p.QueryParameters, func(name string) []string { return v.Query().Get(name) }, yield) &&
			yieldValues(p.FormParameters, func(name string) []string { return v.Form().Get(name) }, yield) &&
			yieldCookies(p.Cookies, v, yield) &&
			(v.Request.Body == nil || yieldBody(p.BodyPatterns, v.Body(), yield)) &&
			yieldParts(p.Multipart, v, yield)
	}
}

type yieldAttempt = func(failure func(match.Trial) error, fits func() bool) bool

func yieldPath(p *mapping.RequestPattern, v *requestmatch.View, yield yieldAttempt) bool {
	if len(p.PathParameters) == 0 || p.URL.Kind != mapping.PathTemplate {
		return true
	}
	values := p.URL.Template.Variables(v.Path())
	for _, param := range p.PathParameters {
		value := match.Absent()
		if text, given := values[param.Name]; given {
			value = match.Text(text)
		}
		if !yieldOne(param.Pattern, value, yield) {
			return false
		}
	}
	return true
}

func yieldOne(p match.Pattern, v match.Value, yield yieldAttempt) bool {
	return yield(func(t match.Trial) error { return t.Failure(p, v) }, func() bool { return p.Exact(v) })
}

func yieldValues(ps []mapping.Named[match.MultiPattern], valuesOf func(name string) []string, yield yieldAttempt) bool {
	for _, p := range ps {
		values := valuesOf(p.Name)
		failure := func(t match.Trial) error { return t.FailureOfAll(p.Pattern, values) }
		if !yield(failure, func() bool { return p.Pattern.ExactAll(values) }) {
			return false
		}
	}
	return true
}

func yieldAuth(c *mapping.BasicCredentials, r *event.Request, yield yieldAttempt) bool {
	failure := func(match.Trial) error { return requestmatch.AuthFailure(c, r) }
	return yield(failure, func() bool { return requestmatch.Auth(c, r) })
}

// yieldCookies tries cookies that there are: of an absent one WireMock does not ask the pattern.
func yieldCookies(ps []mapping.Named[match.Pattern], v *requestmatch.View, yield yieldAttempt) bool {
	for _, p := range ps {
		values := v.Cookies().Get(p.Name)
		failure := func(t match.Trial) error {
			for _, value := range values {
				if err := t.Failure(p.Pattern, match.Text(value)); err != nil {
					return err
				}
			}
			return nil
		}
		if !yield(failure, func() bool { return requestmatch.Cookie(p.Pattern, values) }) {
			return false
		}
	}
	return true
}

func yieldBody(ps []match.Pattern, body match.Value, yield yieldAttempt) bool {
	for _, p := range ps {
		if !yieldOne(p, body, yield) {
			return false
		}
	}
	return true
}

func yieldParts(ps []mapping.MultipartPattern, v *requestmatch.View, yield yieldAttempt) bool {
	for i := range ps {
		failure := func(match.Trial) error { return requestmatch.MultipartFailure(&ps[i], v) }
		if !yield(failure, func() bool { return requestmatch.Multipart(&ps[i], v) }) {
			return false
		}
	}
	return true
}

// asking is what WireMock throws where it looks for a pattern among events.
func asking(p *mapping.RequestPattern, events []*event.ServeEvent, t match.Trial) error {
	if requestmatch.Risk(p) == match.NoRisk {
		return nil
	}
	for _, e := range events {
		v := requestmatch.NewView(e.Request)
		if err := requestFailure(p, &v, t); err != nil {
			return err
		}
	}
	return nil
}

// mayFail reports whether there is a stub of which WireMock's own code throws for some requests.
func (s *Server) mayFail() bool {
	return slices.ContainsFunc(s.catalog.All(), func(stub *catalog.Stub) bool { return stub.Risk != match.NoRisk })
}

// measuring is what WireMock throws where it measures how far a request is from the stubs.
func (s *Server) measuring(r *event.Request) error {
	var v *requestmatch.View // made for few requests
	for _, stub := range s.catalog.All() {
		if stub.Risk == match.NoRisk {
			continue
		}
		if v == nil {
			view := requestmatch.NewView(r)
			v = &view
		}
		if err := requestFailure(stub.Request, v, match.Measuring); err != nil {
			return err
		}
	}
	return nil
}
