package jsonpath

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/stubs/internal/jsondoc"
)

func TestFindLeafToNull(t *testing.T) {
	doc, err := Decode([]byte(`{"a":[1,{"x":2}],"g":{"x":3,"n":null}}`))
	require.NoError(t, err)
	for expr, want := range map[string]string{
		"$..x": "[null,2,3]", "$.g.x": "3", "$.g.nope": "null", "$.nope": "null", "$.a[*].x": "[2]", "$['g','nope']": `{"g":{"x":3,"n":null},"nope":null}`,
		"$.a[?(@.x)]": `[{"x":2}]`,
	} {
		p, err := Compile(expr)
		require.NoError(t, err)
		got, _, err := p.FindLeafToNull(doc)
		require.NoError(t, err, expr)
		assert.Equal(t, want, jsondoc.Compact(got), expr)
	}
	p, err := Compile("$.nope.x")
	require.NoError(t, err)
	_, _, err = p.FindLeafToNull(doc)
	require.ErrorIs(t, err, ErrNotFound)
}

func TestLocate(t *testing.T) {
	doc, err := Decode([]byte(`{"a":[1,{"x":2},[3]],"g":{"x":3}}`))
	require.NoError(t, err)
	for expr, want := range map[string][][]any{
		"$": {nil}, "$.g": {{"g"}}, "$.a[1].x": {{"a", 1, "x"}}, "$.a[-1]": {{"a", 2}}, "$..x": {{"a", 1, "x"}, {"g", "x"}},
		"$.a[*]": {{"a", 0}, {"a", 1}, {"a", 2}}, "$.a[?(@.x==2)]": {{"a", 1}}, "$.a[0:2]": {{"a", 0}, {"a", 1}}, "$.*.x": {{"g", "x"}},
	} {
		p, err := Compile(expr)
		require.NoError(t, err)
		got, err := p.Locate(doc)
		require.NoError(t, err, expr)
		assert.Equal(t, want, got, expr)
	}
	p, err := Compile("$.nope")
	require.NoError(t, err)
	_, err = p.Locate(doc)
	require.ErrorIs(t, err, ErrNotFound)
}
