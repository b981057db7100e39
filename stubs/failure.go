package stubs

import (
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
// nearly every request.
func patternFailure(p *mapping.RequestPattern, v *requestmatch.View, t match.Trial) error {
	if err := requestmatch.AuthFailure(p.BasicAuth, v.Request); err != nil {
		return err
	}
	for _, h := range p.Headers {
		if err := t.FailureOfAll(h.Pattern, v.Request.Values(h.Name)); err != nil {
			return err
		}
	}
	if err := parametersFailure(p.QueryParameters, v.Query, t); err != nil {
		return err
	}
	if err := parametersFailure(p.FormParameters, v.Form, t); err != nil {
		return err
	}
	if err := cookiesFailure(p.Cookies, v, t); err != nil {
		return err
	}
	if err := pathFailure(p, v, t); err != nil {
		return err
	}
	if v.Request.Body != nil {
		if err := bodyFailure(p.BodyPatterns, v.Body(), t); err != nil {
			return err
		}
	}
	return multipartFailure(p.Multipart, v, t)
}

func bodyFailure(ps []match.Pattern, body match.Value, t match.Trial) error {
	for _, b := range ps {
		if err := t.Failure(b, body); err != nil {
			return err
		}
		if !t.Whole && !b.Exact(body) {
			return nil // WireMock looks no further
		}
	}
	return nil
}

func multipartFailure(ps []mapping.MultipartPattern, v *requestmatch.View, t match.Trial) error {
	for i := range ps {
		for _, part := range v.Parts() {
			for _, h := range ps[i].Headers {
				if err := t.FailureOfAll(h.Pattern, part.Header.Values(h.Name)); err != nil {
					return err
				}
			}
			if err := bodyFailure(ps[i].BodyPatterns, match.Body(part.Body), t); err != nil {
				return err
			}
		}
	}
	return nil
}

func parametersFailure(ps []mapping.Named[match.MultiPattern], params func() event.Params, t match.Trial) error {
	for _, p := range ps {
		if err := t.FailureOfAll(p.Pattern, params().Get(p.Name)); err != nil {
			return err
		}
	}
	return nil
}

// cookiesFailure looks at the cookies that there are: of an absent one WireMock does not ask the pattern.
func cookiesFailure(ps []mapping.Named[match.Pattern], v *requestmatch.View, t match.Trial) error {
	for _, p := range ps {
		for _, value := range v.Cookies().Get(p.Name) {
			if err := t.Failure(p.Pattern, match.Text(value)); err != nil {
				return err
			}
		}
	}
	return nil
}

func pathFailure(p *mapping.RequestPattern, v *requestmatch.View, t match.Trial) error {
	if len(p.PathParameters) == 0 || p.URL.Kind != mapping.PathTemplate {
		return nil
	}
	values := p.URL.Template.Variables(v.Path())
	for _, param := range p.PathParameters {
		value := match.Absent()
		if text, given := values[param.Name]; given {
			value = match.Text(text)
		}
		if err := t.Failure(param.Pattern, value); err != nil {
			return err
		}
	}
	return nil
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

// measuring is what WireMock throws where it measures how far a request is from the stubs.
func (s *Server) measuring(r *event.Request) error {
	v := requestmatch.NewView(r)
	for _, stub := range s.catalog.All() {
		if stub.Risk == match.NoRisk {
			continue
		}
		if err := requestFailure(stub.Request, &v, match.Trial{Whole: true}); err != nil {
			return err
		}
	}
	return nil
}
