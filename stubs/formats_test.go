package stubs_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/stubs"
)

const yamlMapping = `# a mapping as people write it
name: thing
request:
  method: GET
  urlPathTemplate: /things/{id}
  headers:
    Accept: {contains: json}
response:
  status: 200
  headers: &json
    Content-Type: application/json
  body: |
    {"id": "{{request.path.id}}"}
  transformers: [response-template]
---
request: {urlPath: /other}
response:
  jsonBody: {big: 12345678901234567890, ratio: 1.50, on: on}
  headers: {X-Version: "1"}
`

func TestMappingsInYAML(t *testing.T) {
	s, err := stubs.New(stubs.Options{
		FS: fstest.MapFS{
			"mappings/a.yaml":   {Data: []byte(yamlMapping)},
			"mappings/b.yml":    {Data: []byte("mappings:\n  - request: {url: /1}\n  - request: {url: /2}\n")},
			"mappings/none.yml": {Data: []byte("# nothing yet\n")},
		},
		Mappings: []stubs.Source{{Name: "inline.yaml", Document: []byte("request: {url: /inline}\nresponse: {status: 203}\n")}},
	})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	a := send(s, "GET", "/things/7", "", "Accept", "application/json")
	assert.Equal(t, "{\"id\": \"7\"}\n", a.body)
	assert.Equal(t, "thing", a.header.Get("Matched-Stub-Name"))
	assert.Equal(t, `{"big":12345678901234567890,"ratio":1.50,"on":"on"}`, send(s, "GET", "/other", "").body)
	assert.Equal(t, 200, send(s, "GET", "/2", "").status)
	assert.Equal(t, 203, send(s, "GET", "/inline", "").status)
}

func TestProblemsInYAMLHaveTheirPlace(t *testing.T) {
	for name, c := range map[string]struct {
		document string
		want     []string
	}{
		"unknown field":   {"request:\n  url: /x\n  urll: /x\n", []string{`x.yaml:3:9: Unrecognized field "urll"`}},
		"second document": {"request: {url: /x}\n---\nresponse:\n  status: many\n", []string{"x.yaml:4:11: "}},
		"several": {"mappings:\n  - nope: 1\n  - request: {urlPattern: \"[\"}\n    envd:\n      ttl: soon\n", []string{
			`x.yaml:2:11: Unrecognized field "nope"`, "x.yaml:3:14: ", "x.yaml:5:12: must be a duration"}},
		"syntax":    {"request:\n  url: [\n", []string{"x.yaml:2:1: "}},
		"no object": {"just text\n", []string{"x.yaml:1:1: "}},
	} {
		t.Run(name, func(t *testing.T) {
			problems := stubs.CheckMappings("x.yaml", []byte(c.document))
			require.Len(t, problems, len(c.want), "%v", problems)
			for i, want := range c.want {
				assert.True(t, strings.HasPrefix(problems[i].Error(), want), "%s should begin with %s", problems[i], want)
			}
		})
	}
	_, err := stubs.New(stubs.Options{FS: fstest.MapFS{"mappings/sub/x.yaml": {Data: []byte("nope: 1\n")}}})
	assert.ErrorContains(t, err, "sub/x.yaml:1:7: ")
}

func TestAStubFromYAMLIsSavedAsYAML(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "mappings", "one.yaml")
	require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
	require.NoError(t, os.WriteFile(file, []byte("id: 11111111-1111-4111-8111-111111111111\nrequest: {url: /x}\nresponse: {body: old}\n"), 0o600))
	s := newServer(t, stubs.Options{Dir: dir})
	a := send(s, "PUT", "/__admin/mappings/11111111-1111-4111-8111-111111111111", `{"persistent":true,"request":{"url":"/x"},"response":{"body":"new: text"},"envd":{"ttl":"1h"}}`)
	require.Equal(t, 200, a.status, a.body)
	saved, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Contains(t, string(saved), "  body: 'new: text'\n")
	again := newServer(t, stubs.Options{Dir: dir})
	assert.Equal(t, "new: text", send(again, "GET", "/x", "").body)
	assert.Contains(t, send(again, "GET", "/__admin/mappings", "").body, `"ttl" : "1h"`)
}

func TestSourcesInJSON(t *testing.T) {
	for name, c := range map[string]struct{ file, document, want string }{
		"JSON stays":      {"a.json", " {}  // as it is", " {}  // as it is"},
		"one document":    {"a.yml", "request: {url: /x}\n", `{"request":{"url":"/x"}}`},
		"several":         {"a.yaml", "a: 1\n---\nmappings: [{b: 2}, {c: 3}]\n", `{"mappings":[{"a":1},{"b":2},{"c":3}]}`},
		"nothing":         {"a.yaml", "", `{"mappings":[]}`},
		"a list in there": {"a.yaml", "mappings: [{b: 2}]\n", `{"mappings":[{"b":2}]}`},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := stubs.Source{Name: c.file, Document: []byte(c.document)}.JSON()
			require.NoError(t, err)
			assert.Equal(t, c.want, string(got))
		})
	}
	_, err := stubs.Source{Name: "a.yaml", Document: []byte("a: [")}.JSON()
	assert.ErrorContains(t, err, "a.yaml: line 1")
}
