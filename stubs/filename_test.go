package stubs

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/stubs/internal/mapping"
)

func TestTemplatedFileName(t *testing.T) {
	m, err := mapping.Parse([]byte(`{"id":"11111111-2222-3333-4444-555555555555","name":"My Stub/ü","priority":3,"request":{"method":"GET","urlPath":"/a/b"},"response":{}}`))
	require.NoError(t, err)
	for template, want := range map[string]string{
		"":                               "",
		"{{{method}}}-{{{url}}}.json":    "get-ab.json",
		"{{{name}}}-{{{priority}}}.json": "my-stub-3.json",
		"{{{id}}}{{#if scenarioName}}x{{/if}}.json":        "11111111-2222-3333-4444-555555555555.json",
		"{{{request.urlPath}}}-{{{response.status}}}.json": "ab-200.json",
		"{{#if}}": "",
	} {
		s, err := New(Options{ResponseOptions: ResponseOptions{FilenameTemplate: template}})
		require.NoError(t, err)
		assert.Equal(t, want, s.templatedFileName(m), template)
	}
}
