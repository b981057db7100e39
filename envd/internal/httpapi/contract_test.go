package httpapi

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	v1 "github.com/envd-dev/envd/envd/api/v1"
)

const documentURL = "mem:///openapi.json"

// contract checks every answer that passes through it against the OpenAPI document.
type contract struct {
	t        *testing.T
	inner    http.RoundTripper
	paths    map[string]map[string]operation
	compiler *jsonschema.Compiler

	compiling sync.Mutex // the compiler is for one at a time

	mu      sync.Mutex
	covered map[string]bool
}

type operation struct {
	Responses map[string]struct {
		Content map[string]struct{ Schema json.RawMessage }
	}
}

func newContract(t *testing.T, document []byte) *contract {
	t.Helper()
	var doc struct {
		OpenAPI string
		Paths   map[string]map[string]operation
	}
	require.NoError(t, json.Unmarshal(document, &doc))
	require.Equal(t, "3.1.0", doc.OpenAPI)
	c := &contract{t: t, inner: &http.Transport{}, paths: doc.Paths, compiler: jsonschema.NewCompiler(), covered: map[string]bool{}}
	c.compiler.AssertFormat()
	whole, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
	require.NoError(t, err)
	require.NoError(t, c.compiler.AddResource(documentURL, whole))
	return c
}

var pathParameter = regexp.MustCompile(`\\\{(\w+)\\\}`)

// find returns the document's path for a request; a literal segment goes before a parameter.
func (c *contract) find(path string) string {
	best := ""
	for template := range c.paths {
		pattern := pathParameter.ReplaceAllStringFunc(regexp.QuoteMeta(template), func(p string) string {
			if strings.Contains(p, "name") || strings.Contains(p, "admin") {
				return ".+"
			}
			return "[^/]+"
		})
		if regexp.MustCompile("^"+pattern+"$").MatchString(path) && strings.Count(template, "{") <= strings.Count(best+"{{{{", "{") {
			if best == "" || strings.Count(template, "{") < strings.Count(best, "{") {
				best = template
			}
		}
	}
	return best
}

func (c *contract) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := c.inner.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	path := c.find(req.URL.Path)
	op, ok := c.paths[path][strings.ToLower(req.Method)]
	if !ok {
		return resp, nil // a page, or a path that is not there
	}
	c.mu.Lock()
	c.covered[req.Method+" "+path] = true
	c.mu.Unlock()
	documented, ok := op.Responses[strconv.Itoa(resp.StatusCode)]
	pointer := strconv.Itoa(resp.StatusCode)
	if !ok {
		assert.GreaterOrEqual(c.t, resp.StatusCode, 400, "%s %s: %d is not documented", req.Method, path, resp.StatusCode)
		documented, pointer = op.Responses["default"], "default"
	}
	media, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";")
	content, ok := documented.Content[media]
	if _, any := documented.Content["*/*"]; any {
		return resp, nil
	}
	if path == "/v1/environments/{id}/logs" && media == eventStream {
		return resp, nil // documented in words: with follow
	}
	if !assert.True(c.t, ok, "%s %s %d: media type %q is not documented", req.Method, path, resp.StatusCode, media) || content.Schema == nil {
		return resp, nil
	}
	b, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	resp.Body = io.NopCloser(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	escaped := strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace(path)
	c.compiling.Lock()
	schema, err := c.compiler.Compile(documentURL + "#/paths/" + escaped + "/" + strings.ToLower(req.Method) + "/responses/" + pointer + "/content/" + strings.ReplaceAll(media, "/", "~1") + "/schema")
	c.compiling.Unlock()
	if !assert.NoError(c.t, err) {
		return resp, nil
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if assert.NoError(c.t, err, "%s", b) {
		assert.NoError(c.t, schema.Validate(value), "%s %s: %s", req.Method, path, b)
	}
	return resp, nil
}

// event checks the data of a server-sent event against the schema of its kind.
func (c *contract) event(text string) {
	name, data := "", ""
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(line, "event: "); ok {
			name = strings.TrimSpace(rest)
		}
		if rest, ok := strings.CutPrefix(line, "data: "); ok {
			data = rest
		}
	}
	kind, ok := map[string]string{v1.EventObservation: "Observation", v1.EventEnd: "Run", v1.EventRun: "Run", v1.EventEnvironment: "Environment"}[name]
	if !ok {
		assert.Equal(c.t, v1.EventLine, name)
		return
	}
	c.compiling.Lock()
	schema, err := c.compiler.Compile(documentURL + "#/components/schemas/" + kind)
	c.compiling.Unlock()
	if assert.NoError(c.t, err) {
		value, err := jsonschema.UnmarshalJSON(strings.NewReader(data))
		assert.NoError(c.t, err)
		assert.NoError(c.t, schema.Validate(value), "%s", text)
	}
}

// TestEveryRouteIsDocumented: the document holds every route of gin but the pages, and nothing else.
func TestEveryRouteIsDocumented(t *testing.T) {
	e, err := newEngine(Config{Version: "test"})
	require.NoError(t, err)
	server := httptest.NewServer(e)
	defer server.Close()
	resp, err := server.Client().Get(server.URL + "/openapi.json")
	require.NoError(t, err)
	b, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	c := newContract(t, b)
	documented, served := map[string]bool{}, map[string]bool{}
	for path, item := range c.paths {
		for method := range item {
			documented[strings.ToUpper(method)+" "+path] = true
		}
	}
	pages := map[string]bool{"/": true, "/login": true, "/runs/{id}": true}
	for _, r := range e.Routes() {
		if path := openPath(r.Path); !pages[path] {
			served[r.Method+" "+path] = true
		}
	}
	assert.Equal(t, served, documented)
	assert.NotContains(t, string(b), "$defs", "every reference leads into the document")
	for _, name := range []string{"Run", "Environment", "Verdict", "ErrorBody", "Observation"} {
		_, err := c.compiler.Compile(documentURL + "#/components/schemas/" + name)
		assert.NoError(t, err)
	}
}
