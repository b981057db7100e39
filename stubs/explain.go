package stubs

import "github.com/envd-dev/envd/stubs/internal/requestmatch"

func (s *Server) explain(v *requestmatch.View) string {
	return "No response could be served as there are no stub mappings in this WireMock instance."
}
