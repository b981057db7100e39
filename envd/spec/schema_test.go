package spec

import (
	"bytes"
	"encoding/json"
	"os"
	"reflect"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSchemaIsTheCommittedOne(t *testing.T) {
	if *update {
		require.NoError(t, os.WriteFile("schema.json", Schema(), 0o644))
	}
	want, err := os.ReadFile("schema.json")
	require.NoError(t, err)
	require.Equal(t, string(want), string(Schema()), "run go test ./envd/spec -update")
}

func compileSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	require.NoError(t, c.AddResource(SchemaURL, doc))
	s, err := c.Compile(SchemaURL)
	require.NoError(t, err)
	return s
}

// TestSchemaKnowsEveryKey walks over the types of the document and over the schema side by side.
func TestSchemaKnowsEveryKey(t *testing.T) {
	var root map[string]any
	require.NoError(t, json.Unmarshal(Schema(), &root))
	defs := root["$defs"].(map[string]any)
	seen := map[reflect.Type]bool{}
	var walk func(typ reflect.Type)
	walk = func(typ reflect.Type) {
		for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice || typ.Kind() == reflect.Map {
			typ = typ.Elem()
		}
		if _, free := reflect.Zero(typ).Interface().(shaped); typ.Kind() != reflect.Struct || free || seen[typ] {
			return
		}
		seen[typ] = true
		def := root
		if typ != reflect.TypeFor[document]() {
			def = defs[typ.Name()].(map[string]any)
		}
		if forms, ok := def["oneOf"].([]any); ok {
			def = forms[1].(map[string]any) // the long form
		}
		properties := def["properties"].(map[string]any)
		required, _ := def["required"].([]any)
		fields := fieldsOf(typ)
		assert.Len(t, properties, len(fields), typ.Name())
		assert.NotEmpty(t, def["description"], typ.Name())
		for _, f := range fields {
			if p, ok := properties[f.key].(map[string]any); assert.True(t, ok, "%s.%s", typ.Name(), f.key) {
				assert.NotEmpty(t, p["description"], "%s.%s", typ.Name(), f.key)
			}
			assert.Equal(t, f.required, contains(required, f.key), "%s.%s", typ.Name(), f.key)
			walk(typ.Field(f.index).Type)
		}
	}
	walk(reflect.TypeFor[document]())
	assert.Greater(t, len(seen), 15)
}

func contains(list []any, s string) bool {
	for _, v := range list {
		if v == s {
			return true
		}
	}
	return false
}
