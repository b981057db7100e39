package spec

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/envd-dev/envd/envd"
)

// TestGoodSpecs resolves every spec in testdata/good and compares the result, as JSON, with the golden file beside it.
func TestGoodSpecs(t *testing.T) {
	schema := compileSchema(t)
	t.Chdir(filepath.Join("testdata", "good"))
	dir, err := os.Getwd()
	require.NoError(t, err)
	specs, err := filepath.Glob("*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, specs)
	for _, name := range specs {
		s, found := Load(name, testOptions())
		require.NoError(t, found.Err())
		b, err := json.MarshalIndent(s, "", "  ")
		require.NoError(t, err)
		text := strings.ReplaceAll(string(b), dir, "DIR") + "\n"
		golden := strings.TrimSuffix(name, ".yaml") + ".golden"
		if *update {
			require.NoError(t, os.WriteFile(golden, []byte(text), 0o644))
		}
		want, err := os.ReadFile(golden)
		require.NoError(t, err)
		assert.Equal(t, string(want), text, name)
		assert.NotContains(t, text, "/home/me", "values stay references")
		assert.NotContains(t, text, "s3cret", "secrets stay references")

		again, _ := Load(name, testOptions())
		assert.Equal(t, s, again, "reading twice gives the same spec")
		validates(t, schema, name)
	}
}

// validates wants the file to be valid under the JSON Schema too.
func validates(t *testing.T, schema *jsonschema.Schema, path string) {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	var v any
	require.NoError(t, yaml.Unmarshal(text, &v))
	b, err := json.Marshal(v)
	require.NoError(t, err)
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	require.NoError(t, err)
	assert.NoError(t, schema.Validate(doc), path)
}

func TestOptionsRuntimeReplacesTheSpecs(t *testing.T) {
	opts := testOptions()
	opts.Dir, opts.Runtime = "testdata/good", "docker"
	s, found := Parse("x.yaml", []byte("apiVersion: envd/v1\nname: x\nenvironment: {services: {web: {command: [in/the/image], image: web}}}\n"), opts)
	require.NoError(t, found.Err())
	assert.Equal(t, "docker", s.Environment.Runtime)
	assert.Equal(t, []string{"in/the/image"}, s.Environment.Services[0].Command)
}

func TestEveryDefaultIsReadable(t *testing.T) {
	var doc document
	d := newDecoder(newSource("x", nil))
	d.defaults(valueOf(&doc))
	assert.Equal(t, "10m0s", envd.Duration(doc.Budget).String())
	assert.Equal(t, "process", doc.Environment.Runtime)
	assert.Equal(t, "1s", envd.Duration(doc.Gate.Guard).String())

	var s service
	d.defaults(valueOf(&s))
	assert.Equal(t, 1, s.Replicas)
	assert.Equal(t, "30s", envd.Duration(s.Ready.Timeout).String())
	assert.Equal(t, "50ms", envd.Duration(s.Ready.Interval).String())
	assert.Equal(t, stop{"TERM", duration(10e9)}, s.Stop)

	var h httpProbe
	d.defaults(valueOf(&h))
	assert.Equal(t, "/", h.Path)
	var m metrics
	d.defaults(valueOf(&m))
	assert.Equal(t, "/metrics", m.Path)
	var f file
	d.defaults(valueOf(&f))
	assert.Equal(t, mode(0o644), f.Mode)
	var b stub
	d.defaults(valueOf(&b))
	assert.Equal(t, stub{TLS: true, Engine: "builtin"}, b)
	var fn functional
	d.defaults(valueOf(&fn))
	assert.Equal(t, "2m0s", envd.Duration(fn.Timeout).String())
	var q request
	d.defaults(valueOf(&q))
	assert.Equal(t, "GET", q.Method)
}

func TestRenderWithColor(t *testing.T) {
	_, found := Parse("x.yaml", []byte("a"), Options{})
	var b bytes.Buffer
	require.NoError(t, found.Render(&b, true))
	assert.Equal(t, "\x1b[1mx.yaml:1:1:\x1b[0m \x1b[1;31mthe spec must be a mapping, not the text \"a\"\x1b[0m \x1b[2m[wrong-type]\x1b[0m\n"+
		"  \x1b[2m1 |\x1b[0m a\n  \x1b[2m  |\x1b[0m \x1b[31m^\x1b[0m\n", b.String())
}
