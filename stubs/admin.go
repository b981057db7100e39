package stubs

import "net/http"

func (s *Server) serveAdmin(w http.ResponseWriter, r *http.Request, path string) {
	w.WriteHeader(http.StatusNotFound)
}
