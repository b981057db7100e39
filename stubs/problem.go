package stubs

import (
	"fmt"
	"strings"

	"github.com/envd-dev/envd/stubs/internal/jsondoc"
	"github.com/envd-dev/envd/stubs/internal/mapping"
)

// Source is a document with mappings: one stub mapping, or {"mappings": […]}; in YAML there may be several documents.
type Source struct {
	Name     string // for error messages: a file name. The document is YAML when it ends in .yaml or .yml, otherwise JSON.
	Document []byte
	// Once loads the mappings when the server is made only: a reset does not bring them back.
	Once bool
}

// Problem is an error in a document with mappings.
type Problem struct {
	Name         string // of the document
	Line, Column int    // from 1; 0 when they cannot be told
	Pointer      string // JSON pointer to what is wrong; "" when the document is no JSON
	Message      string // in WireMock's words
}

func (p *Problem) Error() string {
	if p.Line == 0 {
		return p.Name + ": " + p.Message
	}
	return fmt.Sprintf("%s:%d:%d: %s", p.Name, p.Line, p.Column, p.Message)
}

// CheckMappings reads a document with mappings without storing it and returns everything that is wrong with it: syntax,
// unknown fields, unknown matchers, regular expressions and paths that do not compile … Name says, as that of a [Source],
// whether the document is YAML.
func CheckMappings(name string, document []byte) []*Problem {
	_, _, problems := readMappings(name, document)
	return problems
}

func problem(name string, document []byte, err *mapping.Error) *Problem {
	p := &Problem{Name: name, Message: err.Detail}
	if p.Message == "" {
		p.Message = err.Title
	}
	if _, bad := jsondoc.Decode(document); bad != nil { // whose pointer is only where the parser was
		p.locate(bad)
	} else if err.Pointer != mapping.NoPointer {
		p.Pointer = err.Pointer
		p.Line, p.Column = mapping.Position(document, strings.TrimSuffix(err.Pointer, "/"))
	}
	return p
}

// locate takes the position of a syntax error, which its message repeats in Jackson's way.
func (p *Problem) locate(err error) {
	syntax, ok := err.(*jsondoc.SyntaxError) //nolint:errorlint // Decode returns no other and never wraps it
	if !ok {
		return
	}
	p.Line, p.Column = syntax.Line, syntax.Column
	p.Message, _, _ = strings.Cut(p.Message, "\n at [Source")
}
