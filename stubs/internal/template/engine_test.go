package template

import (
	"context"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/stubs/internal/event"
)

func newEngine(t testing.TB, o Options) *Engine {
	e, err := New(o)
	require.NoError(t, err)
	return e
}

func renderWith(t testing.TB, e *Engine, src string) (string, error) {
	tmpl, err := e.Compile(src)
	require.NoError(t, err, src)
	return tmpl.Render(context.Background(), NewModel(RequestName, testRequest(), nil, nil))
}

func TestAllHelpersAreThere(t *testing.T) {
	assert.Len(t, helpers, 80)
}

func TestJSONRemove(t *testing.T) {
	e := newEngine(t, Options{})
	const refused, impossible = "[ERROR: JSONPath parameter is not a valid JSONPath expression (", "[ERROR: Delete operation cannot be applied to JSONPath expression ("
	for _, c := range []struct{ doc, path, want string }{
		{`{"":null}`, `e`, `{}`}, // what is printed again loses nulls, but for those in lists
		{`{"c":[null,{"a":null}],"b":1}`, `b`, `{"c":[null,{}]}`},
		{`{"a":null}`, `$.b.c`, `{"a":null}`}, // what is not found leaves the text alone
		{`{"a":{"b":1,"c":2,"d":3}}`, `$.a["b","c"]`, `{"a":{"d":3}}`},
		{`[{"b":1,"c":2,"d":3}]`, `$[*]["b","c","z"]`, `[{"d":3}]`},
		{`{"a":"x"}`, `$.a[?(@.b)]`, refused + "'$.a[?(@.b)]')]"},
		{`{"a":[{"b":1},{}]}`, `$.a[?(@.b)]`, `{"a":[{}]}`},
		{`{"a":1}`, `$`, impossible + "'$')]"},
	} {
		got, err := renderWith(t, e, "{{{jsonRemove '"+c.doc+"' '"+c.path+"'}}}")
		require.NoError(t, err, c.path)
		assert.Equal(t, c.want, got, "%s without %s", c.doc, c.path)
	}
}

// TestMultipart: a request is multipart where it has a part, whatever its content type announces.
func TestMultipart(t *testing.T) {
	tmpl, err := newEngine(t, Options{}).Compile("{{request.multipart}}")
	require.NoError(t, err)
	for body, want := range map[string]string{
		"":          "false",
		"x":         "false",
		"--b--\r\n": "false",
		"--b\r\nContent-Disposition: form-data; name=p\r\n\r\nabc\r\n--b--\r\n": "true",
	} {
		r := &event.Request{Method: "POST", URL: "/", Header: http.Header{"Content-Type": {"multipart/mixed; boundary=b"}}, Body: []byte(body)}
		got, err := tmpl.Render(t.Context(), NewModel(RequestName, r, nil, nil))
		require.NoError(t, err)
		assert.Equal(t, want, got, "%q", body)
	}
}

func TestCompileErrors(t *testing.T) {
	e := newEngine(t, Options{})
	for src, want := range map[string]string{ // the first line, as WireMock prints it in plain text
		"{{nope 1}}":                "1:2: could not find helper: 'nope'",
		"a\n {{x}}\n  {{nope a=1}}": "2:4: could not find helper: 'nope'",
		"{{#nope 1}}{{/nope}}":      "java.lang.IllegalArgumentException: could not find helper: 'nope'",
		"{{#if a}}b{{/each}}":       "1:13: found: 'each', expected: 'if'",
		"{{#if a}}":                 "1:9: found: '<EOF>', expected: '{{/'",
		"{{a}}}":                    "1:3: found: '}}}', expected: '}}'",
		"{{(nope)}}":                "1:2: found: '(', expected: 'id'",
		"{{日本}}":                    "1:2: found: '日'",
		"a}}b{{":                    "begin 4, end 3, length 6",
	} {
		_, err := e.Compile(src)
		var bad *CompileError
		require.ErrorAs(t, err, &bad, src)
		assert.Equal(t, want, bad.Plain(), src)
	}
	_, err := e.Compile("{{nope 1}}")
	assert.EqualError(t, err, "inline@c82f8b9:1:2: could not find helper: 'nope'\n{{nope 1}}\n  ^\n")
}

func TestLimits(t *testing.T) {
	e := newEngine(t, Options{MaxOutput: 10_000, Deadline: 50 * time.Millisecond})
	for _, src := range []string{
		"{{#each (range 1 100000)}}0123456789{{/each}}", "{{rjust 'a' size=100000}}", "{{stringFormat '%100000d' 1}}",
		"{{randomValue length=100000}}", "{{range 1 2000000000}}", "{{#*inline 'p'}}{{> p}}{{/inline}}{{> p}}",
		"{{#each (range 1 9000)}}{{#each (range 1 9000)}}{{#each (range 1 9000)}}{{/each}}{{/each}}{{/each}}",
	} {
		_, err := renderWith(t, e, src)
		var limit *LimitError
		require.ErrorAs(t, err, &limit, src)
	}
	_, err := e.Compile(strings.Repeat("{{#if a}}", 1000) + strings.Repeat("{{/if}}", 1000))
	require.Error(t, err, "nesting is bounded")
}

func TestCancelledContext(t *testing.T) {
	e := newEngine(t, Options{})
	tmpl, err := e.Compile("{{#each (range 1 100000)}}{{this}}{{/each}}")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = tmpl.Render(ctx, NewModel(RequestName, testRequest(), nil, nil))
	require.ErrorIs(t, err, context.Canceled)
}

func TestSystemValue(t *testing.T) {
	lookup := func(key string) (string, bool) { return "value of " + key, key != "allowed.missing" }
	e := newEngine(t, Options{PermittedSystemKeys: []string{"allowed.*"}, Environment: lookup, Property: lookup})
	for src, want := range map[string]string{
		"{{systemValue key='ALLOWED_X'}}":                          "value of ALLOWED_X",
		"{{systemValue key='allowed.x' type='PROPERTY'}}":          "value of allowed.x",
		"{{systemValue key='wiremock.x'}}":                         "[ERROR: Access to wiremock.x is denied]",
		"{{systemValue key='PATH'}}":                               "[ERROR: Access to PATH is denied]",
		"{{systemValue key='allowed.missing'}}":                    "",
		"{{systemValue key='allowed.missing' default='d'}}":        "d",
		"{{systemValue}}":                                          "[ERROR: The key cannot be empty]",
		"{{systemValue key='allowed.x' type='OTHER' default='d'}}": "",
	} {
		got, err := renderWith(t, e, src)
		require.NoError(t, err)
		assert.Equal(t, want, got, src)
	}
	got, err := renderWith(t, newEngine(t, Options{}), "{{systemValue key='wiremock.home'}}")
	require.NoError(t, err)
	assert.Empty(t, got, "without a lookup there is nothing to read")
	_, err = New(Options{PermittedSystemKeys: []string{"["}})
	require.Error(t, err)
}

func TestOptions(t *testing.T) {
	var said []string
	e := newEngine(t, Options{
		Hostname: "box", EscapeHTML: true, Rand: rand.NewPCG(1, 2), Log: func(level, message string) { said = append(said, level+": "+message) },
		Now: func() time.Time { return time.Date(2024, 2, 29, 12, 0, 0, 999999999, time.UTC) },
	})
	for src, want := range map[string]string{
		"{{hostname}}": "box", "{{val '<a>&\"'}}{{{val '<b>'}}}{{&val '<c>'}}": "&lt;a&gt;&amp;&quot;<b><c>",
		"{{now}}|{{now offset='1 years' format='yyyy-MM-dd SSS'}}|{{now timezone='Asia/Tokyo'}}": "2024-02-29T12:00:00Z|2025-02-28 999|2024-02-29T21:00:00+09:00",
		"{{log 'a' 1 level='warn'}}{{#log}} b {{/log}}":                                          "",
	} {
		got, err := renderWith(t, e, src)
		require.NoError(t, err)
		assert.Equal(t, want, got, src)
	}
	assert.Equal(t, []string{"warn: a 1", "info: b"}, said)
	random := "{{randomValue}} {{randomInt}} {{randomDecimal}} {{pickRandom 1 2 3 4}} {{randomValue type='UUID'}}"
	first, err := renderWith(t, newEngine(t, Options{Rand: rand.NewPCG(1, 2)}), random)
	require.NoError(t, err)
	again, err := renderWith(t, newEngine(t, Options{Rand: rand.NewPCG(1, 2)}), random)
	require.NoError(t, err)
	assert.Equal(t, first, again, "a seed makes renderings repeatable")
}

func TestWebhookModel(t *testing.T) {
	e := newEngine(t, Options{})
	tmpl, err := e.Compile("{{originalRequest.url}} {{jsonPath originalRequest.body '$.name'}} {{request.url}}{{extra}}")
	require.NoError(t, err)
	m := NewModel(OriginalRequestName, testRequest(), nil, nil)
	m.Set("extra", "!")
	got, err := tmpl.Render(context.Background(), m)
	require.NoError(t, err)
	assert.Equal(t, "/a/b?x=1 Ada !", got)
}

func TestConcurrentRenderings(t *testing.T) {
	e := newEngine(t, Options{MaxCacheEntries: 2})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range 50 {
				src := benchTemplate + strings.Repeat("{{assign 'v'}}", i%4)
				tmpl, err := e.Compile(src)
				if !assert.NoError(t, err) {
					return
				}
				got, err := tmpl.Render(context.Background(), NewModel(RequestName, testRequest(), nil, nil))
				assert.NoError(t, err)
				assert.Equal(t, "url=/a/b?x=1 x=1 a b yes", got)
			}
		})
	}
	wg.Wait()
}

func TestConstant(t *testing.T) {
	e := newEngine(t, Options{})
	for src, want := range map[string]bool{"plain": true, "{{ open": true, "close }}": true, "{{x}}": false} {
		tmpl, err := e.Compile(src)
		require.NoError(t, err)
		assert.Equal(t, want, tmpl.Constant(), src)
		if want {
			got, err := renderWith(t, e, src)
			require.NoError(t, err)
			assert.Equal(t, src, got)
		}
	}
}
