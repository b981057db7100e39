package template

import (
	"fmt"
	"strings"
)

const (
	uriUnreserved = "_-!.~'()*"
	uriPath       = uriUnreserved + ":@&=+$,;/"
	uriQuery      = uriPath + "?[]"
)

// checkURI says what java.net.URI dislikes in the URL of a request, "" if nothing: WireMock cannot make a model for it
// then and answers with its error page.
func checkURI(url string) string {
	part, allowed := "path", uriPath
	for i := 0; i < len(url); i++ {
		c := url[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c >= 0x80:
		case c == '?' && part == "path":
			part, allowed = "query", uriQuery
		case c == '%':
			if i+2 >= len(url) || !isHex(url[i+1]) || !isHex(url[i+2]) {
				return fmt.Sprintf("java.lang.IllegalArgumentException: Malformed escape pair at index %d: %s", i, url)
			}
		case strings.IndexByte(allowed, c) < 0:
			return fmt.Sprintf("java.lang.IllegalArgumentException: Illegal character in %s at index %d: %s", part, i, url)
		}
	}
	return ""
}

// uriPathOf is URI.getPath, not decoded: what follows two slashes in front is an authority.
func uriPathOf(path string) string {
	rest, ok := strings.CutPrefix(path, "//")
	if !ok {
		return path
	}
	if i := strings.IndexByte(rest, '/'); i >= 0 {
		return rest[i:]
	}
	return ""
}
