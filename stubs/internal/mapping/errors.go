package mapping

import (
	"errors"
	"strings"

	"github.com/envd-dev/envd/stubs/internal/jsondoc"
	"github.com/envd-dev/envd/stubs/internal/match"
)

// Error is input that WireMock refuses, in the shape of its admin errors.
type Error struct {
	Code    int
	Pointer string // JSON pointer to what is wrong; NoPointer when it cannot be told, "" when it is no document's fault
	Title   string
	Detail  string
}

// NoPointer is the Pointer of an error that concerns no place in a document.
const NoPointer = "-"

func (e *Error) Error() string {
	if e.Detail == "" {
		return e.Title
	}
	if e.Pointer == NoPointer || e.Pointer == "" {
		return e.Title + ": " + e.Detail
	}
	return e.Pointer + ": " + e.Detail
}

// Value is the JSON form {"errors":[…]}.
func (e *Error) Value() *jsondoc.Object {
	entry := &jsondoc.Object{}
	entry.Set("code", e.Code)
	switch e.Pointer {
	case "":
	case NoPointer:
		entry.Set("source", &jsondoc.Object{})
	default:
		entry.Set("source", jsondoc.Make("pointer", e.Pointer))
	}
	entry.Set("title", e.Title)
	if e.Detail != "" {
		entry.Set("detail", e.Detail)
	}
	return jsondoc.Make("errors", []any{entry})
}

// parsingCode is the code of all errors found while reading JSON.
const parsingCode = 10

func parsing(pointer, detail string) *Error {
	if pointer == "" {
		pointer = "/"
	}
	return &Error{Code: parsingCode, Pointer: pointer, Title: "Error parsing JSON", Detail: detail}
}

// AsError turns what Decode or a matcher reported into an *Error; pointer is used when err has none of its own.
func AsError(err error, pointer string) *Error {
	var own *Error
	var pattern *match.Error
	var syntax *jsondoc.SyntaxError
	switch {
	case errors.Is(err, jsondoc.ErrEmpty):
		return parsing("/", err.Error())
	case errors.As(err, &own):
		return own
	case errors.As(err, &pattern):
		e := parsing(pattern.Pointer, pattern.Detail)
		if pattern.Title != "" {
			e.Title = pattern.Title
		}
		if pattern.Code != 0 {
			e.Code = pattern.Code
		}
		return e
	case errors.As(err, &syntax):
		return parsing(syntaxPointer(syntax.Pointer), syntax.Message)
	}
	return parsing(pointer, err.Error())
}

// opaque are the members that WireMock reads as a whole before it looks into them, with how many segments below them its
// pointers to a syntax error still tell.
var opaque = map[string]int{
	"headers": 0, "queryParameters": 0, "formParameters": 0, "pathParameters": 0, "cookies": 0, "host": 0, "clientIp": 0,
	"bodyPatterns": 1, "parameters": 0, "transformerParameters": 0, "metadata": 0, "jsonBody": 0, "delayDistribution": 0,
	"serveEventListeners": 0, "postServeActions": 0, "extended": 0,
}

// syntaxPointer is what WireMock tells of the place of a syntax error.
func syntaxPointer(pointer string) string {
	if pointer == "" {
		return NoPointer
	}
	segments := strings.Split(pointer[1:], "/")
	for i, s := range segments {
		if below, ok := opaque[s]; ok {
			segments = segments[:min(len(segments), i+1+below)]
			break
		}
	}
	return "/" + strings.Join(segments, "/")
}
