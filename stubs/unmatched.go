package stubs

import (
	"html"
	"net/http"

	"github.com/envd-dev/envd/stubs/internal/mapping"
	"github.com/envd-dev/envd/stubs/internal/requestmatch"
)

// unmatched is the response to a request that no stub matched: the page that says why, or 500 where WireMock's own code
// fails on the request.
func (s *Server) unmatched(v *requestmatch.View) *mapping.ResponseDefinition {
	err := s.failure(v)
	text := ""
	if err == nil {
		text, err = s.explain(v)
	}
	if err != nil {
		return textPage(http.StatusInternalServerError, "text/html;charset=ISO-8859-1", failurePage(err))
	}
	return textPage(http.StatusNotFound, "text/plain;charset=UTF-8", text)
}

func textPage(status int, contentType, text string) *mapping.ResponseDefinition {
	return &mapping.ResponseDefinition{
		Status: status, BodyKind: mapping.TextBody, Body: []byte(text),
		Headers: []mapping.Header{{Name: "Content-Type", Values: []string{contentType}, Single: true}},
	}
}

func failurePage(err error) string {
	text := html.EscapeString(err.Error())
	return "<html>\n<head><title>Error 500 " + text + "</title></head>\n<body><h2>HTTP ERROR 500 " + text + "</h2></body>\n</html>\n"
}
