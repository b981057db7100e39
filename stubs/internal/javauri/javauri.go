// Package javauri says what java.net.URI dislikes in a URI, in its words: WireMock's clients see them.
package javauri

import (
	"fmt"
	"strings"
)

// What RFC 2396 allows in the parts of a URI besides letters, digits and escapes, as java.net.URI reads it.
const (
	unreserved = "_-!.~'()*"
	authority  = unreserved + "$,;:@&=+[]"
	path       = unreserved + ":@&=+$,;/"
	query      = path + "?[]"
)

// Check returns the error of a URI, absolute or relative, that java.net.URI refuses; its text is that of the exception.
func Check(uri string) error {
	part, allowed, from := "path", path, 0
	if strings.HasPrefix(uri, "//") {
		part, allowed, from = "authority", authority, 2
	} else if n := schemeLength(uri); n > 0 {
		switch from = n + 1; {
		case from == len(uri):
			return fmt.Errorf("Expected scheme-specific part at index %d: %s", from, uri) // Java's wording, as all of these
		case strings.HasPrefix(uri[from:], "//"):
			part, allowed, from = "authority", authority, from+2
		case uri[from] != '/':
			part, allowed = "opaque part", query
		}
	}
	if part == "authority" {
		if err := checkAuthority(uri, from); err != nil {
			return err
		}
	}
	for i := from; i < len(uri); i++ {
		c := uri[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c >= 0x80:
		case c == '/' && part == "authority":
			part, allowed = "path", path
		case c == '?' && (part == "path" || part == "authority"):
			part, allowed = "query", query
		case c == '#' && part != "fragment" && schemeLength(uri) > 0:
			part, allowed = "fragment", query
		case c == '%':
			if i+2 >= len(uri) || !isHex(uri[i+1]) || !isHex(uri[i+2]) {
				return fmt.Errorf("Malformed escape pair at index %d: %s", i, uri)
			}
		case strings.IndexByte(allowed, c) < 0:
			if part == "authority" { // which is read as a whole
				i = from
			}
			return fmt.Errorf("Illegal character in %s at index %d: %s", part, i, uri)
		}
	}
	return nil
}

// Failure is what URI.create throws of a URI, by the exception's class and message; nil for a good one.
func Failure(uri string) error {
	if err := Check(uri); err != nil {
		return fmt.Errorf("java.lang.IllegalArgumentException: %w", err)
	}
	return nil
}

// checkAuthority refuses an authority, which begins at an index of the URI, for what it lacks: there must be something to
// name, or a path in its place, and an address in brackets must end.
func checkAuthority(uri string, from int) error {
	name := uri[from:]
	if end := strings.IndexAny(name, "/?#"); end >= 0 {
		name = name[:end]
	}
	switch {
	case from == len(uri):
		return fmt.Errorf("Expected authority at index %d: %s", from, uri)
	case strings.HasPrefix(name, "[") && !strings.Contains(name, "]"):
		return fmt.Errorf("Expected closing bracket for IPv6 address at index %d: %s", from+len(name), uri)
	}
	return nil
}

// Path is the path of a URI without a scheme, as it is written: what follows two slashes in front is an authority.
func Path(uri string) string {
	if i := strings.IndexAny(uri, "?#"); i >= 0 {
		uri = uri[:i]
	}
	name, ok := strings.CutPrefix(uri, "//")
	if !ok {
		return uri
	}
	if i := strings.IndexByte(name, '/'); i >= 0 {
		return name[i:]
	}
	return ""
}

// schemeLength is the length of the scheme that the URI begins with, 0 for none.
func schemeLength(uri string) int {
	for i := range len(uri) {
		c := uri[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		switch {
		case letter, i > 0 && (c >= '0' && c <= '9' || strings.IndexByte("+-.", c) >= 0):
		case c == ':':
			return i
		default:
			return 0
		}
	}
	return 0
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}
