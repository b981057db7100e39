package jackson

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/stubs/internal/jsondoc"
)

// Jackson's words, as WireMock 3.13.2 passes them on.
func TestDecodeErrors(t *testing.T) {
	for in, want := range map[string]string{
		`{`:               "Unexpected end-of-input: expected close marker for Object (start marker at [Source: (String)\"{\"; line: 1, column: 1])\n at [Source: (String)\"{\"; line: 1, column: 2]",
		`{"a":`:           "Unexpected end-of-input within/between Object entries\n at [Source: (String)\"{\"a\":\"; line: 1, column: 6]",
		`{ "thing": `:     "Unexpected end-of-input within/between Object entries\n at [Source: (String)\"{ \"thing\": \"; line: 1, column: 12]",
		`{"request":{},}`: "Unexpected character ('}' (code 125)): was expecting double-quote to start field name\n at [Source: (String)\"{\"request\":{},}\"; line: 1, column: 15]",
		`<whoops />`:      "Unexpected character ('<' (code 60)): expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false')\n at [Source: (String)\"<whoops />\"; line: 1, column: 1]",
		`zz`:              "Unrecognized token 'zz': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')\n at [Source: (String)\"zz\"; line: 1, column: 3]",
		`"abc`:            "Unexpected end-of-input: was expecting closing quote for a string value\n at [Source: (String)\"\"abc\"; line: 1, column: 5]",
		`{"a" 1}`:         "Unexpected character ('1' (code 49)): was expecting a colon to separate field name and value\n at [Source: (String)\"{\"a\" 1}\"; line: 1, column: 6]",
		`/x`:              "Unexpected character ('x' (code 120)): was expecting either '*' or '/' for a comment\n at [Source: (String)\"/x\"; line: 1, column: 2]",
	} {
		_, err := Decode([]byte(in))
		assert.EqualError(t, err, want, in)
	}
}

func TestDecodeIsLenient(t *testing.T) {
	for in, want := range map[string]string{
		"// c\n{'a':/* x */1} tail": `{"a":1}`,
		`{"a":1,"a":2}`:             `{"a":2}`,
		`"\u00e9\ud83d\ude00\/"`:    `"é😀/"`,
		`[1e3,1.50,-0.0,0.00001,1E400,12345678901234567890,-2.50,120.0]`: `[1000,1.50,0.0,0.00001,1` + zeros(400) + `,12345678901234567890,-2.50,120.0]`,
		`[1e99999]`: `[1e99999]`,
	} {
		v, err := Decode([]byte(in))
		require.NoError(t, err, in)
		assert.Equal(t, want, string(Compact(v)), in)
	}
	v, err := Decode([]byte("  "))
	require.NoError(t, err)
	assert.Equal(t, Missing{}, v)
}

func zeros(n int) string { return string(bytes.Repeat([]byte("0"), n)) }

func TestPretty(t *testing.T) {
	v := Object("a", []any{1, Object("x", &jsondoc.Object{})}, "b", []any{}, "c", 1.0, "d", "\x01\"\n<é", "e", nil)
	assert.Equal(t, "{\n  \"a\" : [ 1, {\n    \"x\" : { }\n  } ],\n  \"b\" : [ ],\n  \"c\" : 1.0,\n  \"d\" : \"\\u0001\\\"\\n<é\",\n  \"e\" : null\n}", string(Pretty(v)))
}

func TestDouble(t *testing.T) {
	for f, want := range map[float64]string{1: "1.0", 0.1: "0.1", 1e7: "1.0E7", 1.5e-4: "1.5E-4", 123456.5: "123456.5", 0: "0.0", -2.5e10: "-2.5E10"} {
		assert.Equal(t, want, jsondoc.FormatDouble(f))
	}
}

func TestPosition(t *testing.T) {
	data := []byte("{\n  \"a\": [1,\n   {\"b/c\": 2}]\n}")
	for pointer, want := range map[string][2]int{"": {1, 1}, "/a": {2, 8}, "/a/1": {3, 4}, "/a/1/b/c": {3, 12}, "/a/9/x": {2, 8}, "/none": {1, 1}} {
		line, column := Position(data, pointer)
		assert.Equal(t, want, [2]int{line, column}, pointer)
	}
	line, _ := Position([]byte("{"), "/a")
	assert.Zero(t, line)
}

// What is decoded prints as JSON that decodes to the same, and strict JSON is never refused.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{`{"a":[1,2.50,{"b":null}],'c':"\u0041\n"}`, "// x\n[]", `{"a":1e400}`, `"\ud800"`, `[[[[`, `{"a":tru`, "\"\x80\""} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := Decode(data)
		if err != nil {
			if _, ok := errors.AsType[*SyntaxError](err); !ok {
				t.Fatalf("%T", err)
			}
			if json.Valid(data) {
				t.Fatalf("JSON refused: %v", err)
			}
			return
		}
		if _, empty := v.(Missing); empty {
			return
		}
		for _, printed := range [][]byte{Compact(v), Pretty(v)} {
			again, err := Decode(printed)
			if err != nil {
				t.Fatalf("%q: %v", printed, err)
			}
			if !bytes.Equal(Compact(again), Compact(v)) {
				t.Fatalf("%q became %q", Compact(v), Compact(again))
			}
		}
	})
}
