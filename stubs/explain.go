package stubs

import (
	"github.com/envd-dev/envd/stubs/internal/diff"
	"github.com/envd-dev/envd/stubs/internal/requestmatch"
)

// explain is the page that says why no stub matched: how the request differs from the nearest one.
// The error is an exception that WireMock throws when it tries to say so.
func (s *Server) explain(v *requestmatch.View) (string, error) {
	stubs, near := s.nearest(v, 1)
	if len(stubs) == 0 {
		return diff.NoStubs, nil
	}
	state := ""
	if stubs[0].Scenario != nil {
		state = stubs[0].Scenario.State()
	}
	page, err := diff.Report(stubs[0].StubMapping, state, v)
	return page + s.hint(stubs[0], near[0].Distance, v), err
}
