package mapping

import (
	"github.com/envd-dev/envd/stubs/internal/jsondoc"
	"github.com/envd-dev/envd/stubs/internal/match"
)

const (
	javaRequest     = javaPackage + "matching.RequestPattern"
	javaMethod      = javaPackage + "http.RequestMethod"
	javaCredentials = javaPackage + "client.BasicCredentials"
	javaMultipart   = javaPackage + "matching.MultipartValuePattern"
	javaCustom      = javaPackage + "matching.CustomMatcherDefinition"
	javaSingle      = javaPackage + "matching.StringValuePattern"
	javaMulti       = javaPackage + "matching.MultiValuePattern"
)

// ParseRequest reads a request pattern, for example the body of POST /__admin/requests/count. The error is an *Error.
func ParseRequest(data []byte) (*RequestPattern, error) {
	v, err := Decode(data)
	if err != nil {
		return nil, err
	}
	return RequestFromValue(v, "")
}

// RequestFromValue reads a request pattern that stands at pointer in a decoded document.
func RequestFromValue(v any, pointer string) (*RequestPattern, error) {
	p, err := readRequest(place{value: v, pointer: pointer})
	if p == nil && err == nil {
		p = &RequestPattern{Method: AnyMethod}
	}
	return p, err
}

// urls are the URL fields as given; of several the first in this order counts.
type urls struct{ given [PathTemplate + 1]*string }

func readRequest(v place) (*RequestPattern, error) {
	if v.value == nil {
		return nil, nil
	}
	p, u := &RequestPattern{Method: AnyMethod}, urls{}
	err := v.bean(javaRequest, func(name string, m place) (bool, error) {
		if k := urlKind(name); k != AnyURL {
			s, given, err := m.str()
			if given {
				u.given[k] = &s
			}
			return true, err
		}
		return p.read(name, m)
	})
	if err != nil {
		return nil, err
	}
	return p, u.compile(p, v.pointer)
}

func urlKind(name string) URLKind {
	for k := URLEqual; k <= PathTemplate; k++ {
		if k.String() == name {
			return k
		}
	}
	return AnyURL
}

func (u *urls) compile(p *RequestPattern, pointer string) error {
	for k := URLEqual; k <= PathTemplate; k++ {
		if u.given[k] == nil {
			continue
		}
		p.URL = URLPattern{Kind: k, Expected: *u.given[k]}
		return p.URL.compile(pointer)
	}
	return nil
}

func (u *URLPattern) compile(pointer string) (err error) {
	switch u.Kind {
	case URLRegex, PathRegex:
		if u.Regex, err = match.Matches(u.Expected); err != nil {
			e := AsError(err, pointer)
			e.Pointer = pointer
			return e
		}
	case PathTemplate:
		if u.Template, err = match.ParseURLTemplate(u.Expected); err != nil {
			return parsing(pointer, err.Error())
		}
	}
	return nil
}

func (p *RequestPattern) read(name string, v place) (known bool, err error) {
	switch name {
	case "scheme":
		err = v.strInto(&p.Scheme, &p.empty, name)
	case "host":
		p.Host, err = single(v, match.StringValue)
	case "port":
		p.Port, err = v.integer("java.lang.Integer")
	case "clientIp":
		p.ClientIP, err = single(v, match.StringValue)
	case "method":
		err = p.readMethod(v)
	case "headers":
		p.Headers, err = multiPatterns(v)
	case "pathParameters":
		p.PathParameters, err = singlePatterns(v)
	case "queryParameters":
		p.QueryParameters, err = multiPatterns(v)
	case "formParameters":
		p.FormParameters, err = multiPatterns(v)
	case "cookies":
		p.Cookies, err = singlePatterns(v)
	case "basicAuth", "basicAuthCredentials":
		p.BasicAuth, err = readCredentials(v)
	case "bodyPatterns":
		p.BodyPatterns, err = contentPatterns(v)
	case "multipartPatterns":
		p.Multipart, err = multiparts(v)
	case "customMatcher":
		p.CustomMatcher, err = readCustom(v)
	default:
		return false, nil
	}
	return true, err
}

func (p *RequestPattern) readMethod(v place) error {
	switch s := v.value.(type) {
	case nil:
	case string:
		p.Method = s
	default:
		return v.cannotConstruct(javaMethod)
	}
	return nil
}

func single(v place, kind match.Kind) (match.Pattern, error) {
	if v.value == nil {
		return nil, nil
	}
	p, err := match.ParseValue(v.value, v.pointer, kind)
	if err != nil {
		return nil, AsError(err, v.pointer)
	}
	return p, nil
}

func multiPatterns(v place) ([]Named[match.MultiPattern], error) {
	o, ok := v.value.(*jsondoc.Object)
	if !ok {
		if v.value == nil {
			return nil, nil
		}
		return nil, v.cannotFill("java.util.LinkedHashMap<java.lang.String," + javaMulti + ">")
	}
	out := make([]Named[match.MultiPattern], 0, o.Len())
	for _, m := range o.Members() {
		if m.Value == nil {
			continue
		}
		at := v.member(m.Name, m.Value)
		p, err := match.ParseMultiValue(m.Value, at.pointer)
		if err != nil {
			return nil, AsError(err, at.pointer)
		}
		out = append(out, Named[match.MultiPattern]{m.Name, p})
	}
	return out, nil
}

func singlePatterns(v place) ([]Named[match.Pattern], error) {
	o, ok := v.value.(*jsondoc.Object)
	if !ok {
		if v.value == nil {
			return nil, nil
		}
		return nil, v.cannotFill("java.util.LinkedHashMap<java.lang.String," + javaSingle + ">")
	}
	out := make([]Named[match.Pattern], 0, o.Len())
	for _, m := range o.Members() {
		p, err := single(v.member(m.Name, m.Value), match.StringValue)
		if err != nil {
			return nil, err
		}
		if p != nil {
			out = append(out, Named[match.Pattern]{m.Name, p})
		}
	}
	return out, nil
}

func contentPatterns(v place) ([]match.Pattern, error) {
	list, ok := v.value.([]any)
	if !ok {
		if v.value == nil {
			return nil, nil
		}
		return nil, v.cannotRead("java.util.ArrayList<" + javaPackage + "matching.ContentPattern<java.lang.Object>>")
	}
	out := make([]match.Pattern, 0, len(list))
	for i, e := range list {
		p, err := single(v.element(i, e), match.Content)
		if err != nil {
			return nil, err
		}
		if p != nil {
			out = append(out, p)
		}
	}
	return out, nil
}

func readCredentials(v place) (*BasicCredentials, error) {
	if v.value == nil {
		return nil, nil
	}
	c := &BasicCredentials{}
	err := v.bean(javaCredentials, func(name string, v place) (bool, error) {
		var err error
		switch name {
		case "username":
			c.Username, c.hasUsername, err = v.str()
		case "password":
			c.Password, c.hasPassword, err = v.str()
		default:
			return false, nil
		}
		return true, err
	})
	return c, err
}

func multiparts(v place) ([]MultipartPattern, error) {
	list, ok := v.value.([]any)
	if !ok {
		if v.value == nil {
			return nil, nil
		}
		return nil, v.cannotRead("java.util.ArrayList<" + javaMultipart + ">")
	}
	out := make([]MultipartPattern, 0, len(list))
	for i, e := range list {
		p := MultipartPattern{}
		if err := v.element(i, e).bean(javaMultipart, p.read); err != nil {
			return nil, err
		}
		p.All = p.MatchingType == "ALL"
		out = append(out, p)
	}
	return out, nil
}

func (m *MultipartPattern) read(name string, v place) (known bool, err error) {
	switch name {
	case "name":
		m.Name, _, err = v.str()
	case "fileName":
		m.FileName, _, err = v.str()
	case "matchingType":
		m.MatchingType, err = v.enum(javaMultipart+"$MatchingType", "ALL, ANY", "ALL", "ANY")
	case "headers":
		m.Headers, err = multiPatterns(v)
	case "bodyPatterns":
		m.BodyPatterns, err = contentPatterns(v)
	default:
		return false, nil
	}
	return true, err
}

func readCustom(v place) (*CustomMatcher, error) {
	if v.value == nil {
		return nil, nil
	}
	c := &CustomMatcher{}
	err := v.bean(javaCustom, func(name string, v place) (bool, error) {
		var err error
		switch name {
		case "name":
			c.Name, _, err = v.str()
		case "parameters":
			c.Parameters, err = v.parameters(javaPackage + "extension.Parameters")
		default:
			return false, nil
		}
		return true, err
	})
	return c, err
}
