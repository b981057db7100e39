package stubs

import (
	"errors"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"syscall"
)

// serveFile answers a GET that no stub matched with the file of the same name below __files, as WireMock does, and
// reports whether there was one. Folders are forbidden, and so is the root of a directory that exists.
func (s *Server) serveFile(w http.ResponseWriter, r *http.Request, x *exchange) bool {
	if r.Method != http.MethodGet {
		return false
	}
	name := strings.TrimPrefix(path.Clean(x.view.Path()), "/")
	folder := name == "" && s.options.Dir != ""
	if name != "" {
		data, err := s.bodies.Read(name)
		if err == nil {
			s.sendFile(w, x, name, data)
			return true
		}
		folder = errors.Is(err, syscall.EISDIR)
	}
	if !folder {
		return false
	}
	if data, err := s.bodies.Read(path.Join(name, "index.html")); err == nil {
		s.sendFile(w, x, "index.html", data)
		return true
	}
	x.Response.Status = http.StatusForbidden
	s.journal.Add(&x.ServeEvent)
	w.Header()["Date"] = nil
	http.Error(w, "Forbidden", http.StatusForbidden)
	return true
}

func (s *Server) sendFile(w http.ResponseWriter, x *exchange, name string, data []byte) {
	h := w.Header()
	h["Date"] = nil // WireMock sends none
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
