package stubs

import (
	"github.com/envd-dev/envd/stubs/internal/event"
	"github.com/envd-dev/envd/stubs/internal/mapping"
	"github.com/envd-dev/envd/stubs/internal/match"
	"github.com/envd-dev/envd/stubs/internal/requestmatch"
)

// failure is what WireMock throws while it tries the stubs on the request; nil for nearly every request.
func (s *Server) failure(v *requestmatch.View) error {
	candidates := s.catalog.Candidates(v.Request.URL, v.Path())
	for stub := candidates.Next(); stub != nil; stub = candidates.Next() {
		if !requestmatch.Head(stub.Request, v) {
			continue
		}
		if err := patternFailure(stub.Request, v); err != nil {
			return err
		}
	}
	return nil
}

// patternFailure is the first exception in the parts that WireMock compares once the head of the request fits.
func patternFailure(p *mapping.RequestPattern, v *requestmatch.View) error {
	for _, h := range p.Headers {
		if err := match.FailureOfAll(h.Pattern, v.Request.Values(h.Name)); err != nil {
			return err
		}
	}
	if err := parametersFailure(p.QueryParameters, v.Query); err != nil {
		return err
	}
	if err := parametersFailure(p.FormParameters, v.Form); err != nil {
		return err
	}
	if err := cookiesFailure(p.Cookies, v); err != nil {
		return err
	}
	if err := pathFailure(p, v); err != nil {
		return err
	}
	if !v.Body().Present {
		return nil
	}
	for _, b := range p.BodyPatterns {
		if err := match.Failure(b, v.Body()); err != nil {
			return err
		}
		if !b.Exact(v.Body()) {
			return nil // WireMock looks no further
		}
	}
	return nil
}

func parametersFailure(ps []mapping.Named[match.MultiPattern], params func() event.Params) error {
	for _, p := range ps {
		if err := match.FailureOfAll(p.Pattern, params().Get(p.Name)); err != nil {
			return err
		}
	}
	return nil
}

// cookiesFailure takes a missing cookie for an empty one, as WireMock's page of an unmatched request does.
func cookiesFailure(ps []mapping.Named[match.Pattern], v *requestmatch.View) error {
	for _, p := range ps {
		values := v.Cookies().Get(p.Name)
		if len(values) == 0 {
			values = []string{""}
		}
		if err := match.FailureOfAll(match.Single(p.Pattern), values); err != nil {
			return err
		}
	}
	return nil
}

func pathFailure(p *mapping.RequestPattern, v *requestmatch.View) error {
	if len(p.PathParameters) == 0 || p.URL.Kind != mapping.PathTemplate {
		return nil
	}
	values := p.URL.Template.Variables(v.Path())
	for _, param := range p.PathParameters {
		value, given := values[param.Name]
		if !given {
			continue
		}
		if err := match.Failure(param.Pattern, match.Text(value)); err != nil {
			return err
		}
	}
	return nil
}
