package stubs

import (
	"bytes"
	"errors"
	"mime"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/envd-dev/envd/stubs/internal/respond"
)

// serveFile answers a GET that no stub matched with the file of the same name below __files, as WireMock does, and
// reports whether there was one. Folders are forbidden, and so is the root of a directory that exists.
func (s *Server) serveFile(w http.ResponseWriter, r *http.Request, x *exchange) bool {
	if r.Method != http.MethodGet {
		return false
	}
	if decoded, err := url.PathUnescape(x.view.Path()); err == nil {
		if _, err := url.PathUnescape(decoded); err != nil { // WireMock decodes it once more, to find no servlet for it
			page, _ := s.explain(&x.view)
			x.Response.Status, x.Response.Body = http.StatusNotFound, []byte(page) // as the journal tells
			s.journal.Add(&x.ServeEvent)
			sendFailure(w, r, errors.New("java.lang.NullPointerException: there is no dispatcher for "+decoded))
			return true
		}
	}
	name := strings.TrimPrefix(path.Clean(x.view.Path()), "/")
	folder := name == "" && s.options.Dir != ""
	if name != "" {
		data, err := s.bodies.Read(name)
		if err == nil {
			s.sendFile(w, r, x, name, data)
			return true
		}
		folder = errors.Is(err, syscall.EISDIR)
	}
	if !folder {
		return false
	}
	index := path.Join(name, "index.html")
	if data, err := s.bodies.Read(index); err == nil {
		s.sendFile(w, r, x, index, data)
		return true
	}
	x.Response.Status = http.StatusForbidden
	s.journal.Add(&x.ServeEvent)
	w.Header()["Date"] = nil
	http.Error(w, "Forbidden", http.StatusForbidden)
	return true
}

// sendFile sends a file, or the ranges of it that are asked for, or that it has not been modified since (RFC 9110).
func (s *Server) sendFile(w http.ResponseWriter, r *http.Request, x *exchange, name string, data []byte) {
	h := w.Header()
	h["Date"] = nil // WireMock sends none
	h.Set("Content-Type", fileType(name, data))
	x.Response.Status = http.StatusOK
	s.journal.Add(&x.ServeEvent)
	var modified time.Time
	if dated, ok := s.bodies.(interface {
		Modified(name string) (time.Time, error)
	}); ok {
		modified, _ = dated.Modified(name) // a file that went away meanwhile has no date
	}
	if !s.options.NoGzip && r.Header.Get("Range") == "" {
		h.Set("Content-Length", strconv.Itoa(len(data)))
		data = respond.Compressed(r, h, http.StatusOK, data)
	}
	http.ServeContent(w, r, "", modified, bytes.NewReader(data))
}

// fileType is the content type of a file by its extension, without the charset that Go's table adds.
func fileType(name string, data []byte) string {
	ext := strings.ToLower(path.Ext(name))
	switch ext {
	case "":
		return "application/json" // what WireMock takes files without an extension for
	case ".xml":
		return "application/xml"
	}
	t := mime.TypeByExtension(ext)
	if t == "" {
		t = http.DetectContentType(data)
	}
	t, _, _ = strings.Cut(t, ";")
	return t
}
