package template

import (
	"encoding/base64"
	"regexp"
	"strings"

	"github.com/envd-dev/envd/stubs/internal/event"
)

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
