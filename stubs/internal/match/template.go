package match

import (
	"strconv"
	"strings"

	"github.com/envd-dev/envd/stubs/internal/javaregex"
)

// URLTemplate is a path template such as "/users/{id}/orders/{orderId}". A variable stands for one segment or a part of
// it, ** for anything.
type URLTemplate struct {
	source string
	parts  []templatePart
	names  []string
	re     *javaregex.Regexp // for templates whose wildcards or adjoining variables need a search
}

type templatePart struct {
	literal string
	kind    partKind
}

type partKind uint8

const (
	literalPart partKind = iota
	variablePart
	wildcardPart
)

// ParseURLTemplate compiles the template of urlPathTemplate or matchesPathTemplate. The error has Java's words.
func ParseURLTemplate(t string) (*URLTemplate, error) {
	u := &URLTemplate{source: t}
	wildcards := 0
	rest := t
	for rest != "" {
		at, kind, length := nextSymbol(rest)
		u.literal(rest[:at])
		switch kind {
		case variablePart:
			u.parts = append(u.parts, templatePart{kind: variablePart})
			u.names = append(u.names, strings.NewReplacer(".", "", ";", "", "*", "").Replace(rest[at+1:at+length-1]))
		case wildcardPart:
			u.parts = append(u.parts, templatePart{kind: wildcardPart})
			u.names = append(u.names, strconv.Itoa(wildcards))
			wildcards++
		}
		rest = rest[at+length:]
	}
	if !u.segmented() {
		re, err := javaregex.Compile(u.regex(), 0)
		if err != nil {
			return nil, err
		}
		u.re = re
	}
	return u, nil
}

// nextSymbol finds the first {variable} or ** of s: where, which and how long; a literal part of length 0 at the end if
// there is none.
func nextSymbol(s string) (at int, kind partKind, length int) {
	for i := range len(s) {
		switch {
		case s[i] == '{':
			if end := strings.IndexByte(s[i:], '}'); end > 1 {
				return i, variablePart, end + 1
			}
		case strings.HasPrefix(s[i:], "**"):
			return i, wildcardPart, 2
		}
	}
	return len(s), literalPart, 0
}

func (t *URLTemplate) literal(s string) {
	if s != "" {
		t.parts = append(t.parts, templatePart{literal: s})
	}
}

// segmented reports whether every variable ends at a slash or at the end, so that matching needs no search.
func (t *URLTemplate) segmented() bool {
	for i, p := range t.parts {
		if p.kind == wildcardPart && i < len(t.parts)-1 {
			return false
		}
		if p.kind == variablePart && i < len(t.parts)-1 && !strings.HasPrefix(t.parts[i+1].literal, "/") {
			return false
		}
	}
	return true
}

func (t *URLTemplate) regex() string {
	var b strings.Builder
	b.WriteString(`\A`)
	for _, p := range t.parts {
		switch p.kind {
		case literalPart:
			b.WriteString(`\Q` + strings.ReplaceAll(p.literal, `\E`, `\E\\E\Q`) + `\E`)
		case variablePart:
			b.WriteString("([^/]+)")
		case wildcardPart:
			b.WriteString("(.*?)")
		}
	}
	b.WriteString(`\z`)
	return b.String()
}

// String is the template as given.
func (t *URLTemplate) String() string { return t.source }

// Match reports whether path (no query) fits the template.
func (t *URLTemplate) Match(path string) bool {
	if t.re != nil {
		return t.re.MatchString(path)
	}
	return t.walk(path, nil)
}

// walk matches a segmented template and hands the variables' values to found.
func (t *URLTemplate) walk(path string, found func(value string)) bool {
	for _, p := range t.parts {
		end := len(path)
		switch p.kind {
		case literalPart:
			if !strings.HasPrefix(path, p.literal) {
				return false
			}
			path = path[len(p.literal):]
			continue
		case variablePart:
			if i := strings.IndexByte(path, '/'); i >= 0 {
				end = i
			}
			if end == 0 {
				return false
			}
		case wildcardPart:
			if strings.ContainsAny(path, "\n\r\u0085\u2028\u2029") {
				return false
			}
		}
		if found != nil {
			found(path[:end])
		}
		path = path[end:]
	}
	return path == ""
}

// Variables gives the path parameters of a path that matches, nil of one that does not. Wildcards are called "0", "1" …
func (t *URLTemplate) Variables(path string) map[string]string {
	vars := make(map[string]string, len(t.names))
	if t.re == nil {
		i := 0
		ok := t.walk(path, func(value string) {
			vars[t.names[i]] = value
			i++
		})
		if !ok {
			return nil
		}
		return vars
	}
	groups := t.re.FindStringSubmatch(path)
	if groups == nil {
		return nil
	}
	for i, name := range t.names {
		vars[name] = groups[i+1]
	}
	return vars
}

// Names lists the variables in order.
func (t *URLTemplate) Names() []string { return t.names }

// Prefix is the literal part before the first variable or wildcard, for indexing.
func (t *URLTemplate) Prefix() string {
	if len(t.parts) == 0 {
		return ""
	}
	return t.parts[0].literal
}

// Distance is how far off a path is that does not match: that of its text from the template's, variables left out.
func (t *URLTemplate) Distance(path string) float64 {
	var b strings.Builder
	for _, p := range t.parts {
		if p.kind == literalPart {
			b.WriteString(p.literal)
		} else {
			b.WriteByte('_')
		}
	}
	return TextDistance(b.String(), path)
}
