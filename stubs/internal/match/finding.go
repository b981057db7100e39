package match

import (
	"errors"
	"fmt"

	"github.com/envd-dev/envd/stubs/internal/jsondoc"
	"github.com/envd-dev/envd/stubs/internal/jsonpath"
	"github.com/envd-dev/envd/stubs/internal/xmlmatch"
)

// Finding is what a pattern has to say about a value that it could not look into: WireMock notes it with the request, as a
// sub-event.
type Finding struct {
	Message string // of a WARNING
	Syntax  error  // of a JSON_ERROR: why the value is no JSON; nil for a WARNING
}

func warning(format string, args ...any) []Finding {
	return []Finding{{Message: fmt.Sprintf(format, args...)}}
}

// Findings are what WireMock notes where p is matched against v. They are costly and there for who looks at a request
// that did not match.
func Findings(p Pattern, v Value) []Finding {
	switch t := p.(type) {
	case *equalToJSON:
		return t.notes(v)
	case *equalToXML:
		return t.notes(v)
	case *matchesJSONPath:
		return t.notes(v)
	case *matchesXPath:
		return t.notes(v)
	case *logical:
		var all []Finding
		for _, o := range t.operands {
			all = append(all, Findings(o, v)...)
		}
		return all
	}
	return nil
}

// Notes reports whether [Findings] may have anything to say for the pattern.
func Notes(p Pattern) bool {
	switch t := p.(type) {
	case *equalToJSON, *equalToXML, *matchesJSONPath, *matchesXPath:
		return true
	case *logical:
		for _, o := range t.operands {
			if Notes(o) {
				return true
			}
		}
	}
	return false
}

// NotesOfAll is [Notes] for a pattern on several values.
func NotesOfAll(p MultiPattern) bool {
	s, ok := p.(*single)
	return ok && Notes(s.Pattern)
}

// FindingsOfAll is [Findings] for the values of a name.
func FindingsOfAll(p MultiPattern, values []string) []Finding {
	s, ok := p.(*single)
	if !ok {
		return nil
	}
	var all []Finding
	for _, value := range values {
		all = append(all, Findings(s.Pattern, Text(value))...)
	}
	return all
}

func (p *equalToJSON) notes(v Value) []Finding {
	if !v.Present {
		return warning(`argument "content" is null`)
	}
	if _, err := v.json(); err != nil && !errors.Is(err, jsondoc.ErrEmpty) {
		return []Finding{{Syntax: err}}
	}
	return nil
}

func (p *equalToXML) notes(v Value) []Finding {
	if v.Text == "" {
		return nil
	}
	if _, err := v.document(false); err != nil {
		return warning("%s", xmlMessage(err))
	}
	return nil
}

// xmlMessage is why a text is no XML, without the place.
func xmlMessage(err error) string {
	if e, ok := errors.AsType[*xmlmatch.ParseError](err); ok {
		return e.Message
	}
	return err.Error()
}

func (p *matchesJSONPath) notes(v Value) []Finding {
	if !v.Present {
		return nil
	}
	expr := ""
	if p.sub != nil {
		expr = " '" + p.path.String() + "'"
	}
	_, err := p.find(v)
	switch {
	case errors.Is(err, errXML):
		return warning("Warning: JSON path expression%s failed to match document '%s' because it's not JSON but probably XML", expr, v.Text)
	case err == nil || p.sub != nil && errors.Is(err, jsonpath.ErrNotFound):
		if p.sub == nil {
			return nil
		}
		return p.notesOfFindings(v)
	}
	return warning("Warning: JSON path expression%s failed to match document '%s' because of error '%s'", expr, v.Text, err.Error())
}

// notesOfFindings are the submatcher's, unless one of the findings fits.
func (p *matchesJSONPath) notesOfFindings(v Value) []Finding {
	var all []Finding
	for _, found := range p.findings(v) {
		if p.sub.Exact(found) {
			return nil
		}
		all = append(all, Findings(p.sub, found)...)
	}
	return all
}

func (p *matchesXPath) notes(v Value) []Finding {
	text := v.Text
	if !v.Present {
		text = "null"
	}
	if !v.Present || !looksLikeXML(v.Text) {
		return warning("Warning: failed to parse the XML document\nXML: %s", text)
	}
	if _, err := v.document(false); err != nil {
		reason := jsondoc.Make("errors", []any{jsondoc.Make("code", xmlErrorCode, "title", xmlMessage(err))})
		return warning("Warning: failed to parse the XML document. Reason: %s\nXML: %s", jsondoc.Pretty(reason), text)
	}
	return nil
}

// xmlErrorCode is the code of WireMock's errors about XML.
const xmlErrorCode = 50
