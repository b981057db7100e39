package template

import "strings"

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
