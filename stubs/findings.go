package stubs

import (
	"bytes"

	"github.com/envd-dev/envd/stubs/internal/event"
	"github.com/envd-dev/envd/stubs/internal/jackson"
	"github.com/envd-dev/envd/stubs/internal/mapping"
	"github.com/envd-dev/envd/stubs/internal/requestmatch"
)

// noteFindings notes what kept body patterns from reading the body of a request that matched no stub: a body that is no
// JSON or no XML, where a stub whose head fits wants some.
func (s *Server) noteFindings(e *event.ServeEvent, v *requestmatch.View) {
	if len(e.Request.Body) == 0 {
		return
	}
	candidates := s.catalog.Candidates(e.Request.URL, v.Path())
	for stub := candidates.Next(); stub != nil; stub = candidates.Next() {
		if !requestmatch.Head(stub.Request, v) {
			continue
		}
		for _, p := range stub.Request.BodyPatterns {
			switch p.Name() {
			case "equalToJson":
				if _, err := jackson.Decode(e.Request.Body); err != nil {
					e.AddFinding("JSON_ERROR", mapping.AsError(err, mapping.NoPointer).Value())
				}
			case "equalToXml":
				if body := bytes.TrimSpace(e.Request.Body); len(body) == 0 || body[0] != '<' {
					e.AddFinding("WARNING", jackson.Object("message", "Content is not allowed in prolog."))
				}
			}
		}
	}
}
