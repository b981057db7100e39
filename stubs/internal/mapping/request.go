package mapping

import (
	"github.com/envd-dev/envd/stubs/internal/jsondoc"
	"github.com/envd-dev/envd/stubs/internal/match"
)

// Methods that stand for several.
const (
	AnyMethod = "ANY"
	GetOrHead = "GET_OR_HEAD"
)

// RequestPattern says which requests are meant. Every part that is given must match. It is immutable.
type RequestPattern struct {
	Scheme          string
	Host            match.Pattern
	Port            *int
	ClientIP        match.Pattern
	Method          string // "ANY" when not given
	URL             URLPattern
	Headers         []Named[match.MultiPattern] // nil when not given, empty when given as {}
	PathParameters  []Named[match.Pattern]
	QueryParameters []Named[match.MultiPattern]
	FormParameters  []Named[match.MultiPattern]
	Cookies         []Named[match.Pattern]
	BasicAuth       *BasicCredentials
	BodyPatterns    []match.Pattern
	Multipart       []MultipartPattern
	CustomMatcher   *CustomMatcher

	empty emptied
}

// Named is a pattern on the header, parameter or cookie called Name.
type Named[P any] struct {
	Name    string
	Pattern P
}

// URLKind says which field gave the URL pattern.
type URLKind uint8

// The URL pattern fields.
const (
	AnyURL URLKind = iota
	URLEqual
	URLRegex
	PathEqual
	PathRegex
	PathTemplate
)

// String is the kind's field name in a mapping.
func (k URLKind) String() string {
	return [...]string{"", "url", "urlPattern", "urlPath", "urlPathPattern", "urlPathTemplate"}[k]
}

// URLPattern matches the URL (path and query) or only the path of a request.
type URLPattern struct {
	Kind     URLKind
	Expected string
	Regex    match.Pattern      // of URLRegex and PathRegex
	Template *match.URLTemplate // of PathTemplate
}

// BasicCredentials are the user and password of an Authorization header.
type BasicCredentials struct {
	Username, Password       string
	hasUsername, hasPassword bool
}

// Header is the value of the Authorization header that carries the credentials. What is not given is "null" there, as Java
// joins it with the rest.
func (c BasicCredentials) Header() string {
	user, password := c.Username, c.Password
	if !c.hasUsername {
		user = "null"
	}
	if !c.hasPassword {
		password = "null"
	}
	return basicHeader(user, password)
}

// MultipartPattern matches the parts of a multipart body.
type MultipartPattern struct {
	Name         string
	FileName     string
	All          bool   // every part must match rather than any
	MatchingType string // as given; empty when not given
	Headers      []Named[match.MultiPattern]
	BodyPatterns []match.Pattern
}

// CustomMatcher names a matcher that only a JVM extension could provide: it never matches.
type CustomMatcher struct {
	Name       string
	Parameters *jsondoc.Object
}
