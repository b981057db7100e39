// Package jsonpath evaluates JSONPath the way Jayway JsonPath 2.10 does, filters, functions and leniencies included.
package jsonpath

import (
	"errors"

	"github.com/envd-dev/envd/stubs/internal/jsondoc"
)

// Object is an ordered JSON object as [Decode] makes them.
type Object = jsondoc.Object

// ErrNotFound says that a definite path leads nowhere in the document.
var ErrNotFound = errors.New("path not found")

// Path is a compiled expression. It is safe for concurrent use.
type Path struct {
	expr string
}

// Compile parses expr. A path that starts with neither $ nor @ gets "$." in front, as Jayway does.
// The error has Jayway's words.
func Compile(expr string) (*Path, error) { return &Path{expr: expr}, nil }

// Decode parses a JSON document into nil, bool, string, jsondoc.Number, []any or *Object.
func Decode(data []byte) (any, error) { return jsondoc.Decode(data) }

// Definite reports whether the path leads to at most one value.
func (p *Path) Definite() bool { return true }

// Find evaluates the path over a decoded document. An indefinite path gives a []any of what it found, perhaps empty;
// a definite one gives the value itself, or an error that is ErrNotFound.
func (p *Path) Find(doc any) (result any, definite bool, err error) { return nil, true, ErrNotFound }

// String is the expression as it was compiled.
func (p *Path) String() string { return p.expr }
