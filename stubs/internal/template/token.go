package template

import (
	"strings"
	"unicode/utf8"
)

// longest finds the token that takes most of s; between equals, the earlier one of the grammar wins.
func longest(s string) (typ tokenType, n int) {
	take := func(t tokenType, l int) {
		if l > n {
			typ, n = t, l
		}
	}
	switch s[0] {
	case '*':
		take(tokDecorator, 1)
	case '|':
		take(tokPipe, 1)
	case '=':
		take(tokEq, 1)
	case '(':
		take(tokLParen, 1)
	case ')':
		take(tokRParen, 1)
	case '"':
		take(tokDouble, quotedLength(s, '"'))
	case '\'':
		take(tokSingle, quotedLength(s, '\''))
	}
	for _, word := range [...]struct {
		text string
		typ  tokenType
	}{{"as", tokAs}, {"true", tokBool}, {"false", tokBool}, {"else", tokElse}} {
		if strings.HasPrefix(s, word.text) {
			take(word.typ, len(word.text))
		}
	}
	take(tokNumber, numberLength(s))
	take(tokID, idLength(s))
	take(tokPath, pathLength(s))
	return typ, n
}

// quotedLength takes a string up to its closing quote. An escaped quote does not close, unless no other follows.
func quotedLength(s string, quote byte) int {
	for i := 1; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) && s[i+1] == quote && strings.IndexByte(s[i+2:], quote) >= 0 {
			i++
			continue
		}
		if s[i] == quote {
			return i + 1
		}
	}
	return 0
}

func numberLength(s string) int {
	i := 0
	if s[0] == '-' {
		i++
	}
	digits := digitsLength(s[i:])
	if digits == 0 {
		return 0
	}
	i += digits
	if i < len(s) && s[i] == '.' {
		if fraction := digitsLength(s[i+1:]); fraction > 0 {
			i += 1 + fraction
		}
	}
	return i
}

func digitsLength(s string) int {
	i := 0
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	return i
}

// idLength takes a name: ../ and ./ in front, then letters, digits, and [segments] in brackets.
func idLength(s string) int {
	i := 0
	for {
		if strings.HasPrefix(s[i:], "../") && isID(s[i+3:]) {
			i += 3
		} else if strings.HasPrefix(s[i:], "./") && isID(s[i+2:]) {
			i += 2
		} else {
			break
		}
	}
	if strings.HasPrefix(s[i:], "..") {
		return i + 2
	}
	if strings.HasPrefix(s[i:], ".") {
		return i + 1
	}
	n := bracketLength(s[i:])
	if n == 0 {
		if n = idStartLength(s[i:]); n == 0 {
			return 0
		}
	}
	return i + n + idSuffixLength(s[i+n:])
}

func isID(s string) bool { return s != "" && idLength(s) > 0 }

func idSuffixLength(s string) int {
	i := 0
	for i < len(s) {
		c := s[i]
		if c == '.' || c == '/' || c == '-' {
			if n := bracketLength(s[i+1:]); n > 0 {
				i += 1 + n
				continue
			}
		}
		if c == '.' || c == '/' || c == '-' || c >= '0' && c <= '9' {
			i++
			continue
		}
		n := idStartLength(s[i:])
		if n == 0 {
			break
		}
		i += n
	}
	return i
}

func idStartLength(s string) int {
	r, n := utf8.DecodeRuneInString(s)
	if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '_' || r == '$' || r == '@' || r == ':' || r >= 0xC0 && r <= 0xFF {
		return n
	}
	return 0
}

func bracketLength(s string) int {
	if s == "" || s[0] != '[' {
		return 0
	}
	if i := strings.IndexByte(s, ']'); i > 1 {
		return i + 1
	}
	return 0
}

func pathLength(s string) int {
	if s[0] == '[' {
		n := segmentLength(s[1:])
		if n > 0 && 1+n < len(s) && s[1+n] == ']' {
			return n + 2
		}
		return 0
	}
	return segmentLength(s)
}

func segmentLength(s string) int {
	i := 0
	for i < len(s) && (s[i] >= 'a' && s[i] <= 'z' || s[i] >= 'A' && s[i] <= 'Z' || s[i] >= '0' && s[i] <= '9' ||
		strings.IndexByte("_$'/.:-", s[i]) >= 0) {
		i++
	}
	return i
}
