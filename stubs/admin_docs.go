package stubs

import (
	"net/http"
	"strings"

	"github.com/envd-dev/envd/stubs/internal/jsondoc"
)

func (c *adminCall) redirectToRoot() {
	scheme := "http"
	if c.r.TLS != nil {
		scheme = "https"
	}
	c.w.Header().Del("Vary") // WireMock's filter for CORS does not see this path
	c.w.Header().Set("Location", scheme+"://"+c.r.Host+adminPrefix+"/")
	c.empty(http.StatusFound)
}

const docsPage = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="UTF-8">
<title>WireMock Documentation Index</title>
</head>
<body>
<a href="/__admin/docs/swagger" title="OpenAPI 3.0 spec">OpenAPI 3.0 spec</a><br />
<a href="/__admin/swagger-ui" title="Swagger UI">Swagger UI</a><br />
</body>
</html>
`

func (c *adminCall) docsIndex() { c.html(docsPage) }

func (c *adminCall) html(page string) {
	c.w.Header().Set("Content-Type", "text/html")
	_, _ = c.w.Write([]byte(page)) // the client may be gone
}

// apiPage lists the admin routes.
func (c *adminCall) apiPage() {
	var b strings.Builder
	b.WriteString("<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"UTF-8\"><title>Admin API</title></head>\n<body><table>\n")
	for _, t := range routes() {
		b.WriteString("<tr><td>" + t.method + "</td><td>" + adminPrefix + named(t.pattern) + "</td></tr>\n")
	}
	b.WriteString("</table></body>\n</html>\n")
	c.html(b.String())
}

// openAPI describes the admin routes as an OpenAPI 3.0 document, made from the route table.
func (c *adminCall) openAPI() {
	paths := &jsondoc.Object{}
	for _, t := range routes() {
		p := adminPrefix + named(t.pattern)
		methods, _ := paths.Get(p)
		o, ok := methods.(*jsondoc.Object)
		if !ok {
			o = &jsondoc.Object{}
			paths.Set(p, o)
		}
		operation := jsondoc.Make("responses", jsondoc.Make("default", jsondoc.Make("description", "JSON, or an error document")))
		if name, ok := variable(p); ok {
			operation.Set("parameters", []any{jsondoc.Make("name", name, "in", "path", "required", true, "schema", jsondoc.Make("type", "string"))})
		}
		o.Set(strings.ToLower(t.method), operation)
	}
	c.json(http.StatusOK, jsondoc.Make("openapi", "3.0.0",
		"info", jsondoc.Make("title", "WireMock-compatible admin API", "version", c.compatible()), "paths", paths))
}

// named gives the variable part of a route's pattern its name.
func named(pattern string) string {
	name := "{id}"
	if strings.Contains(pattern, "/state") {
		name = "{name}"
	}
	return strings.NewReplacer("{}", name, "**", "{path}").Replace(pattern)
}

func variable(path string) (string, bool) {
	_, rest, ok := strings.Cut(path, "{")
	name, _, closed := strings.Cut(rest, "}")
	return name, ok && closed
}
