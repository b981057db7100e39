package yamldoc_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/stubs/internal/jsondoc"
	"github.com/envd-dev/envd/stubs/internal/yamldoc"
)

func compact(v any) string { return string(jsondoc.AppendCompact(nil, v)) }

func TestDecode(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"block":            {"a: 1\nb:\n  - x\n  - true\n", `{"a":1,"b":["x",true]}`},
		"JSON":             {`{"a": [1, null, "x"], "b": {}}`, `{"a":[1,null,"x"],"b":{}}`},
		"order":            {"z: 1\na: 2\n", `{"z":1,"a":2}`},
		"norway":           {"a: no\nb: on\nc: yes\n", `{"a":"no","b":"on","c":"yes"}`},
		"numbers":          {"a: 0x10\nb: 1.50\nc: -3\nd: 1_000\ne: 1e3\n", `{"a":16,"b":1.50,"c":-3,"d":1000,"e":1000}`},
		"quoted number":    {`a: "1"`, `{"a":"1"}`},
		"date":             {"a: 2024-01-31\n", `{"a":"2024-01-31"}`},
		"literal":          {"a: |\n  one\n  two\n", `{"a":"one\ntwo\n"}`},
		"anchor":           {"a: &x {b: 1}\nc: *x\n", `{"a":{"b":1},"c":{"b":1}}`},
		"merge":            {"a: &x {b: 1, c: 2}\nd:\n  <<: *x\n  c: 3\n", `{"a":{"b":1,"c":2},"d":{"c":3,"b":1}}`},
		"integer as a key": {"1: x\n", `{"1":"x"}`},
		"null":             {"a:\nb: ~\n", `{"a":null,"b":null}`},
	} {
		t.Run(name, func(t *testing.T) {
			docs, err := yamldoc.Decode([]byte(c.in))
			require.NoError(t, err)
			require.Len(t, docs, 1)
			assert.Equal(t, c.want, compact(docs[0].Value))
		})
	}
}

func TestDecodeTakesEveryDocument(t *testing.T) {
	docs, err := yamldoc.Decode([]byte("a: 1\n---\n---\nb: 2\n"))
	require.NoError(t, err)
	require.Len(t, docs, 2)
	assert.Equal(t, `{"b":2}`, compact(docs[1].Value))
	line, column := docs[1].Position("/b")
	assert.Equal(t, [2]int{4, 4}, [2]int{line, column})
}

func TestDecodeRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		in      string
		line    int
		message string
	}{
		"syntax":       {"a: 1\nb: [1,\n", 2, "did not find expected node content"},
		"tab":          {"a:\n\tb: 1\n", 2, "cannot start any token"},
		"key twice":    {"a: 1\nb: 2\na: 3\n", 3, `the key "a" comes twice`},
		"infinity":     {"a: .inf\n", 1, "no number that JSON has"},
		"key":          {"a: 1\n? [x]\n: 1\n", 2, "a key must be a scalar"},
		"merge":        {"<<: 1\n", 1, "only mappings can be merged in"},
		"unknown name": {"a: *x\n", 1, "unknown anchor"},
		"depth":        {strings.Repeat("[", 2000) + strings.Repeat("]", 2000), 1, "too deep"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := yamldoc.Decode([]byte(c.in))
			var e *yamldoc.Error
			require.ErrorAs(t, err, &e)
			assert.Contains(t, e.Message, c.message)
			assert.Equal(t, c.line, e.Line)
		})
	}
}

func TestAliasesAreBounded(t *testing.T) {
	var b strings.Builder
	b.WriteString("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n")
	for i := range 9 {
		from, to := string(rune('0'+i)), string(rune('1'+i))
		b.WriteString("a" + to + ": &a" + to + " [" + strings.TrimSuffix(strings.Repeat("*a"+from+",", 10), ",") + "]\n")
	}
	_, err := yamldoc.Decode([]byte(b.String()))
	require.ErrorContains(t, err, "too large")
	_, err = yamldoc.Decode([]byte("a: &x\n  b: *x\n"))
	assert.Error(t, err, "a value that contains itself")
}

func TestPosition(t *testing.T) {
	docs, err := yamldoc.Decode([]byte("request:\n  urlPath: /x\n  headers:\n    A:\n      equalTo: b\nlist: [1, {c: 2}]\n"))
	require.NoError(t, err)
	for pointer, want := range map[string][2]int{
		"":                           {1, 1},
		"/":                          {1, 1},
		"/request/urlPath":           {2, 12},
		"/request/headers/A/equalTo": {5, 16},
		"/list/1/c":                  {6, 15},
		"/request/nothing/there":     {2, 3},
	} {
		line, column := docs[0].Position(pointer)
		assert.Equal(t, want, [2]int{line, column}, pointer)
	}
}

func TestEncodeRoundTrips(t *testing.T) {
	const doc = `{"a":1.50,"b":["x","1","true","null","a: b\n"],"c":{},"d":[],"e":null,"f":true,"g":"","1":"2024-01-01"}`
	v, err := jsondoc.DecodeString(doc)
	require.NoError(t, err)
	out, err := yamldoc.Encode(v)
	require.NoError(t, err)
	docs, err := yamldoc.Decode(out)
	require.NoError(t, err)
	require.Len(t, docs, 1)
	assert.Equal(t, doc, compact(docs[0].Value), "%s", out)
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{"a: 1", "- x\n- &a [1]\n- *a", "<<: {a: 1}", "a: !!binary aGk=", "? x", "---\n...\n", "a: 0o17", "%YAML 1.2\n---\n{}"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		docs, err := yamldoc.Decode(data)
		if err != nil {
			return
		}
		for _, d := range docs {
			d.Position("/a/0/b")
			_, err := yamldoc.Encode(d.Value)
			require.NoError(t, err)
		}
	})
}
