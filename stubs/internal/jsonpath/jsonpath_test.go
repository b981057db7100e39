package jsonpath

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const store = `{
  "store": {"book": [
    {"category":"reference","author":"Nigel Rees","price":8.95},
    {"category":"fiction","author":"Evelyn Waugh","price":12.99,"isbn":"0-553"},
    {"category":"fiction","author":"Herman Melville","price":8,"tags":["a","b"]}
  ], "bicycle": {"color":"red","price":19.95}},
  "numbers": [1, 2.5, "3"], "max": 10, "my key": null, "empty": [], "none": {}, "words": ["x","y"]
}`

// What is expected here is what Jayway JsonPath 2.10 gives.
func TestFind(t *testing.T) {
	doc, err := DecodeString(store)
	require.NoError(t, err)
	for expr, want := range map[string]string{
		"$.max":                               `10`,
		"max":                                 `10`,
		"$['my key']":                         `null`,
		"$.store.book[0].author":              `"Nigel Rees"`,
		"$.store.book[-1].price":              `8`,
		"$.store.book[0,2].price":             `[8.95,8]`,
		"$.store.book[1:].price":              `[12.99,8]`,
		"$.store.book[:-1].price":             `[8.95,12.99]`,
		"$.store.book[-1:].price":             `[8]`,
		"$.store.book[0:2].price":             `[8.95,12.99]`,
		"$..price":                            `[8.95,12.99,8,19.95]`,
		"$.store..color":                      `["red"]`,
		"$.store.*.color":                     `["red"]`,
		"$.nope.*":                            `not found`,
		"$.nope":                              `not found`,
		"$.nope.more":                         `not found`,
		"$..nope":                             `[]`,
		"$.store.bicycle['color','price']":    `{"color":"red","price":19.95}`,
		"$.store.book[?(@.isbn)].author":      `["Evelyn Waugh"]`,
		"$.store.book[?(!@.isbn)].price":      `[8.95,8]`,
		"$.store.book[?(@.price < 10)].price": `[8.95,8]`,
		"$.store.book[?(@.price < $.max && @.tags)].price":         `[8]`,
		"$.store.book[?(@.price == 8 || @.isbn == '0-553')].price": `[12.99,8]`,
		"$.store.book[?(!(@.price > 8))].price":                    `[8]`,
		"$.store.book[?(@.author =~ /.*WAUGH/i)].price":            `[12.99]`,
		"$.store.book[?(@.author =~ /.*WAUGH/)].price":             `[]`,
		"$.store.book[?(@.category in ['reference','x'])].price":   `[8.95]`,
		"$.store.book[?(@.category nin ['reference'])].price":      `[12.99,8]`,
		"$.store.book[?(@.tags contains 'a')].price":               `[8]`,
		"$.store.book[?(@.tags subsetof ['a','b','c'])].price":     `[8]`,
		"$.store.book[?(@.tags anyof ['b','z'])].price":            `[8]`,
		"$.store.book[?(@.tags noneof ['z'])].price":               `[8]`,
		"$.store.book[?(@.tags size 2)].price":                     `[8]`,
		"$.store.book[?(@.tags empty false)].price":                `[8]`,
		"$.store.book[?(@.tags == ['a','b'])].price":               `[8]`,
		"$.store.book[?(@.price == '8')].price":                    `[8]`,
		"$.store.book[?(@.price === '8')].price":                   `[]`,
		"$.store.book[?(@.tags all ['a'])].price":                  `[]`,
		"$.store.book[?(@.tags[0] == 'a')].price":                  `[8]`,
		"$.numbers[?(@ > 1)]":                                      `[2.5]`,
		"$.numbers.sum()":                                          `3.5`,
		"$.numbers.min()":                                          `1.0`,
		"$.numbers.max()":                                          `2.5`,
		"$.numbers.avg()":                                          `1.75`,
		"$.numbers.length()":                                       `3`,
		"$.length()":                                               `7`,
		"$.words.concat('z')":                                      `"xy"`,
		"$.concat(\"a\", $.max)":                                   `"a10"`,
		"$.words.first()":                                          `"x"`,
		"$.words.last()":                                           `"y"`,
		"$.words.index(1)":                                         `"y"`,
		"$.words.append(\"z\")":                                    `["x","y","z"]`,
		"$.none.keys()":                                            `[]`,
		"$..price.sum()":                                           `49.89`,
		"$..book.length()":                                         `3`,
		"$.empty.sum()":                                            `error`,
		"$.words.nope()":                                           `error`,
		"$.max[?(@.a)]":                                            `error`,
	} {
		path, err := Compile(expr)
		require.NoError(t, err, expr)
		v, definite, err := path.Find(doc)
		switch {
		case errors.Is(err, ErrNotFound):
			assert.Equal(t, want, "not found", expr)
		case err != nil:
			assert.Equal(t, want, "error", "%s: %s", expr, err)
		default:
			assert.Equal(t, want, Compact(v), expr)
			assert.Equal(t, path.Definite(), definite, expr)
		}
	}
}

func TestCompileErrors(t *testing.T) {
	for expr, want := range map[string]string{
		"":                "json can not be null or empty",
		"$.":              "Path must not end with a '.' or '..'",
		"$[":              "String index out of range: 2",
		"$x":              "Illegal character at position 1 expected '.' or '['",
		"$.a b":           "Use bracket notion ['my prop'] if your property contains blank characters. position: 2",
		"$[?(@.a==)]":     "Failed to parse filter: [?(@.a==)], error on position: 8, char: )",
		"$[?(@.a ~= 1)]":  "Expected character: )",
		"$[a]":            "Could not parse token starting at position 1. Expected ?, ', 0-9, * ",
		"$[1,]":           `For input string: ""`,
		"$[:]":            "Failed to parse SliceOperation: :",
		"$['a'b]":         "Property must be separated by comma or Property must be terminated close square bracket at index 4",
		"$['a',]":         "Found empty property at index 6",
		"$.sum(":          "Arguments to function: 'sum' are not closed properly.",
		"$.sum(})":        "Unexpected close brace '}' at character position: 7",
		"$...a":           "Character '.' on position 3 is not valid.",
		"$[?(@.a =~ /x)]": "Could not find matching close for / when parsing regex in : $[?(@.a =~ /x)]",
		"$[?(true)]":      "Expected path node",
		"$[?]":            "Not enough predicates supplied for filter [?] at position 1",
		"$[*":             "Expected wildcard token to end with ']' on position 3",
		" $.a ":           "Could not parse token starting at position 2",
	} {
		_, err := Compile(expr)
		assert.EqualError(t, err, want, expr)
	}
}

func TestString(t *testing.T) {
	for source, want := range map[string]string{
		`{"a":1.50,"b":[true,"x/y",{"c":null}]}`: `{a=1.5, b=[true,"x\/y",{"c":null}]}`,
		`1e10`:                                   "1.0E10",
		`100`:                                    "100",
		`0.12345678901234567890`:                 "0.12345678901234567890",
		`null`:                                   "null",
		`"s"`:                                    "s",
	} {
		v, err := DecodeString(source)
		require.NoError(t, err)
		assert.Equal(t, want, String(v), source)
	}
}

func TestManyScansAreBounded(t *testing.T) {
	doc := any("leaf")
	for range 40 {
		doc = []any{doc, doc}
	}
	path, err := Compile("$..*")
	require.NoError(t, err)
	_, _, err = path.Find(doc)
	assert.ErrorIs(t, err, errTooMany)
}

func FuzzCompile(f *testing.F) {
	for _, s := range []string{"$..a[?(@.b == 'x' && !@.c)].length()", "$['a','b'][0:2]", "$[?(@.a =~ /x/i)]", "$.sum($.a, 1)", "$[?(@ in [1,{]", "$[?((((", "@"} {
		f.Add(s, store)
	}
	f.Fuzz(func(t *testing.T, expr, source string) {
		path, err := Compile(expr)
		if err != nil {
			return
		}
		doc, err := DecodeString(source)
		if err != nil {
			return
		}
		if v, _, err := path.Find(doc); err == nil {
			_ = String(v) + Pretty(v)
		}
	})
}
