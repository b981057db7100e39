package difftest

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// incomparable stands for near misses whose distances cannot be the same.
const incomparable = "incomparable"

// Play plays a case after the server was reset.
func (s *Server) Play(ctx context.Context, c Case) (Outcome, error) {
	o, n := Outcome{}, newNormalizer()
	if err := s.prepare(ctx, c); err != nil {
		return o, err
	}
	for _, m := range c.Mappings {
		body, err := json.Marshal(m)
		if err != nil {
			return o, fmt.Errorf("marshal the mapping: %w", err)
		}
		resp, err := s.Do(ctx, Request{Method: "POST", Target: "/__admin/mappings", Body: string(body)})
		if err != nil {
			return o, err
		}
		o.Created = append(o.Created, n.admin(resp))
	}
	var err error
	if o.Stored, err = s.admin(ctx, n, Request{Method: "GET", Target: "/__admin/mappings"}); err != nil {
		return o, err
	}
	unmatched, wide := false, false
	for _, r := range c.Requests {
		// On one connection, Jetty takes a header for an earlier one that differs in case only.
		if err := s.Close(); err != nil {
			return o, err
		}
		resp, err := s.Do(ctx, r)
		if err != nil {
			return o, err
		}
		unmatched = unmatched || resp.Status == http.StatusNotFound
		wide = wide || wideDouble.MatchString(resp.Body)
		o.Answers = append(o.Answers, n.answer(resp))
	}
	for _, r := range c.Admin {
		a, err := s.admin(ctx, n, r)
		if err != nil {
			return o, err
		}
		o.Admin = append(o.Admin, a)
	}
	switch {
	case wide: // edit distances to the digits
		o.Near.Text = incomparable
	case unmatched:
		o.Near, err = s.admin(ctx, n, Request{Method: "GET", Target: "/__admin/requests/unmatched/near-misses"})
	}
	return o, err
}

// admin asks the admin API, and takes what it says apart from time and chance.
func (s *Server) admin(ctx context.Context, n *normalizer, r Request) (Answer, error) {
	resp, err := s.Do(ctx, r)
	return n.admin(resp), err
}

// prepare makes the server as it was at the start, and puts the case's files there.
func (s *Server) prepare(ctx context.Context, c Case) error {
	steps := []Request{
		{Method: "DELETE", Target: "/__admin/mappings"},
		{Method: "POST", Target: "/__admin/reset"},
	}
	if s.settled {
		steps = append(steps, Request{Method: "PUT", Target: "/__admin/settings", Body: `{"extended":{}}`})
	}
	for _, name := range s.files {
		steps = append(steps, Request{Method: "DELETE", Target: "/__admin/files/" + name})
	}
	s.files = slices.Sorted(maps.Keys(c.Files))
	for _, name := range s.files {
		steps = append(steps, Request{Method: "PUT", Target: "/__admin/files/" + name, Body: c.Files[name]})
	}
	s.settled = slices.ContainsFunc(c.Admin, func(r Request) bool { return strings.HasPrefix(r.Target, "/__admin/settings") })
	for _, r := range steps {
		resp, err := s.Do(ctx, r)
		if err != nil {
			return err
		}
		if resp.Status != http.StatusOK {
			return fmt.Errorf("%s %s: %s %s", r.Method, r.Target, resp.Line, resp.Body)
		}
	}
	return nil
}

// Compare plays a case to both servers.
func Compare(ctx context.Context, reference, subject *Server, c Case) (*Difference, error) {
	want, err := reference.Play(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("reference: %w", err)
	}
	got, err := subject.Play(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("subject: %w", err)
	}
	d := compare(c, want, got)
	if d == nil {
		return nil, nil
	}
	// WireMock's JSONPath library keeps a path's function arguments from one document to the next, so that some answers
	// depend on earlier cases. What counts is what the reference answers again.
	if want, err = reference.Play(ctx, c); err != nil {
		return nil, fmt.Errorf("reference: %w", err)
	}
	return compare(c, want, got), nil
}
