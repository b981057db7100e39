package stubs

import (
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/envd-dev/envd/stubs/internal/jsondoc"
	"github.com/envd-dev/envd/stubs/internal/mapping"
	"github.com/envd-dev/envd/stubs/internal/yamldoc"
)

// isYAML reports whether a document of that name is YAML; all others are JSON.
func isYAML(name string) bool {
	ext := strings.ToLower(path.Ext(name))
	return ext == ".yaml" || ext == ".yml"
}

// readMappings reads a document with mappings. multi says that it has the form for several.
func readMappings(name string, data []byte) (stubs []*mapping.StubMapping, multi bool, problems []*Problem) {
	if isYAML(name) {
		return readYAML(name, data)
	}
	stubs, multi, errs := mapping.ParseFile(data)
	for _, err := range errs {
		problems = append(problems, problem(name, data, err))
	}
	return stubs, multi, problems
}

func readYAML(name string, data []byte) (stubs []*mapping.StubMapping, multi bool, problems []*Problem) {
	docs, err := yamldoc.Decode(data)
	if err != nil {
		p := &Problem{Name: name, Message: err.Error()}
		if at, ok := errors.AsType[*yamldoc.Error](err); ok {
			p.Line, p.Column, p.Message = at.Line, max(at.Column, 1), at.Message
		}
		return nil, false, []*Problem{p}
	}
	multi = len(docs) > 1
	for _, doc := range docs {
		more, several, errs := mapping.FromDocument(doc.Value)
		stubs, multi = append(stubs, more...), multi || several
		for _, err := range errs {
			p := &Problem{Name: name, Pointer: err.Pointer, Message: err.Detail}
			if p.Message == "" {
				p.Message = err.Title
			}
			p.Line, p.Column = doc.Position(strings.TrimSuffix(err.Pointer, "/"))
			problems = append(problems, p)
		}
	}
	return stubs, multi, problems
}

// JSON is the document in JSON, for engines that read nothing else: as it is unless it is YAML, of which several documents
// become one {"mappings": […]}.
func (s Source) JSON() ([]byte, error) {
	if !isYAML(s.Name) {
		return s.Document, nil
	}
	docs, err := yamldoc.Decode(s.Document)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.Name, err)
	}
	if len(docs) == 1 {
		return jsondoc.AppendCompact(nil, docs[0].Value), nil
	}
	list := []any{}
	for _, doc := range docs {
		list = append(list, mapping.Listed(doc.Value)...)
	}
	return jsondoc.AppendCompact(nil, jsondoc.Make("mappings", list)), nil
}

// printMapping is the content of a mapping's file.
func printMapping(name string, v *jsondoc.Object) ([]byte, error) {
	if isYAML(name) {
		return yamldoc.Encode(v)
	}
	return append(jsondoc.AppendPretty(nil, v), '\n'), nil
}
