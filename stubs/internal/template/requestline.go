package template

import (
	"strconv"
	"strings"

	"github.com/envd-dev/envd/stubs/internal/event"
	"github.com/envd-dev/envd/stubs/internal/javauri"
)

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
