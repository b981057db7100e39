package template

import (
	"context"
	"io"
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/envd-dev/envd/stubs/internal/event"
)

func testRequest() *event.Request {
	return &event.Request{
		ID: uuid.MustParse("6b1d3a4e-4a8e-4d83-9f5c-0a4b8d1c2e3f"), Method: "POST", URL: "/a/b?x=1", Scheme: "http", Host: "localhost",
		Port: 8080, ClientIP: "127.0.0.1", Header: http.Header{"Host": {"localhost:8080"}, "X-Request-Id": {"req-1"}},
		Body: []byte(`{"name":"Ada","items":[{"id":1},{"id":2}]}`),
	}
}

const benchTemplate = "url={{request.url}} x={{request.query.x}} {{#each request.path}}{{this}} {{/each}}{{#if request.query.x}}yes{{else}}no{{/if}}"

// BenchmarkRender is the template that decided against raymond; a model per rendering, as for every response.
func BenchmarkRender(b *testing.B) {
	for name, src := range map[string]string{
		"mixed":    benchTemplate,
		"lookup":   `{"id":"{{request.headers.X-Request-Id}}"}`,
		"jsonPath": `{{jsonPath request.body '$.name'}} {{jsonPath request.body '$.items[1].id'}}`,
	} {
		b.Run(name, func(b *testing.B) {
			e, err := New(Options{})
			require.NoError(b, err)
			t, err := e.Compile(src)
			require.NoError(b, err)
			req, ctx := testRequest(), context.Background()
			b.ReportAllocs()
			for b.Loop() {
				if err := t.RenderTo(ctx, io.Discard, NewModel(RequestName, req, nil, nil)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkCompile(b *testing.B) {
	e, err := New(Options{MaxCacheEntries: -1})
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := e.Compile(benchTemplate); err != nil {
			b.Fatal(err)
		}
	}
}

// TestRenderAllocations pins what a rendering allocates, the model included.
func TestRenderAllocations(t *testing.T) {
	e, err := New(Options{})
	require.NoError(t, err)
	req, ctx := testRequest(), context.Background()
	for src, most := range map[string]float64{
		"no tags at all": 3,
		`{"id":"{{request.headers.X-Request-Id}}","method":"{{request.method}}"}`: 14,
		benchTemplate: 32,
	} {
		tmpl, err := e.Compile(src)
		require.NoError(t, err)
		got := testing.AllocsPerRun(100, func() {
			if err := tmpl.RenderTo(ctx, io.Discard, NewModel(RequestName, req, nil, nil)); err != nil {
				t.Fatal(err)
			}
		})
		require.LessOrEqual(t, got, most, src)
	}
}
