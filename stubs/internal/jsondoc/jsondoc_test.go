package jsondoc

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestDecodeAcceptsWhatWireMockAccepts(t *testing.T) {
	for source, want := range map[string]string{
		`{"b":1,"a":[true,null,"x"]}`:           `{"b":1,"a":[true,null,"x"]}`,
		"// c\n{'a': /* x */ 1}":                `{"a":1}`,
		`{"a":1} trailing`:                      `{"a":1}`,
		`{"a":1,"a":2}`:                         `{"a":2}`,
		`[1.50, 1e3, -0, 12345678901234567890]`: `[1.50,1000,0,12345678901234567890]`,
		`"\u00e9\ud83d\ude00\n"`:                `"é😀\n"`,
		" 1 x":                                  `1`,
		`[-0.0, 0.00001, 1e99999, 120.0]`:       `[0.0,0.00001,1e99999,120.0]`,
	} {
		v, err := DecodeString(source)
		require.NoError(t, err, source)
		assert.Equal(t, want, Compact(v), source)
	}
}

// The messages are Jackson's, as WireMock's admin API gives them.
func TestDecodeErrors(t *testing.T) {
	at := func(source, position string) string {
		return "\n at [Source: (String)\"" + source + "\"; " + position + "]"
	}
	for source, want := range map[string]string{
		``:              "No content to map due to end-of-input",
		`{bad}`:         "Unexpected character ('b' (code 98)): was expecting double-quote to start field name" + at(`{bad}`, "line: 1, column: 2"),
		`{"a":}`:        "Unexpected character ('}' (code 125)): expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false')" + at(`{"a":}`, "line: 1, column: 6"),
		`{"a":1 "b":2}`: "Unexpected character ('\"' (code 34)): was expecting comma to separate Object entries" + at(`{"a":1 "b":2}`, "line: 1, column: 8"),
		`foo`:           "Unrecognized token 'foo': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')" + at(`foo`, "line: 1, column: 4"),
		`01`:            "Invalid numeric value: Leading zeroes not allowed" + at(`01`, "line: 1, column: 2"),
		`1.`:            "Unexpected character ('.' (code 46)) in numeric value: Decimal point not followed by a digit" + at(`1.`, "line: 1, column: 2"),
		`"a\qb"`:        "Unrecognized character escape 'q' (code 113)" + at(`"a\qb"`, "line: 1, column: 4"),
		"{\n [":         "Unexpected character ('[' (code 91)): was expecting double-quote to start field name" + at("{\n [", "line: 2, column: 2"),
		`{"a":1`:        "Unexpected end-of-input: expected close marker for Object (start marker at [Source: (String)\"{\"a\":1\"; line: 1, column: 1])" + at(`{"a":1`, "line: 1, column: 7"),
		`[}`:            "Unexpected close marker '}': expected ']' (for Array starting at [Source: (String)\"[}\"; line: 1, column: 1])" + at(`[}`, "line: 1, column: 2"),
		`NaN`:           "Non-standard token 'NaN': enable `JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS` to allow" + at(`NaN`, "line: 1, column: 4"),
		`[1 é]`:         "Unexpected character ('é' (code 233)): was expecting comma to separate Array entries" + at(`[1 é]`, "line: 1, column: 4"),
		`[😀]`:           "Unexpected character ('?' (code 55357 / 0xd83d)): expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false')" + at(`[😀]`, "line: 1, column: 2"),
		`{"😀" €}`:       "Unexpected character ('€' (code 8364 / 0x20ac)): was expecting a colon to separate field name and value" + at(`{"😀" €}`, "line: 1, column: 7"),
		`{"a" 1}`:       "Unexpected character ('1' (code 49)): was expecting a colon to separate field name and value" + at(`{"a" 1}`, "line: 1, column: 6"),
		`{ "thing": `:   "Unexpected end-of-input within/between Object entries" + at(`{ "thing": `, "line: 1, column: 12"),
		`{"a":{},}`:     "Unexpected character ('}' (code 125)): was expecting double-quote to start field name" + at(`{"a":{},}`, "line: 1, column: 9"),
		`}`:             "Unexpected close marker '}': no open Object to close" + at(`}`, "line: 1, column: 1"),
		`"abc`:          "Unexpected end-of-input: was expecting closing quote for a string value" + at(`"abc`, "line: 1, column: 5"),
		"\"x\ny\"":      "Illegal unquoted character ((CTRL-CHAR, code 10)): has to be escaped using backslash to be included in string value" + at("\"x\ny\"", "line: 1, column: 3"),
		`/x`:            "Unexpected character ('x' (code 120)): was expecting either '*' or '/' for a comment" + at(`/x`, "line: 1, column: 2"),
	} {
		_, err := DecodeString(source)
		assert.EqualError(t, err, want, source)
	}
}

// TestDecodeErrorsOfNumbers: where a number breaks off Jackson tells the end of its whole part.
func TestDecodeErrorsOfNumbers(t *testing.T) {
	for _, c := range []struct {
		source, want string
		column       int
	}{
		{`1.}`, "Unexpected character ('}' (code 125)) in numeric value: Decimal point not followed by a digit", 2},
		{`[12.5e+x`, "Unexpected character ('x' (code 120)) in numeric value: Exponent indicator not followed by a digit", 4},
		{`[0.}`, "Unexpected character ('}' (code 125)) in numeric value: Decimal point not followed by a digit", 4},
		{`-.5`, "Unexpected character ('.' (code 46)): expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false')", 2},
		{`-`, "Unexpected end-of-inputNo digit following sign", 2},
		{`-a`, "Unexpected character ('a' (code 97)) in numeric value: expected digit (0-9) to follow minus sign, for valid numeric value", 2},
		{`-Ix`, "Unexpected character ('x' (code 120)) in numeric value: expected digit (0-9) to follow minus sign, for valid numeric value", 3},
		{`-I`, "Unexpected end-of-input in a Number value", 3},
		{`+`, "Unexpected end-of-input in a Number value", 2},
		{`+Infinity`, "Non-standard token '+Infinity': enable `JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS` to allow", 10},
		{`-INFx`, "Unrecognized token '-INFx': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')", 6},
		{`{"a":+}`, "Unexpected character ('+' (code 43)) in numeric value: JSON spec does not allow numbers to have plus signs: enable `JsonReadFeature.ALLOW_LEADING_PLUS_SIGN_FOR_NUMBERS` to allow", 7},
	} {
		_, err := DecodeString(c.source)
		assert.EqualError(t, err, fmt.Sprintf("%s\n at [Source: (String)\"%s\"; line: 1, column: %d]", c.want, c.source, c.column))
	}
}

// What is wrong is told to be in the innermost object or array that was open.
func TestSyntaxErrorsTellWhere(t *testing.T) {
	for source, want := range map[string]SyntaxError{
		"{\n \"a\": tru":          {Line: 2, Column: 10},
		`{"a":{"b":tru`:           {Line: 1, Column: 14, Pointer: "/a"},
		`{"a":{"b/c":[1,{"d":]`:   {Line: 1, Column: 21, Pointer: "/a/b/c/1"},
		`[[1],[2}`:                {Line: 1, Column: 8, Pointer: "/1"},
		`{"a":{},"b":[{}, {"€":x`: {Line: 1, Column: 24, Pointer: "/b/1"},
	} {
		_, err := DecodeString(source)
		got, ok := errors.AsType[*SyntaxError](err)
		require.True(t, ok, source)
		want.Message = got.Message
		assert.Equal(t, want, *got, source)
	}
	for _, empty := range []string{"", " \n", "// nothing", "/* */ "} {
		_, err := DecodeString(empty)
		assert.ErrorIs(t, err, ErrEmpty, empty)
	}
}

func TestPosition(t *testing.T) {
	data := []byte("{\n  \"a\": [1,\n   {\"b/c\": 2}]\n}")
	for pointer, want := range map[string][2]int{"": {1, 1}, "/a": {2, 8}, "/a/1": {3, 4}, "/a/1/b/c": {3, 12}, "/a/9/x": {2, 8}, "/none": {1, 1}} {
		line, column := Position(data, pointer)
		assert.Equal(t, want, [2]int{line, column}, pointer)
	}
	for _, none := range []string{"{", "", "// x"} {
		line, _ := Position([]byte(none), "/a")
		assert.Zero(t, line, none)
	}
}

func TestPrintingWhatWasMade(t *testing.T) {
	v := Make("a", []string{"x"}, "b", List([]int{1, 2}, func(n int) any { return n }), "c", Make(), "d", math.NaN(), "e", 1.0, "f", Of(json.RawMessage("[1.50]")), "g", Of(json.RawMessage("{")))
	assert.Equal(t, `{"a":["x"],"b":[1,2],"c":{},"d":"NaN","e":1.0,"f":[1.50],"g":"{"}`, Compact(v))
	assert.Equal(t, "{\n  \"a\" : [ \"x\" ],\n  \"b\" : [ 1, 2 ],\n  \"c\" : { },\n  \"d\" : \"NaN\",\n  \"e\" : 1.0,\n  \"f\" : [ 1.50 ],\n  \"g\" : \"{\"\n}", Pretty(v))
}

func TestDepthIsBounded(t *testing.T) {
	_, err := DecodeString(strings.Repeat("[", MaxDepth+1))
	assert.ErrorContains(t, err, "Document nesting depth (1001) exceeds the maximum allowed")
	_, err = DecodeLenient(strings.Repeat("[", maxLenientDepth+1))
	assert.ErrorContains(t, err, "nested too deeply")
}

func TestParseTellsPlainJSON(t *testing.T) {
	for source, want := range map[string]bool{`{"a":[1]}`: true, ` 1 `: true, `{'a':1}`: false, `1 x`: false, "1 //": false} {
		_, plain, err := Parse(source)
		require.NoError(t, err, source)
		assert.Equal(t, want, plain, source)
	}
}

func TestDecodeLenient(t *testing.T) {
	for source, want := range map[string]string{
		`plain text`:             `"plain text"`,
		`{a: 1, 'b': [x y,,2],}`: `{"a":1,"b":["x y",2]}`,
		`{"a":007, "b":1x}`:      `{"a":7,"b":"1x"}`,
		`[true, nul, null]`:      `[true,"nul",null]`,
		`{"a":"x\qy"}`:           `{"a":"xy"}`,
		`12 `:                    `12`,
		`-`:                      `0`,
		`[1.]`:                   `[1]`,
	} {
		v, err := DecodeLenient(source)
		require.NoError(t, err, source)
		assert.Equal(t, want, Compact(v), source)
	}
	for _, source := range []string{``, `{`, `[1`, `{"a"}`, `"x`, `}`} {
		_, err := DecodeLenient(source)
		assert.Error(t, err, source)
	}
}

func TestPrettyIsJacksons(t *testing.T) {
	v, err := DecodeString(`{"a":[1,{"b":{}},[]],"c":"\u0001/"}`)
	require.NoError(t, err)
	assert.Equal(t, "{\n  \"a\" : [ 1, {\n    \"b\" : { }\n  }, [ ] ],\n  \"c\" : \"\\u0001/\"\n}", Pretty(v))
}

func TestNumbers(t *testing.T) {
	assert.Zero(t, Number("1.0").Compare("1"))
	assert.Zero(t, Number("1e3").Compare("1000.00"))
	assert.Negative(t, Number("-2.5").Compare("-2.49"))
	assert.Positive(t, Number("1e400").Compare("9e399"))
	for n, want := range map[Number]string{"1.50": "1.50", "1E+2": "100", "1.5e-3": "0.0015", "-0": "0", "0.0": "0.0", "12e-1": "1.2"} {
		assert.Equal(t, want, n.Plain(), n)
	}
	for f, want := range map[float64]string{1: "1.0", 1e7: "1.0E7", 0.001: "0.001", 1.5e-4: "1.5E-4", 123456.789: "123456.789", -0.5: "-0.5"} {
		assert.Equal(t, want, FormatDouble(f))
	}
}

func TestObjectKeepsOrderWhenLarge(t *testing.T) {
	o := &Object{}
	names := strings.Split("z y x w v u t s r q p", " ")
	for i, n := range names {
		o.Set(n, i)
	}
	o.Set("x", "again")
	require.True(t, o.Delete("y"))
	assert.False(t, o.Delete("nope"))
	v, ok := o.Get("x")
	assert.True(t, ok)
	assert.Equal(t, "again", v)
	assert.Equal(t, len(names)-1, o.Len())
	assert.Equal(t, "x", o.Members()[1].Name)
}

// Whatever is read can be printed and read again, and plain JSON means the same to encoding/json.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{`{"a":[1,2.5e3,"x\u00e9"],"b":null}`, `{'a':1} x`, `[`, `"\ud800"`, "/*", `1e`, "\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		v, plain, err := Parse(s)
		if err != nil && json.Valid([]byte(s)) && utf8.ValidString(s) && len(s) < maxNumberLength {
			t.Fatalf("JSON refused: %v", err)
		}
		if err == nil {
			printed := Compact(v)
			again, err := DecodeString(printed)
			require.NoError(t, err, printed)
			assert.Equal(t, printed, Compact(again))
			if plain && len(s) < 1000 && strings.ToValidUTF8(s, "") == s {
				assert.True(t, json.Valid([]byte(s)), s)
			}
		}
		if v, err := DecodeLenient(s); err == nil {
			_ = Pretty(v)
		}
	})
}
