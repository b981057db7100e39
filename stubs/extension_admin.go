package stubs

import "net/http"

// adminExtension is the handler of admin paths that are served elsewhere: recordings. It is nil for all others.
func (s *Server) adminExtension(string) http.Handler { return nil }
