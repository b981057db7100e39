// Package jsonschema validates documents like WireMock's matchesJsonSchema, which uses networknt's validator: patterns
// are Java's, formats are asserted up to draft 7, "nullable" is understood, nothing is loaded from elsewhere.
package jsonschema

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"github.com/envd-dev/envd/stubs/internal/javaregex"
	"github.com/envd-dev/envd/stubs/internal/jsondoc"
)

// Version is a draft of JSON Schema; it holds where a schema names none.
type Version uint8

// The versions that WireMock knows.
const (
	V4 Version = iota
	V6
	V7
	V201909
	V202012
)

var versionNames = [...]string{"V4", "V6", "V7", "V201909", "V202012"}

// ParseVersion reads a version by its name in mappings.
func ParseVersion(name string) (Version, bool) {
	i := slices.Index(versionNames[:], name)
	return Version(max(i, 0)), i >= 0
}

// String is the version's name in mappings.
func (v Version) String() string { return versionNames[v] }

func (v Version) draft() *jsonschema.Draft {
	switch v {
	case V4:
		return jsonschema.Draft4
	case V6:
		return jsonschema.Draft6
	case V7:
		return jsonschema.Draft7
	case V201909:
		return jsonschema.Draft2019
	}
	return jsonschema.Draft2020
}

// Schema is a compiled schema. It is safe for concurrent use.
type Schema struct{ schema *jsonschema.Schema }

const location = "mem:///schema.json"

// Compile compiles a decoded schema.
func Compile(doc any, version Version) (*Schema, error) {
	c := jsonschema.NewCompiler()
	c.DefaultDraft(version.draft())
	c.UseLoader(noLoader{})
	c.UseRegexpEngine(compileRegexp)
	schema, err := lenient(plain(doc), version)
	if err != nil {
		return nil, err
	}
	if err := c.AddResource(location, schema); err != nil {
		return nil, err
	}
	s, err := c.Compile(location)
	if err != nil {
		return nil, err
	}
	return &Schema{s}, nil
}

// noLoader refuses references to other documents.
type noLoader struct{}

func (noLoader) Load(url string) (any, error) {
	return nil, fmt.Errorf("%s: schemas are not loaded from elsewhere", url)
}

type regexpOf struct{ *javaregex.Regexp }

func (r regexpOf) MatchString(s string) bool { return r.FindString(s) }

func compileRegexp(expr string) (jsonschema.Regexp, error) {
	re, err := javaregex.Compile(expr, 0)
	if err != nil {
		return nil, err
	}
	return regexpOf{re}, nil
}

// plain turns a document into the values that the validator works on.
func plain(v any) any {
	switch t := v.(type) {
	case jsondoc.Number:
		return bounded(t)
	case []any:
		out := make([]any, len(t))
		for i, e := range t {
			out[i] = plain(e)
		}
		return out
	case *jsondoc.Object:
		out := make(map[string]any, t.Len())
		for _, m := range t.Members() {
			out[m.Name] = plain(m.Value)
		}
		return out
	}
	return v
}

// The numbers that stand for those beyond the bounds of exact arithmetic, for which the validator has no check.
const (
	huge = "1e10000"
	tiny = "1e-10000"
)

// bounded is a number for the validator, which computes with it exactly whatever its exponent.
func bounded(n jsondoc.Number) json.Number {
	e := strings.IndexAny(string(n), "eE")
	if e < 0 {
		return json.Number(n)
	}
	if _, _, ok := n.Decimal(); ok {
		return json.Number(n)
	}
	sign := ""
	if n[0] == '-' {
		sign = "-"
	}
	switch {
	case strings.Trim(string(n[:e]), "-0.") == "":
		return "0"
	case n[e+1] == '-':
		return json.Number(sign + tiny)
	}
	return json.Number(sign + huge)
}

// Complaints counts what is wrong with a decoded document, 0 if it is valid.
func (s *Schema) Complaints(doc any) int {
	err := s.schema.Validate(plain(doc))
	if err == nil {
		return 0
	}
	if invalid := (*jsonschema.ValidationError)(nil); errors.As(err, &invalid) {
		return max(1, count(invalid))
	}
	return 1
}

// count counts messages the way networknt gives them: one for each name that is missing or superfluous.
func count(e *jsonschema.ValidationError) int {
	n := 0
	for _, cause := range e.Causes {
		n += count(cause)
	}
	switch k := e.ErrorKind.(type) {
	case *kind.Required:
		return n + len(k.Missing)
	case *kind.AdditionalProperties:
		return n + len(k.Properties)
	case *kind.OneOf:
		return n + 1
	}
	if len(e.Causes) == 0 {
		return 1
	}
	return n
}
