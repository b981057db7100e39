package v1

import (
	"fmt"
	"net/http"
	"strings"
)

// Code tells errors apart for programs.
type Code string

const (
	BadRequest        Code = "bad_request"
	BadSpec           Code = "bad_spec" // Detail lists the diagnostics
	Unauthorized      Code = "unauthorized"
	NotFound          Code = "not_found"
	Conflict          Code = "conflict" // not in this status
	TooLarge          Code = "too_large"
	TooMany           Code = "too_many"           // every place for an environment is taken
	EnvironmentFailed Code = "environment_failed" // it did not come up
	Internal          Code = "internal"
	Unavailable       Code = "unavailable" // the daemon is shutting down, or the runner does not answer
)

// HTTPStatus returns the status that goes with the code.
func (c Code) HTTPStatus() int {
	switch c {
	case BadRequest:
		return http.StatusBadRequest
	case BadSpec, EnvironmentFailed:
		return http.StatusUnprocessableEntity
	case Unauthorized:
		return http.StatusUnauthorized
	case NotFound:
		return http.StatusNotFound
	case Conflict:
		return http.StatusConflict
	case TooLarge:
		return http.StatusRequestEntityTooLarge
	case TooMany:
		return http.StatusTooManyRequests
	case Unavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// Error is what every answer of 400 and above holds, below the key "error".
type Error struct {
	Code    Code         `json:"code"`
	Message string       `json:"message"`
	Detail  []Diagnostic `json:"detail,omitempty"`
}

// ErrorBody is such an answer's whole document.
type ErrorBody struct {
	Error Error `json:"error"`
}

// Diagnostic is one mistake in a spec.
type Diagnostic struct {
	File    string `json:"file"`
	Line    int    `json:"line"`   // from 1
	Column  int    `json:"column"` // from 1, in characters
	Width   int    `json:"width"`  // characters to underline
	Message string `json:"message"`
	Rule    string `json:"rule"`
	Help    string `json:"help,omitempty"` // what would be right
	Source  string `json:"source"`         // the line of text
}

func (d Diagnostic) String() string {
	return fmt.Sprintf("%s:%d:%d: %s [%s]", d.File, d.Line, d.Column, d.Message, d.Rule)
}

// Error reads the diagnostics one a line where there are any.
func (e *Error) Error() string {
	if len(e.Detail) == 0 {
		return e.Message
	}
	lines := make([]string, len(e.Detail))
	for i, d := range e.Detail {
		lines[i] = d.String()
	}
	return strings.Join(lines, "\n")
}

// Is makes errors.Is compare by code, so that errors.Is(err, v1.ErrNotFound) works across the wire.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// Sentinels for errors.Is.
var (
	ErrBadSpec           = &Error{Code: BadSpec, Message: "the spec has mistakes"}
	ErrUnauthorized      = &Error{Code: Unauthorized, Message: "the token is missing or wrong"}
	ErrNotFound          = &Error{Code: NotFound, Message: "not found"}
	ErrConflict          = &Error{Code: Conflict, Message: "not possible in this status"}
	ErrTooMany           = &Error{Code: TooMany, Message: "every place is taken"}
	ErrEnvironmentFailed = &Error{Code: EnvironmentFailed, Message: "the environment did not come up"}
	ErrUnavailable       = &Error{Code: Unavailable, Message: "not available now"}
)
