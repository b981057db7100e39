package stubs

import (
	"github.com/envd-dev/envd/stubs/internal/diff"
	"github.com/envd-dev/envd/stubs/internal/requestmatch"
)

// explain is the page that says why no stub matched: how the request differs from the nearest one.
// The error is an exception that WireMock throws when it tries to say so.
func (s *Server) explain(v *requestmatch.View) (string, error) {
	stub, distance := s.catalog.Nearest(v)
	if stub == nil {
		return diff.NoStubs, nil
	}
	state := ""
	if stub.Scenario != nil {
		state = stub.Scenario.State()
	}
	page, err := diff.Report(stub.StubMapping, state, v)
	return page + s.hint(stub, distance, v), err
}
