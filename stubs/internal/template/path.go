package template

import (
	"regexp"
	"strconv"
	"strings"
)

// path is a compiled reference such as request.headers.[X-Id] or ../name.
type path []segment

type segmentKind uint8

const (
	segProperty segmentKind = iota
	segIndex
	segData          // @name
	segThis          // this or ./ with something after it
	segResolveThis   // this, . or ./ alone
	segParent        // ../ with something after it
	segResolveParent // .. alone
)

type segment struct {
	kind  segmentKind
	name  string // for segData with its @
	index int
}

// local reports whether the segment, in front, keeps the lookup from the enclosing scopes.
func (s segment) local() bool { return s.kind >= segThis }

var pathParts = regexp.MustCompile(`\[[^\[\]]+\]|\.\./|[^./]+`)

// compilePath follows Handlebars.java's PathCompiler.
func compilePath(text string) path {
	switch text {
	case "this", "./", ".":
		return path{{kind: segResolveThis, name: text}}
	case "..":
		return path{{kind: segResolveParent, name: ".."}}
	}
	if rest, ok := strings.CutPrefix(text, "../"); ok {
		return append(path{{kind: segParent, name: "../"}}, compilePath(rest)...)
	}
	if rest, ok := strings.CutPrefix(text, "./"); ok {
		return append(path{{kind: segThis, name: "./"}}, compilePath(rest)...)
	}
	var p path
	data := false
	for _, key := range pathParts.FindAllString(text, -1) {
		switch {
		case key == "this":
			p = append(p, segment{kind: segThis, name: key})
			continue
		case key == "../":
			p = append(p, segment{kind: segParent, name: key})
			continue
		case key == "@":
			data = true
			continue
		case key[0] == '@':
			p = append(p, segment{kind: segData, name: key})
			continue
		}
		if key[0] == '[' && key[len(key)-1] == ']' {
			key = key[1 : len(key)-1]
		}
		if i, err := strconv.ParseInt(key, 10, 32); err == nil {
			p = append(p, segment{kind: segIndex, name: key, index: int(i)})
		} else if data {
			p = append(p, segment{kind: segData, name: "@" + key})
		} else {
			p = append(p, segment{kind: segProperty, name: key})
		}
	}
	if p == nil {
		p = path{} // never nil: a nil path means that a parameter is no path
	}
	return p
}
