package jsonschema

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/stubs/internal/jsondoc"
)

func decode(t *testing.T, s string) any {
	t.Helper()
	v, err := jsondoc.DecodeString(s)
	require.NoError(t, err, s)
	return v
}

func TestComplaints(t *testing.T) {
	for _, c := range []struct {
		schema, doc string
		version     Version
		want        int
	}{
		{`{"type":"object","required":["a","b"]}`, `{}`, V202012, 2},
		{`{"properties":{"a":{"type":"integer"}},"additionalProperties":false}`, `{"a":"x","b":1,"c":2}`, V7, 3},
		{`{"type":"string","nullable":true}`, `null`, V202012, 0},
		{`{"enum":["a"],"nullable":true}`, `null`, V4, 0},
		{`{"pattern":"(?=a)a"}`, `"xa"`, V6, 0},
		{`{"type":"foo"}`, `1`, V202012, 1},
		{`{"minLength":"a","required":"x","properties":1,"title":5}`, `{}`, V202012, 0},
		{`{"exclusiveMinimum":true,"minimum":1}`, `1`, V4, 1},
		{`false`, `1`, V4, 0},
		{`false`, `1`, V6, 1},
		{`{"properties":{"a":false}}`, `{"a":1}`, V4, 0},
		{`{"additionalProperties":false}`, `{"a":1}`, V4, 1},
		{`{"items":[{}],"additionalItems":false}`, `[1,2]`, V4, 1},
		{`{"exclusiveMinimum":1}`, `1`, V6, 1},
		{`{"prefixItems":[{"type":"string"}]}`, `[1]`, V202012, 1},
		{`{"prefixItems":[{"type":"string"}]}`, `[1]`, V7, 0},
		{`{"format":"email"}`, `"x"`, V7, 1},
		{`{"format":"email"}`, `"x"`, V202012, 0},
		{`{"$defs":{"n":{"type":"number"}},"$ref":"#/$defs/n"}`, `"x"`, V201909, 1},
		{`1`, `{}`, V202012, 0},
		{`false`, `{}`, V202012, 1},
		{`{"maximum":3}`, `1e999999999`, V202012, 1},
		{`{"minimum":-3}`, `-1e99999999999`, V7, 1},
		{`{"exclusiveMinimum":0,"maximum":1}`, `1e-999999999`, V7, 0},
		{`{"maximum":3}`, `0e999999999`, V202012, 0},
		{`{"maximum":1e999999999}`, `3`, V202012, 0},
		{`{"multipleOf":1e-999999999}`, `3`, V202012, 0},
	} {
		s, err := Compile(decode(t, c.schema), c.version)
		require.NoError(t, err, c.schema)
		assert.Equal(t, c.want, s.Complaints(decode(t, c.doc)), "%s on %s", c.schema, c.doc)
	}
}

func TestUnusableSchemas(t *testing.T) {
	for _, schema := range []string{`{"id":1}`, `{"minimum":"x"}`, `{"items":1}`, `{"anyOf":{}}`, `{"$ref":"#/x"}`, `{"$ref":"http://localhost/s.json"}`, `{"pattern":"["}`} {
		_, err := Compile(decode(t, schema), V202012)
		assert.Error(t, err, schema)
	}
}

func TestVersions(t *testing.T) {
	for _, name := range []string{"V4", "V6", "V7", "V201909", "V202012"} {
		v, ok := ParseVersion(name)
		assert.True(t, ok)
		assert.Equal(t, name, v.String())
	}
	_, ok := ParseVersion("V5")
	assert.False(t, ok)
}

func FuzzCompile(f *testing.F) {
	f.Add(`{"type":["string","null"],"allOf":[{"not":{"enum":[1,1]}}],"items":[true]}`, `[1,"x"]`, uint8(V4))
	f.Add(`{"$ref":"#","properties":{"a":{"$ref":"#"}}}`, `{"a":{"a":{}}}`, uint8(V202012))
	f.Fuzz(func(t *testing.T, schema, doc string, version uint8) {
		s, err := jsondoc.DecodeString(schema)
		if err != nil || version > uint8(V202012) {
			return
		}
		compiled, err := Compile(s, Version(version))
		if err != nil {
			return
		}
		if d, err := jsondoc.DecodeString(doc); err == nil {
			_ = compiled.Complaints(d)
		}
	})
}
