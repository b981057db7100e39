package javauri

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestCheck(t *testing.T) {
	for uri, want := range map[string]string{
		"/a/b;c=1?x=[1]&y=/?":  "",
		"http://host:80/é?é#é": "",
		"http://[::1]:80/":     "",
		"mailto:x":             "",
		"":                     "",
		"//h/x|":               "Illegal character in path at index 5: //h/x|",
		"///x":                 "",
		"//":                   "Expected authority at index 2: //",
		"http://":              "Expected authority at index 7: http://",
		"//[/x":                "Expected closing bracket for IPv6 address at index 3: //[/x",
		"/a b":                 "Illegal character in path at index 2: /a b",
		"/a#b":                 "Illegal character in path at index 2: /a#b",
		"/a?b=|":               "Illegal character in query at index 5: /a?b=|",
		"/a%zz":                "Malformed escape pair at index 2: /a%zz",
		"/a%2":                 "Malformed escape pair at index 2: /a%2",
		"http:":                "Expected scheme-specific part at index 5: http:",
		"http://a b/":          "Illegal character in authority at index 7: http://a b/",
		"http://h/x?a=b c":     "Illegal character in query at index 14: http://h/x?a=b c",
		"http://h/x#a b":       "Illegal character in fragment at index 12: http://h/x#a b",
		"not a url":            "Illegal character in path at index 3: not a url",
	} {
		if err := Check(uri); want == "" {
			assert.NoError(t, err, uri)
		} else {
			assert.EqualError(t, err, want)
		}
	}
}

func TestPath(t *testing.T) {
	for uri, want := range map[string]string{
		"/a/%20?b=/c": "/a/%20", "//h/a": "/a", "//h?b=/c": "", "///a": "/a", "////a": "//a", "/a//b": "/a//b", "": "",
	} {
		assert.Equal(t, want, Path(uri), uri)
	}
}
