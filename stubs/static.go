package stubs

import (
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
)

// serveFile answers a GET that no stub matched with the file of the same name below __files, as WireMock does, and
// reports whether there was one. Folders are forbidden, and so is the root of a directory that exists.
func (s *Server) serveFile(w http.ResponseWriter, r *http.Request, x *exchange) bool {
	if r.Method != http.MethodGet {
		return false
	}
	name := strings.TrimPrefix(path.Clean(x.view.Path()), "/")
	if name == "" || strings.HasSuffix(x.view.Path(), "/") {
		if data, err := s.bodies.Read(path.Join(name, "index.html")); err == nil {
			s.sendFile(w, x, "index.html", data)
			return true
		}
		if name != "" || s.options.Dir == "" {
			return false
		}
		x.Response.Status = http.StatusForbidden
		s.journal.Add(&x.ServeEvent)
		http.Error(w, "Forbidden", http.StatusForbidden)
		return true
	}
	data, err := s.bodies.Read(name)
	if err != nil {
		return false
	}
	s.sendFile(w, x, name, data)
	return true
}

func (s *Server) sendFile(w http.ResponseWriter, x *exchange, name string, data []byte) {
	h := w.Header()
	h.Set("Content-Type", fileType(name, data))
	h.Set("Accept-Ranges", "bytes")
	h.Set("Content-Length", strconv.Itoa(len(data)))
	x.Response.Status = http.StatusOK
	s.journal.Add(&x.ServeEvent)
	_, _ = w.Write(data) // the client may be gone
}

// fileType is the content type of a file by its extension, without the charset that Go's table adds.
func fileType(name string, data []byte) string {
	ext := strings.ToLower(path.Ext(name))
	if ext == ".xml" {
		return "application/xml"
	}
	t := mime.TypeByExtension(ext)
	if t == "" {
		t = http.DetectContentType(data)
	}
	t, _, _ = strings.Cut(t, ";")
	return t
}
