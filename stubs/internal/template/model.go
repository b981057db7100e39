package template

import (
	"encoding/base64"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/envd-dev/envd/stubs/internal/event"
	"github.com/envd-dev/envd/stubs/internal/javauri"
	"github.com/envd-dev/envd/stubs/internal/jsondoc"
)

// Variable is a name and value of a path template, such as {id} of /things/{id}.
type Variable struct{ Name, Value string }

// Model is what templates are rendered over: a request under its name, and the parameters of the stub. One model serves
// all templates of a response; it parses the parts of the request when a template first asks, and remembers the JSON and
// XML documents that helpers read. It is not safe for concurrent use.
type Model struct {
	root    Map
	entries [2]entry
	request request
	docs    map[documentKey]document
	// unusable says why WireMock cannot make a model of the request at all.
	unusable error
}

type documentKey struct {
	xml  bool
	text string
}

type document struct {
	value any
	err   error
}

// The names of the request in a model.
const (
	RequestName         = "request"         // in a response
	OriginalRequestName = "originalRequest" // in a webhook
)

// NewModel makes the model for a response or, with [OriginalRequestName], for a webhook.
// Variables are those of the stub's path template, in its order; parameters may be nil.
func NewModel(name string, req *event.Request, variables []Variable, parameters *jsondoc.Object) *Model {
	params := emptyParameters
	if parameters != nil && parameters.Len() > 0 {
		params = fromDocument(parameters, jackson).(*Map)
		params.kind = parameterMap
	}
	m := &Model{request: request{requestLine: requestLine{req: req, variables: variables}}}
	// request and parameters, in this order, is also how a HashMap of these two names iterates.
	m.entries = [2]entry{{name, &m.request}, {"parameters", params}}
	m.root = Map{kind: hashMap, entries: m.entries[:]}
	m.unusable = Unusable(req)
	return m
}

// Unusable is what WireMock throws where it makes the model of a request, before it looks at any template: on a URL that is no
// URI, and on two parts of one name. It is a [*CompileError], or nil.
func Unusable(req *event.Request) error {
	if err := javauri.Failure(req.URL); err != nil {
		return &CompileError{err.Error()}
	}
	if !req.IsMultipart() {
		return nil
	}
	parts, _ := req.Parts() // what came before a broken part still counts
	seen := make(map[string]bool, len(parts))
	for i := range parts {
		if name := parts[i].Name; seen[name] {
			return &CompileError{"java.lang.IllegalStateException: Duplicate key " + name}
		}
		seen[parts[i].Name] = true
	}
	return nil
}

// Err is [Unusable] of the model's request.
func (m *Model) Err() error { return m.unusable }

// PathVariables are what the path template of the stub that was served finds in the request, in the template's order.
func PathVariables(ev *event.ServeEvent) []Variable {
	if ev.Stub == nil || ev.Stub.Request == nil || ev.Stub.Request.URL.Template == nil {
		return nil
	}
	t := ev.Stub.Request.URL.Template
	values := t.Variables(ev.Request.Path())
	out := make([]Variable, 0, len(values))
	for _, name := range t.Names() {
		if v, ok := values[name]; ok {
			out = append(out, Variable{Name: name, Value: v})
		}
	}
	return out
}

var emptyParameters = &Map{kind: parameterMap}

// Set adds a variable to the model, for models that carry more than a request.
func (m *Model) Set(name string, value string) {
	m.root.put(name, value)
	m.root.order()
}

// SetDocument adds a variable that is a JSON document.
func (m *Model) SetDocument(name string, v any) {
	m.root.put(name, fromDocument(v, jackson))
	m.root.order()
}

// requestLine is the part of the request's model that WireMock also shows as request.requestLine.
type requestLine struct {
	req       *event.Request
	variables []Variable
	query     *Map
	path      any
}

func (l *requestLine) class() string { return templatingPackage + "RequestLine" }

func (l *requestLine) text() (string, error) { return l.class() + "@1", nil }

func (l *requestLine) get(name string) (any, bool) {
	switch name {
	case "method":
		return method(l.req.Method), true
	case "pathSegments":
		return l.segments(), true
	case "path":
		return toString(l.segments()), true
	case "url":
		return l.req.URL, true
	case "query":
		return l.queryMap(), true
	case "scheme":
		return l.req.Scheme, true
	case "host":
		return l.req.Host, true
	case "port":
		return int32(l.req.Port), true
	case "baseUrl":
		return l.req.Scheme + "://" + l.req.Authority(), true
	case "clientIp":
		return l.req.ClientIP, true
	}
	return nil, false
}

var requestLineNames = []string{"method", "scheme", "host", "port", "query", "url", "clientIp", "baseUrl", "path", "pathSegments"}

func (l *requestLine) properties() []entry { return beanProperties(l, requestLineNames) }

func (l *requestLine) jsonProperties() []entry { return named(l, requestLineNames) }

func named(b bean, names []string) []entry {
	list := make([]entry, len(names))
	for i, name := range names {
		v, _ := b.get(name)
		list[i] = entry{name, v}
	}
	return list
}

// beanProperties lists properties as each sees them: by their bean names, then by the names of the getters.
func beanProperties(b bean, names []string) []entry {
	list := named(b, names)
	getters := make([]entry, len(list))
	for i, e := range list {
		prefix := "get"
		if _, ok := e.value.(bool); ok {
			prefix = "is"
		}
		getters[i] = entry{prefix + strings.ToUpper(e.key[:1]) + e.key[1:], e.value}
	}
	hashOrder(list)
	hashOrder(getters)
	return append(list, getters...)
}

func (l *requestLine) queryMap() *Map {
	if l.query == nil {
		params := l.req.Query()
		l.query = newMap(hashMap, len(params))
		for _, p := range params {
			l.query.put(p.Name, singleOf(p.Values))
		}
		l.query.order()
	}
	return l.query
}

// segments is request.path: a list of the segments, or a map when the stub has a path template.
func (l *requestLine) segments() any {
	if l.path == nil {
		path := l.req.Path()
		if len(l.variables) == 0 {
			list := &List{kind: urlPath, path: decodePath(javauri.Path(path))}
			for _, s := range pathItems(list.path) {
				if s != "" {
					list.items = append(list.items, s)
				}
			}
			l.path = list
		} else {
			l.path = templatedPath(path, l.variables)
		}
	}
	return l.path
}

func templatedPath(path string, variables []Variable) *Map {
	m := &Map{kind: templateMap, path: path}
	i := 0
	for _, s := range pathItems(path) {
		if s != "" {
			m.put(strconv.Itoa(i), s)
			i++
		}
	}
	for _, v := range variables {
		m.put(v.Name, v.Value)
	}
	return m
}

// pathItems is path.split("/"): empty strings at the end are dropped, those in front are not.
func pathItems(path string) []string {
	items := strings.Split(path, "/")
	for len(items) > 0 && items[len(items)-1] == "" {
		items = items[:len(items)-1]
	}
	return items
}

// decodePath is URI.getPath.
func decodePath(path string) string {
	if !strings.Contains(path, "%") {
		return path
	}
	out := make([]byte, 0, len(path))
	for i := 0; i < len(path); i++ {
		if path[i] == '%' && i+2 < len(path) {
			if b, err := strconv.ParseUint(path[i+1:i+3], 16, 8); err == nil {
				out = append(out, byte(b))
				i += 2
				continue
			}
		}
		out = append(out, path[i])
	}
	return javaUTF8(out)
}

// javaUTF8 decodes bytes; what is no UTF-8 becomes U+FFFD.
func javaUTF8(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	var s strings.Builder
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		s.WriteRune(r)
		b = b[n:]
	}
	return s.String()
}

// request is the model of a request.
type request struct {
	requestLine
	headers, cookies, parts *Map
	body                    *string
}

func (q *request) class() string { return templatingPackage + "RequestTemplateModel" }

func (q *request) text() (string, error) { return q.class() + "@1", nil }

func (q *request) get(name string) (any, bool) {
	switch name {
	case "id":
		return q.req.ID.String(), true
	case "requestLine":
		return &q.requestLine, true
	case "headers":
		return q.headerMap(), true
	case "cookies":
		return q.cookieMap(), true
	case "body":
		if q.body == nil {
			s := javaUTF8(q.req.Body)
			q.body = &s
		}
		return *q.body, true
	case "bodyAsBase64":
		return base64.StdEncoding.EncodeToString(q.req.Body), true
	case "binary":
		return !isTextType(q.req.ContentType()), true
	case "multipart":
		return len(q.partMap().entries) > 0, true // whatever the content type announces
	case "parts":
		return q.partMap(), true
	case "path":
		return q.segments(), true
	}
	return q.requestLine.get(name)
}

var requestNames = []string{"headers", "method", "scheme", "requestLine", "body", "baseUrl", "url", "clientIp", "cookies", "path", "port",
	"multipart", "binary", "host", "query", "parts", "bodyAsBase64", "id", "pathSegments"}

func (q *request) properties() []entry { return beanProperties(q, requestNames) }

func (q *request) jsonProperties() []entry {
	return named(q, []string{"id", "requestLine", "headers", "cookies", "body", "parts", "baseUrl", "method", "scheme", "host", "port",
		"query", "path", "pathSegments", "url", "clientIp", "bodyAsBase64", "multipart", "binary"})
}

func (q *request) headerMap() *Map {
	if q.headers == nil {
		names := q.req.HeaderNames()
		q.headers = newMap(headerMap, len(names))
		for _, name := range names {
			q.headers.entries = append(q.headers.entries, entry{name, singleOf(q.req.Values(name))})
		}
		q.headers.order()
	}
	return q.headers
}

func (q *request) cookieMap() *Map {
	if q.cookies == nil {
		q.cookies = newMap(linkedMap, 0)
		for _, c := range q.req.Cookies() {
			q.cookies.put(c.Name, singleOf(c.Values))
		}
	}
	return q.cookies
}

func (q *request) partMap() *Map {
	if q.parts == nil {
		parts, _ := q.req.Parts() // what came before a broken part still counts
		q.parts = newMap(hashMap, len(parts))
		unnamed := 0
		for i := range parts {
			p := &part{part: &parts[i], name: parts[i].Name}
			if p.name == "" {
				p.name = "part-" + strconv.Itoa(unnamed)
				unnamed++
			}
			q.parts.put(p.name, p)
		}
		q.parts.order()
	}
	return q.parts
}

// part is the model of one part of a multipart request.
type part struct {
	part    *event.Part
	name    string
	headers *Map
}

func (p *part) class() string { return templatingPackage + "RequestPartTemplateModel" }

func (p *part) get(name string) (any, bool) {
	switch name {
	case "name":
		return p.name, true
	case "headers":
		if p.headers == nil {
			p.headers = newMap(headerMap, len(p.part.Header))
			for name, values := range p.part.Header { // WireMock knows them in lower case
				p.headers.entries = append(p.headers.entries, entry{strings.ToLower(name), singleOf(values)})
			}
			p.headers.order()
		}
		return p.headers, true
	case "body":
		return javaUTF8(p.part.Body), true
	case "bodyAsBase64":
		return base64.StdEncoding.EncodeToString(p.part.Body), true
	case "binary":
		return !isTextType(p.part.Header.Get("Content-Type")), true
	}
	return nil, false
}

var partNames = []string{"name", "headers", "body", "bodyAsBase64", "binary"}

func (p *part) properties() []entry { return beanProperties(p, partNames) }

func (p *part) jsonProperties() []entry { return named(p, partNames) }

func (p *part) text() (string, error) {
	headers, _ := p.get("headers")
	return "[name='" + p.name + "', headers=" + toString(headers) + ", body=" + javaUTF8(p.part.Body) + "]", nil
}

var textType = regexp.MustCompile(`text|json|xml|html|yaml|csv|x-www-form-urlencoded`)

func isTextType(contentType string) bool {
	mime, _, _ := strings.Cut(contentType, ";")
	return textType.MatchString(mime)
}

// method is the model of request.method.
type method string

func (m method) class() string { return wiremockPackage + "http.RequestMethod" }

func (m method) text() (string, error) { return string(m), nil }

func (m method) get(name string) (any, bool) {
	switch name {
	case "name", "value", "expected":
		return string(m), true
	case "hasEntity":
		return m == "PUT" || m == "PATCH" || m == "POST", true
	case "hashCode":
		return javaHash(string(m)), true
	case "toString":
		return string(m), true
	}
	return nil, false
}

func (m method) properties() []entry {
	entity, _ := m.get("hasEntity")
	return []entry{
		{"expected", string(m)}, {"name", string(m)}, {"getName", string(m)}, {"hasEntity", entity}, {"hashCode", javaHash(string(m))},
		{"values", safeString("[L" + m.class() + ";@1")}, {"getExpected", string(m)}, {"toString", string(m)}, {"value", string(m)},
	}
}
