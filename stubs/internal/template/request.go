package template

import (
	"encoding/base64"
	"strconv"
)

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
