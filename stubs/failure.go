package stubs

import (
	"github.com/envd-dev/envd/stubs/internal/event"
	"github.com/envd-dev/envd/stubs/internal/mapping"
	"github.com/envd-dev/envd/stubs/internal/match"
	"github.com/envd-dev/envd/stubs/internal/requestmatch"
)

// patternFailure is the first exception in the parts that WireMock compares once the head of the request fits.
func patternFailure(p *mapping.RequestPattern, v *requestmatch.View) error {
	if err := requestmatch.AuthFailure(p.BasicAuth, v.Request); err != nil {
		return err
	}
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
	if err := bodyFailure(p.BodyPatterns, v.Body()); err != nil {
		return err
	}
	return multipartFailure(p.Multipart, v)
}

func bodyFailure(ps []match.Pattern, body match.Value) error {
	if !body.Present {
		return nil
	}
	for _, b := range ps {
		if err := match.Failure(b, body); err != nil {
			return err
		}
		if !b.Exact(body) {
			return nil // WireMock looks no further
		}
	}
	return nil
}

func multipartFailure(ps []mapping.MultipartPattern, v *requestmatch.View) error {
	for i := range ps {
		for _, part := range v.Parts() {
			for _, h := range ps[i].Headers {
				if err := match.FailureOfAll(h.Pattern, part.Header.Values(h.Name)); err != nil {
					return err
				}
			}
			if err := bodyFailure(ps[i].BodyPatterns, match.Body(part.Body)); err != nil {
				return err
			}
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
		value := match.Absent()
		if text, given := values[param.Name]; given {
			value = match.Text(text)
		}
		if err := match.Failure(param.Pattern, value); err != nil {
			return err
		}
	}
	return nil
}
