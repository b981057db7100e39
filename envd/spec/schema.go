package spec

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"strings"

	"github.com/invopop/jsonschema"
)

// SchemaURL is where editors find the schema of specs.
const SchemaURL = "https://raw.githubusercontent.com/envd-dev/envd/main/envd/spec/schema.json"

// documentSource is read for its comments: they are the schema's descriptions.
//
//go:embed document.go
var documentSource string

// shaped is a scalar that describes its own forms.
type shaped interface{ schema() *jsonschema.Schema }

// Schema is the JSON Schema (draft 2020-12) of the user's file, generated from the types that the decoder reads.
func Schema() []byte {
	comments := typeComments(documentSource)
	reflector := jsonschema.Reflector{
		ExpandedStruct: true,
		Anonymous:      true,
		Mapper: func(t reflect.Type) *jsonschema.Schema {
			if s, ok := reflect.Zero(t).Interface().(shaped); ok {
				return s.schema()
			}
			return nil
		},
		LookupComment: func(t reflect.Type, field string) string { return comments[t.Name()+"."+field] },
	}
	s := reflector.Reflect(document{})
	s.ID, s.Title = SchemaURL, "envd spec"
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(s); err != nil {
		return nil // a schema of plain data always encodes; a test reads it
	}
	return out.Bytes()
}

// typeComments collects the comments on a Go file's types (by "type.") and their fields (by "type.Field").
func typeComments(source string) map[string]string {
	comments := map[string]string{}
	file, err := parser.ParseFile(token.NewFileSet(), "document.go", source, parser.ParseComments)
	if err != nil {
		return comments // it was compiled, so it parses
	}
	for _, decl := range file.Decls {
		group, ok := decl.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, spec := range group.Specs {
			if t, ok := spec.(*ast.TypeSpec); ok {
				comments[t.Name.Name+"."] = sentence(group.Doc.Text(), t.Name.Name)
				addFieldComments(comments, t)
			}
		}
	}
	return comments
}

func addFieldComments(comments map[string]string, t *ast.TypeSpec) {
	s, ok := t.Type.(*ast.StructType)
	if !ok {
		return
	}
	for _, f := range s.Fields.List {
		for _, name := range f.Names {
			comments[t.Name.Name+"."+name.Name] = oneLine(f.Doc.Text())
		}
	}
}

// sentence turns a type's comment ("stop says how …") into a description ("Says how …").
func sentence(comment, name string) string {
	text := strings.TrimPrefix(strings.TrimPrefix(oneLine(comment), name+" "), "is ")
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
