package stubs

import (
	"html"
	"io"
	"net/http"

	"github.com/envd-dev/envd/stubs/internal/mapping"
	"github.com/envd-dev/envd/stubs/internal/requestmatch"
	"github.com/envd-dev/envd/stubs/internal/wire"
)

// unmatched is the response to a request that no stub matched: the page that says why. The error is what WireMock's own
// code throws when it tries to say so.
func (s *Server) unmatched(v *requestmatch.View) (*mapping.ResponseDefinition, error) {
	if len(s.catalog.All()) > 1 { // the nearest of several is told by the distances
		if err := s.measuring(v.Request); err != nil {
			return nil, err
		}
	}
	text, err := s.explain(v)
	if err != nil {
		return nil, err
	}
	return textPage(http.StatusNotFound, "text/plain;charset=UTF-8", text), nil
}

func textPage(status int, contentType, text string) *mapping.ResponseDefinition {
	return &mapping.ResponseDefinition{
		Status: status, BodyKind: mapping.TextBody, Body: []byte(text),
		Headers: []mapping.Header{{Name: "Content-Type", Values: []string{contentType}, Single: true}},
	}
}

// sendFailure answers a request that no event is made of.
func sendFailure(w http.ResponseWriter, r *http.Request, err error) {
	if c := wire.FromContext(r.Context()); c != nil && r.ProtoMajor == 1 {
		c.SetHead(jettyFailure, "")
	}
	h := w.Header()
	h["Date"] = nil // WireMock sends none
	h.Set("Cache-Control", "must-revalidate,no-cache,no-store")
	h.Set("Content-Type", failureType)
	h.Set("Connection", "close")
	w.WriteHeader(http.StatusInternalServerError)
	_, _ = io.WriteString(w, failurePage(err)) // the client may be gone
}

// jettyFailure is the status line of what fails, in Jetty's words.
const jettyFailure = "500 Server Error"

const failureType = "text/html;charset=ISO-8859-1"

func failurePage(err error) string {
	text := html.EscapeString(err.Error())
	return "<html>\n<head><title>Error 500 " + text + "</title></head>\n<body><h2>HTTP ERROR 500 " + text + "</h2></body>\n</html>\n"
}
