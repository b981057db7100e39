package match

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func parse(t *testing.T, raw string) Pattern {
	t.Helper()
	p, err := Parse(json.RawMessage(raw), "/p", Content)
	require.NoError(t, err, raw)
	return p
}

// exact is a Result that matches with distance 0.
var exact = Result{Exact: true}

func off(distance float64) Result { return Result{Distance: distance} }

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		pattern, value string
		want           Result
	}{
		{`{"equalTo":"abc"}`, "abc", exact},
		{`{"equalTo":"abc"}`, "abd", off(1.0 / 3)},
		{`{"equalTo":"abc"}`, "", off(1)},
		{`{"equalTo":"abc","caseInsensitive":true}`, "ABC", Result{true, 1}},
		{`{"equalTo":"😀"}`, "x", off(1)},
		{`{"contains":"b"}`, "abc", exact},
		{`{"contains":"z"}`, "abc", off(1)},
		{`{"doesNotContain":"z"}`, "abc", exact},
		{`{"matches":"a.c"}`, "a\nc", exact},
		{`{"matches":"a"}`, "ab", off(1)},
		{`{"doesNotMatch":"a"}`, "ab", exact},
		{`{"anything":"x"}`, "", exact},
		{`{"absent":false}`, "x", off(1)},
		{`{"matchesPathTemplate":"/a/{b}"}`, "/a/1?q=2", exact},
		{`{"matchesPathTemplate":"/a/{b}"}`, "/a/1/2", off(0.5)},
		{`{"and":[{"contains":"a"},{"equalTo":"ab"}]}`, "ac", off(0.25)},
		{`{"or":[{"contains":"z"},{"equalTo":"ab"}]}`, "ac", off(0.5)},
		{`{"not":{"equalTo":"ab"}}`, "ac", exact},
		{`{"not":{"equalTo":"ab"}}`, "ab", off(1)},
		{`{"equalToJson":"{\"a\":[1,2]}","ignoreArrayOrder":true}`, `{"a":[2,1]}`, exact},
		{`{"equalToJson":{"a":1}}`, `{"a":2} trailing`, off(0.5)},
		{`{"equalToJson":{"a":1}}`, `no json`, off(1)},
		{`{"matchesJsonPath":"$.a"}`, `{"a":0}`, exact},
		{`{"matchesJsonPath":"$.a"}`, `{"a":[]}`, off(1)},
		{`{"matchesJsonPath":"$.a"}`, `<a/>`, off(1)},
		{`{"matchesJsonPath":"$"}`, `plain`, exact},
		{`{"matchesJsonPath":{"expression":"$.a","equalTo":"1.0"}}`, `{"a":1.00}`, exact},
		{`{"matchesJsonPath":{"expression":"$..a","equalTo":"ab"}}`, `{"a":"ac","b":{"a":"zz"}}`, off(0.5)},
		{`{"matchesJsonPath":{"expression":"$.a","absent":true}}`, `{}`, exact},
		{`{"matchesJsonPath":{"expression":"$.a","anything":"x"}}`, `{}`, off(1)},
		{`{"matchesJsonPath":{"expression":"$.a","equalToJson":[2,1],"ignoreArrayOrder":true}}`, `{"a":[1,2]}`, exact},
		{`{"matchesJsonPath":{"expression":"$.a","contains":"\"b\" : 1"}}`, `{"a":{"b":1}}`, exact},
		{`{"matchesJsonSchema":{"properties":{"a":{"type":"string"},"b":{}},"required":["b"]}}`, `{"a":1}`, off(1)},
		{`{"matchesJsonSchema":{"type":"string"}}`, `12`, exact},
		{`{"matchesJsonSchema":{"id":1}}`, `{}`, off(1)},
		{`{"equalToXml":"<a><b/><c/></a>"}`, `<a><c/><b/></a>`, Result{true, 2.0 / 14}},
		{`{"matchesXPath":"//b"}`, `<a><b/></a>`, exact},
		{`{"matchesXPath":{"expression":"//b/text()","equalTo":"x"}}`, `<a><b>y</b><b>x</b></a>`, exact},
		{`{"matchesXPath":"//n:b","xPathNamespaces":{"n":"u"}}`, `<a xmlns="u"><b/></a>`, exact},
		{`{"matchesXPath":"//["}`, `<a/>`, off(1)},
		{`{"binaryEqualTo":"AQID"}`, "\x01\x02\x03", exact},
		{`{"before":"2021-06-14T12:00:00Z"}`, "2021-06-14T13:59:59+02:00", Result{true, 1000.0 / (1000 + twoYears)}},
		{`{"after":"2021-06-14"}`, "2021-06-14T00:00:01", Result{true, 1000.0 / (1000 + twoYears)}},
		{`{"equalToDateTime":"2021-06-14T00:00:00Z","truncateActual":"first hour of day"}`, "2021-06-14T10:00:00Z", exact},
		{`{"equalToDateTime":"2021-06-14","actualFormat":"dd/MM/yyyy"}`, "14/06/2021", exact},
		{`{"equalToDateTime":"2021-06-14T12:13:14Z","actualFormat":"unix"}`, "1623672794", exact},
		{`{"equalToDateTime":"20210614"}`, "20210614", exact},
		{`{"before":"nonsense"}`, "2021-06-14", off(1)},
	} {
		p := parse(t, c.pattern)
		got := p.Match(Body([]byte(c.value)))
		assert.Equal(t, c.want.Exact, got.Exact, "%s on %s", c.pattern, c.value)
		assert.InDelta(t, c.want.Distance, got.Distance, 1e-9, "%s on %s", c.pattern, c.value)
		assert.Equal(t, got.Exact, p.Exact(Body([]byte(c.value))), "%s on %s", c.pattern, c.value)
	}
}

func TestNow(t *testing.T) {
	in := func(d time.Duration) Value { return Text(time.Now().Add(d).Format(time.RFC3339)) }
	assert.True(t, parse(t, `{"before":"now +3 days"}`).Exact(in(time.Hour)))
	assert.False(t, parse(t, `{"before":"now"}`).Exact(in(time.Hour)))
	assert.True(t, parse(t, `{"after":"-2 hours"}`).Exact(in(-time.Hour)))
	assert.True(t, parse(t, `{"after":"now","expectedOffset":-2,"expectedOffsetUnit":"hours"}`).Exact(in(-time.Hour)))
	last := parse(t, `{"equalToDateTime":"now +1 months","truncateExpected":"first day of month","applyTruncationLast":true}`)
	next := time.Now().AddDate(0, 0, 1-time.Now().Day()).AddDate(0, 1, 0)
	assert.True(t, last.Exact(Text(time.Date(next.Year(), next.Month(), 1, 0, 0, 0, 0, time.Local).Format(time.RFC3339))))
}

func TestEmptyTextsAreNoNumberApart(t *testing.T) {
	r := parse(t, `{"equalTo":""}`).Match(Text(""))
	assert.True(t, r.Exact)
	assert.True(t, math.IsNaN(r.Distance))
}

func TestAbsentValues(t *testing.T) {
	for raw, want := range map[string]bool{
		`{"absent":true}`: true, `{"anything":"x"}`: true, `{"equalTo":""}`: false, `{"contains":""}`: false, `{"doesNotContain":"a"}`: true,
		`{"matches":".*"}`: false, `{"doesNotMatch":"a"}`: true, `{"not":{"equalTo":"a"}}`: true, `{"equalToJson":"null"}`: false,
		`{"matchesJsonPath":"$"}`: false, `{"matchesJsonPath":{"expression":"$","absent":true}}`: true, `{"matchesXPath":"/"}`: false,
		`{"equalToXml":"<a/>"}`: false, `{"matchesJsonSchema":{}}`: false, `{"before":"now"}`: false, `{"matchesPathTemplate":"/"}`: false,
	} {
		p := parse(t, raw)
		assert.Equal(t, want, p.Exact(Absent()), raw)
		assert.Equal(t, want, p.Match(Absent()).Exact, raw)
	}
}

func TestMultiPatterns(t *testing.T) {
	for _, c := range []struct {
		pattern string
		values  []string
		want    Result
	}{
		{`{"equalTo":"a"}`, []string{"b", "a"}, exact},
		{`{"equalTo":"a"}`, nil, off(1)},
		{`{"absent":true}`, nil, exact},
		{`{"equalTo":"ab","caseInsensitive":true}`, []string{"AB", "ac"}, off(0.5)}, // the nearest decides, as in WireMock
		{`{"hasExactly":[{"equalTo":"a"},{"contains":"b"}]}`, []string{"xb", "a"}, exact},
		{`{"hasExactly":[{"equalTo":"a"}]}`, []string{"a", "b"}, off(0.5)},
		{`{"includes":[{"equalTo":"a"}]}`, []string{"b", "a", "c"}, exact},
		{`{"includes":[{"equalTo":"a"},{"equalTo":"z"}]}`, []string{"a"}, off(0.5)},
		{`{"includes":[{"equalTo":"a"}]}`, nil, off(1)},
	} {
		p, err := ParseMulti(json.RawMessage(c.pattern), "/p")
		require.NoError(t, err)
		assert.Equal(t, c.want, p.MatchAll(c.values), "%s on %v", c.pattern, c.values)
		assert.Equal(t, c.want.Exact, p.ExactAll(c.values), "%s on %v", c.pattern, c.values)
	}
}

// What is printed back where it is not what came in.
func TestMarshal(t *testing.T) {
	for raw, want := range map[string]string{
		`{"equalTo":"a","caseInsensitive":"yes","contains":"b"}`: `{"equalTo":"a","caseInsensitive":false}`,
		`{"absent":"x"}`:   `{"absent":true}`,
		`{"anything":"x"}`: `{"anything":"anything"}`,
		`{"equalToJson":{"a":1e2,"b":-2.50},"ignoreArrayOrder":1}`: `{"equalToJson":{"a":100,"b":-2.50},"ignoreArrayOrder":true}`,
		`{"equalToJson":"{ }"}`: `{"equalToJson":"{ }"}`,
		`{"matchesJsonPath":{"equalTo":"x","expression":"$.a","caseInsensitive":true}}`:          `{"matchesJsonPath":{"expression":"$.a","equalTo":"x","caseInsensitive":true}}`,
		`{"matchesJsonSchema":{"type":"object"}}`:                                                `{"matchesJsonSchema":"{\n  \"type\" : \"object\"\n}","schemaVersion":"V202012"}`,
		`{"equalToXml":"<a/>","exemptedComparisons":["ATTR_VALUE"],"namespaceAwareness":"NONE"}`: `{"equalToXml":"<a/>","exemptedComparisons":["ATTR_VALUE"],"namespaceAwareness":"NONE"}`,
		`{"matchesXPath":"//a","xPathNamespaces":{"n":"u"}}`:                                     `{"matchesXPath":"//a","xPathNamespaces":{"n":"u"}}`,
		`{"before":"now"}`: `{"before":"now +0 seconds"}`,
		`{"after":"now","truncateExpected":"FIRST_DAY_OF_MONTH","actualFormat":"yyyy","applyTruncationLast":true}`: `{"after":"now +0 seconds","actualFormat":"yyyy","truncateExpected":"first day of month","applyTruncationLast":true}`,
		`{"and":[{"not":{"equalTo":"a"}},{"or":[{"absent":true},{"contains":"b"}]}]}`:                              `{"and":[{"not":{"equalTo":"a"}},{"or":[{"absent":true},{"contains":"b"}]}]}`,
		`{"binaryEqualTo":"AQ"}`: `{"binaryEqualTo":"AQ=="}`,
	} {
		b, err := parse(t, raw).MarshalJSON()
		require.NoError(t, err)
		assert.Equal(t, want, string(b), raw)
	}
}

// The details are WireMock's.
func TestParseErrors(t *testing.T) {
	for raw, want := range map[string]string{
		`{}`:                   "{} is not a valid match operation",
		`"x"`:                  `"x" is not a valid match operation`,
		`{"foo":1}`:            `{"foo":1} is not a valid match operation`,
		`{"equalTo":1}`:        "equalTo operand must be a non-null string",
		`{"contains":null}`:    "contains operand must be a non-null string",
		`{"matches":"["}`:      "Unclosed character class near index 0\n[\n^",
		`{"equalToJson":"{"}`:  "Unexpected end-of-input: expected close marker for Object (start marker at [Source: (String)\"{\"; line: 1, column: 1])\n at [Source: (String)\"{\"; line: 1, column: 2]",
		`{"equalToXml":"<a>"}`: "XML document structures must start and end within the same entity.; line 1; column 4",
		`{"equalToXml":1}`:     "'equalToXml' expected value cannot be null",
		`{"equalToXml":"<a/>","exemptedComparisons":["NOPE"]}`: "No enum constant wiremock.org.xmlunit.diff.ComparisonType.NOPE",
		`{"matchesJsonPath":"$["}`:                             "String index out of range: 2",
		`{"matchesJsonPath":{"equalTo":"a"}}`:                  "expression is required in the advanced matchesJsonPath form",
		`{"matchesXPath":{"expression":"//a"}}`:                `{"expression":"//a"} is not a valid match operation`,
		`{"matchesJsonSchema":"{}","schemaVersion":"V5"}`:      `schemaVersion must be one of [ "V4", "V6", "V7", "V201909", "V202012" ]`,
		`{"before":"3 weeks"}`:                                 "No enum constant com.github.tomakehurst.wiremock.common.DateTimeUnit.WEEKS",
		`{"after":"now","truncateExpected":"foo"}`:             "No enum constant com.github.tomakehurst.wiremock.common.DateTimeTruncation.FOO",
		`{"after":"now","actualFormat":"foo"}`:                 "Unknown pattern letter: f",
		`{"or":"x"}`:                                           "and field must be an array of matchers",
		`{"and":[{"equalTo":"a"}]}`:                            "Must be constructed with at least two matchers",
		`{"binaryEqualTo":"!"}`:                                "Input byte[] should at least have 2 bytes for base64 bytes",
		`{"binaryEqualTo":"AQ!="}`:                             "Illegal base64 character 21",
	} {
		_, err := Parse(json.RawMessage(raw), "/request/bodyPatterns/0", Content)
		var e *Error
		require.ErrorAs(t, err, &e, raw)
		assert.Equal(t, &Error{Code: 10, Pointer: "/request/bodyPatterns/0", Title: "Error parsing JSON", Detail: want}, e, raw)
	}
}

func TestErrorPointers(t *testing.T) {
	pointer := func(err error) string {
		var e *Error
		require.True(t, errors.As(err, &e))
		return e.Pointer
	}
	_, err := Parse(json.RawMessage(`{"and":[{"equalTo":"a"},{"foo":"b"}]}`), "/b", StringValue)
	assert.Equal(t, "/b/1", pointer(err))
	_, err = ParseMulti(json.RawMessage(`{"includes":[{"equalTo":1}]}`), "/h/X")
	assert.Equal(t, "/h/X/includes/0", pointer(err))
	_, err = ParseMulti(json.RawMessage(`{"hasExactly":[],"x":1}`), "/h/X")
	assert.Equal(t, "/h/X/x", pointer(err))
	_, err = Parse(json.RawMessage(`{"binaryEqualTo":"AQ=="}`), "/h", StringValue)
	assert.Equal(t, "/h", pointer(err))
}

func TestFailure(t *testing.T) {
	for raw, value := range map[string]string{
		`{"before":"now","actualFormat":"unix"}`:                      "x",
		`{"matchesJsonPath":{"expression":"$..a","equalTo":"x"}}`:     `{"a":null}`,
		`{"not":{"matchesXPath":{"expression":"//b","equalTo":"x"}}}`: `<a xmlns:n="u"><b n:c="1"/></a>`,
		`{"matchesXPath":"//b","xPathNamespaces":{"n":"u"}}`:          `<a n:b=""/>`,
	} {
		assert.Error(t, Failure(parse(t, raw), Text(value)), raw)
		assert.NoError(t, Failure(parse(t, raw), Text("1")), raw)
	}
}

func TestURLTemplate(t *testing.T) {
	for _, c := range []struct {
		template, path string
		want           map[string]string
	}{
		{"/a/{b}/c", "/a/1/c", map[string]string{"b": "1"}},
		{"/a/{b}/c", "/a//c", nil},
		{"/a/{b}/c", "/a/1/c/d", nil},
		{"/a/{.b}/{;c}", "/a/1/2", map[string]string{"b": "1", "c": "2"}},
		{"/a/**", "/a/1/2", map[string]string{"0": "1/2"}},
		{"/**/c", "/a/b/c", map[string]string{"0": "a/b"}},
		{"/{a}-{b}.json", "/1-2.json", map[string]string{"a": "1", "b": "2"}},
		{"/{a}{b}", "/123", map[string]string{"a": "12", "b": "3"}},
		{"/x", "/x", map[string]string{}},
		{"/{}", "/{}", map[string]string{}},
	} {
		u, err := ParseURLTemplate(c.template)
		require.NoError(t, err)
		assert.Equal(t, c.want != nil, u.Match(c.path), c)
		assert.Equal(t, c.want, u.Variables(c.path), c)
	}
}

func TestTextDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"kitten", "sitting", 3}, {"", "abc", 3}, {"abc", "abc", 0}, {"flaw", "lawn", 2}, {"é", "e", 1},
		{strings.Repeat("ab", 100), strings.Repeat("ba", 100), 2},
		{strings.Repeat("a", 150) + "x", strings.Repeat("a", 70) + "y" + strings.Repeat("a", 80), 2},
	} {
		longest := max(len([]rune(c.a)), len([]rune(c.b)))
		assert.InDelta(t, float64(c.want)/float64(longest), TextDistance(c.a, c.b), 1e-12, c)
	}
}

func TestExactAllocatesNothing(t *testing.T) {
	value := Text("/api/things/12")
	for _, raw := range []string{
		`{"equalTo":"/api/things/12"}`, `{"equalTo":"/API/things/12","caseInsensitive":true}`, `{"contains":"things"}`,
		`{"matches":"/api/.*"}`, `{"matches":"/api/[a-z]+/[0-9]+"}`, `{"matchesPathTemplate":"/api/{kind}/{id}"}`,
		`{"and":[{"contains":"a"},{"not":{"equalTo":"b"}}]}`,
	} {
		p := parse(t, raw)
		assert.True(t, p.Exact(value), raw)
		assert.Zero(t, testing.AllocsPerRun(100, func() { p.Exact(value) }), raw)
	}
}

func TestBodyIsParsedOnce(t *testing.T) {
	body := []byte(`{"list":[` + strings.Repeat(`{"a":1,"b":[true,null]},`, 200) + `{}]}`)
	path := parse(t, `{"matchesJsonPath":"$.list[3].a"}`)
	v := Body(body)
	require.True(t, path.Exact(v))
	assert.Zero(t, testing.AllocsPerRun(10, func() { path.Exact(v) }))
}

func BenchmarkJSONBody(b *testing.B) {
	p, err := Parse(json.RawMessage(`{"equalToJson":{"id":12,"name":"x","tags":["a","b"]},"ignoreArrayOrder":true}`), "", Content)
	require.NoError(b, err)
	body := []byte(`{"id":12,"name":"x","tags":["b","a"]}`)
	b.ReportAllocs()
	for b.Loop() {
		if !p.Exact(Body(body)) {
			b.Fatal("no match")
		}
	}
}

func FuzzPattern(f *testing.F) {
	for _, c := range [][2]string{
		{`{"equalToJson":"{\"a\":\"${json-unit.regex}[a-z]+\"}"}`, `{"a":"b"}`},
		{`{"matchesJsonPath":{"expression":"$..a","equalToXml":"<a/>"}}`, `{"a":"<a/>"}`},
		{`{"matchesXPath":{"expression":"//a","before":"now"}}`, `<a>2020-01-01</a>`},
		{`{"and":[{"matches":"(?=a)."},{"not":{"matchesJsonSchema":{"type":"x"}}}]}`, "a"},
		{`{"equalToDateTime":"now +1 days","actualFormat":"[yyyy]MM"}`, "202101"},
		{`{"matchesPathTemplate":"/{a}**{b}"}`, "/x/y"},
		{`{"binaryEqualTo":"A==="}`, ""},
	} {
		f.Add(c[0], c[1])
	}
	f.Fuzz(func(t *testing.T, raw, value string) {
		if len(raw) > 2000 || len(value) > 2000 {
			return
		}
		p, err := Parse(json.RawMessage(raw), "", Content)
		if err != nil {
			var e *Error
			require.ErrorAs(t, err, &e)
			return
		}
		v := Body([]byte(value))
		if got := p.Match(v); got.Exact != p.Exact(v) && !strings.Contains(raw, "now") {
			t.Errorf("Match says %v, Exact otherwise", got)
		}
		_ = fmt.Sprint(p.Name(), p.Expected(), Failure(p, v))
		b, err := p.MarshalJSON()
		require.NoError(t, err)
		assert.True(t, json.Valid(b), string(b))
	})
}

func FuzzURLTemplate(f *testing.F) {
	f.Add("/a/{b}/**", "/a/1/2")
	f.Add("{a}{b}{", "x")
	f.Fuzz(func(t *testing.T, template, path string) {
		if len(template) > 500 || len(path) > 500 {
			return
		}
		u, err := ParseURLTemplate(template)
		if err != nil {
			return
		}
		assert.Equal(t, u.Match(path), u.Variables(path) != nil, "%q on %q", template, path)
	})
}
