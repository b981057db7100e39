package template

import (
	"fmt"
	"regexp"
	"strings"
)

// CompileError says why a template cannot be used at all. WireMock answers it with its HTML error page, status 500.
type CompileError struct {
	Message string // starts with the template's pseudo file name, line and column
}

func (e *CompileError) Error() string { return e.Message }

// Plain is the message as WireMock prints it where it answers in plain text: one line, without the pseudo file name.
func (e *CompileError) Plain() string { return cleanMessage(e.Message) }

// RenderError says why a compiled template could not be rendered. WireMock answers 500, text/plain, with the message:
// "line:column: java.lang.SomeException: reason".
type RenderError struct {
	Message string
}

func (e *RenderError) Error() string { return e.Message }

// LimitError says that rendering was given up: the deadline passed, or the output or the nesting grew past its bound.
type LimitError struct {
	Reason string
	Err    error
}

func (e *LimitError) Error() string { return "template given up: " + e.Reason }

func (e *LimitError) Unwrap() error { return e.Err }

// syntaxError is a mistake at a place in the template.
type syntaxError struct {
	line, col int
	reason    string
}

func (e *syntaxError) compileError(file, src string) *CompileError {
	col := max(1, e.col)
	lines := strings.Split(src, "\n")
	line := strings.TrimSuffix(lines[min(e.line, len(lines))-1], "\r")
	return &CompileError{fmt.Sprintf("%s:%d:%d: %s\n%s\n%s^\n", file, e.line, col, e.reason, line, strings.Repeat(" ", col))}
}

// exception is what a helper throws: a Java exception by its class and message. The tag that called the helper turns it
// into a [RenderError].
type exception struct {
	class, message string
}

func (e *exception) Error() string { return e.class + ": " + e.message }

func throw(class, format string, args ...any) error {
	return &exception{"java.lang." + class, fmt.Sprintf(format, args...)}
}

func nullPointer(call, variable string) error {
	return throw("NullPointerException", `Cannot invoke "%s" because "%s" is null`, call, variable)
}

func illegalArgument(format string, args ...any) error {
	return throw("IllegalArgumentException", format, args...)
}

var (
	pseudoFile = regexp.MustCompile(`inline@[a-z0-9]+:`)
	laterLines = regexp.MustCompile("\n[^\n\r\u0085\u2028\u2029]*")
)

// cleanMessage keeps the first line of a message and drops the pseudo file name.
func cleanMessage(s string) string {
	return laterLines.ReplaceAllString(pseudoFile.ReplaceAllString(s, ""), "")
}
