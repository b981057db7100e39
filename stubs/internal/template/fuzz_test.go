package template

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// FuzzRender compiles and renders anything: it must neither panic nor hang nor grow without bound, and every failure must
// be one of the documented errors.
func FuzzRender(f *testing.F) {
	for _, seed := range []string{
		benchTemplate, "", "{{", "}}{{", "{{}}", "{{{{raw}}}} {{x}} {{{{/raw}}}}", "{{#if a}}b{{else if c}}d{{^}}e{{/if}}",
		"{{#*inline 'p'}}{{> p}}{{/inline}}{{> p}}", "{{#> p}}{{> @partial-block}}{{/p}}", "{{=<% %>=}}<% x %>", `\{{x}} {{{y}}} {{&z}}`,
		"{{range 1 2000000000}}", "{{rjust 'a' size=2000000000}}", "{{stringFormat '%2000000000d' 1}}", "{{math '1e99999' '*' '1e99999'}}",
		"{{#each (range 1 1000)}}{{#each (range 1 1000)}}{{#each (range 1 1000)}}x{{/each}}{{/each}}{{/each}}",
		"{{numberFormat 1e9 '#,##0.00;(#)'}}", "{{date (parseDate '2020-01-01T00:00:00Z') format='yyyy'}}", "{{xPath request.body '//a[1]'}}",
		"{{jsonPath request.body '$..[?(@.id>1)]'}}", "{{formatXml '<a><b/></a>'}}", "{{regexExtract 'aaaa' '(a+)+$'}}",
		"{{#arrayJoin ',' (array 1 2) as |x|}}{{x}}{{/arrayJoin}}", "{{lookup request '../..'}}", "{{toJson request}}",
	} {
		f.Add(seed)
	}
	e, err := New(Options{MaxOutput: 1 << 16, Deadline: 200 * time.Millisecond, MaxCacheEntries: -1})
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, src string) {
		tmpl, err := e.Compile(src)
		var bad *CompileError
		if err != nil {
			require.ErrorAs(t, err, &bad)
			return
		}
		out, err := tmpl.Render(context.Background(), NewModel(RequestName, testRequest(), nil, nil))
		require.LessOrEqual(t, len(out), 1<<16+len(src))
		var failed *RenderError
		var limit *LimitError
		if err != nil && !errors.As(err, &failed) && !errors.As(err, &limit) && !errors.As(err, &bad) {
			t.Fatalf("undocumented error %T: %v", err, err)
		}
	})
}
