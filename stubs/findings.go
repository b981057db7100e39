package stubs

import (
	"github.com/envd-dev/envd/stubs/internal/event"
	"github.com/envd-dev/envd/stubs/internal/jackson"
	"github.com/envd-dev/envd/stubs/internal/mapping"
	"github.com/envd-dev/envd/stubs/internal/requestmatch"
)

// noteFindings notes what kept body patterns from reading the body of a request that matched no stub: a body that is no
// JSON, where a stub that fits otherwise wants some.
func (s *Server) noteFindings(e *event.ServeEvent, v *requestmatch.View) {
	if len(e.Request.Body) == 0 {
		return
	}
	candidates := s.catalog.Candidates(e.Request.URL, v.Path())
	for stub := candidates.Next(); stub != nil; stub = candidates.Next() {
		if wantsJSON(stub.Request) && requestmatch.Head(stub.Request, v) {
			if _, err := jackson.Decode(e.Request.Body); err != nil {
				e.AddFinding("JSON_ERROR", mapping.AsError(err, mapping.NoPointer).Value())
			}
			return
		}
	}
}

func wantsJSON(p *mapping.RequestPattern) bool {
	for _, b := range p.BodyPatterns {
		if b.Name() == "equalToJson" {
			return true
		}
	}
	return false
}
