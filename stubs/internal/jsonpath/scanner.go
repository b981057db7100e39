package jsonpath

import (
	"fmt"
	"strings"
)

// scanner walks an expression. Its last character is at end; a filter's scanner still sees the text behind that, as
// Jayway's does.
type scanner struct {
	src string
	pos int
	end int // index of the last character
}

func newScanner(s string) *scanner { return &scanner{src: s, end: len(s) - 1} }

// at is the character at i, 0 where there is none.
func (s *scanner) at(i int) byte {
	if i < 0 || i >= len(s.src) {
		return 0
	}
	return s.src[i]
}

func (s *scanner) char() byte        { return s.at(s.pos) }
func (s *scanner) in(i int) bool     { return i >= 0 && i <= s.end }
func (s *scanner) inBounds() bool    { return s.in(s.pos) }
func (s *scanner) atTail() bool      { return s.pos >= s.end }
func (s *scanner) outOfRange() error { return invalidf("String index out of range: %d", len(s.src)) }

func (s *scanner) skipBlanks() {
	for s.inBounds() && s.pos < s.end && s.char() == ' ' {
		s.pos++
	}
}

func (s *scanner) trim() {
	s.skipBlanks()
	for s.inBounds() && s.pos < s.end && s.at(s.end) == ' ' {
		s.end--
	}
}

// next is the index of the first character after i that is no space; it may be out of bounds.
func (s *scanner) next(i int) int {
	for i++; s.in(i) && s.src[i] == ' '; i++ {
	}
	return i
}

// nextChar is the character at next(i), a space at the end.
func (s *scanner) nextChar(i int) byte {
	if n := s.next(i); s.in(n) {
		return s.src[n]
	}
	return ' '
}

// previous is the last character before the position that is no space, a space at the start.
func (s *scanner) previous(i int) int {
	for i--; s.in(i) && s.src[i] == ' '; i-- {
	}
	if s.in(i) {
		return i
	}
	return -1
}

func (s *scanner) indexFrom(i int, c byte) int {
	for ; s.in(i); i++ {
		if s.src[i] == c {
			return i
		}
	}
	return -1
}

// unescaped is the index of the next c after i that has no backslash before it, -1 if there is none.
func (s *scanner) unescaped(i int, c byte) int {
	escape := false
	for i++; s.in(i); i++ {
		switch {
		case escape:
			escape = false
		case s.src[i] == '\\':
			escape = true
		case s.src[i] == c:
			return i
		}
	}
	return -1
}

// closing finds the bracket that closes the one at start, leaving out strings and, if so told, /regexes/.
func (s *scanner) closing(start int, open, close byte, skipRegex bool) (int, error) {
	depth := 1
	for i := start + 1; s.in(i); i++ {
		if c := s.src[i]; c == '\'' || c == '"' {
			if i = s.unescaped(i, c); i < 0 {
				return 0, invalidf("Could not find matching close quote for %c when parsing : %s", c, s.src)
			}
			i++
		}
		if skipRegex && s.at(i) == '/' {
			if i = s.unescaped(i, '/'); i < 0 {
				return 0, invalidf("Could not find matching close for / when parsing regex in : %s", s.src)
			}
			i++
		}
		switch s.at(i) {
		case open:
			depth++
		case close:
			if depth--; depth == 0 {
				return i, nil
			}
		case 0:
			return 0, s.outOfRange()
		}
	}
	return -1, nil
}

// accept reads c after blanks.
func (s *scanner) accept(c byte) error {
	s.skipBlanks()
	if s.char() != c {
		return invalidf("Expected character: %c", c)
	}
	s.pos++
	return nil
}

// acceptWord reads word after blanks, if it is there.
func (s *scanner) acceptWord(word string) bool {
	s.skipBlanks()
	if !s.in(s.pos+len(word)-1) || !strings.HasPrefix(s.src[s.pos:], word) {
		return false
	}
	s.pos += len(word)
	return true
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// PathError is an expression that Jayway refuses (its InvalidPathException).
type PathError struct{ Message string }

func (e *PathError) Error() string { return e.Message }

func invalidf(format string, args ...any) error {
	return &PathError{fmt.Sprintf(format, args...)}
}

// unescape resolves the escapes of a quoted name or string literal.
func unescape(s string) (string, error) {
	if strings.IndexByte(s, '\\') < 0 {
		return s, nil
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			b.WriteByte(s[i])
			continue
		}
		if i++; i == len(s) {
			b.WriteByte('\\')
			break
		}
		switch s[i] {
		case 'r':
			b.WriteByte('\r')
		case 'f':
			b.WriteByte('\f')
		case 't':
			b.WriteByte('\t')
		case 'n':
			b.WriteByte('\n')
		case 'b':
			b.WriteByte('\b')
		case 'u':
			if i+4 >= len(s) {
				return b.String(), nil // an unfinished escape vanishes
			}
			var r rune
			if _, err := fmt.Sscanf(s[i+1:i+5], "%04x", &r); err != nil {
				return "", fmt.Errorf("Unable to parse unicode value: %s", s[i+1:i+5])
			}
			b.WriteRune(r)
			i += 4
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String(), nil
}
