package jsondoc

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// string reads a string from its opening quote to its closing one. eof is the complaint about a missing one ("" for
// that of a field name).
func (d *decoder) string(quote byte, eof string, value bool) (string, error) {
	start := d.pos + 1
	for i := start; i < len(d.src); i++ {
		switch c := d.src[i]; {
		case c == quote:
			d.pos = i + 1
			return d.src[start:i], nil
		case c == '\\':
			return d.escaped(quote, start, i, eof)
		case c < ' ':
			return "", d.controlChar(i, value)
		}
	}
	return "", d.openString(eof)
}

// escaped is string from the first backslash on.
func (d *decoder) escaped(quote byte, start, i int, eof string) (string, error) {
	var b strings.Builder
	b.WriteString(d.src[start:i])
	for i < len(d.src) {
		c := d.src[i]
		if c == quote {
			d.pos = i + 1
			return b.String(), nil
		}
		if c < ' ' {
			return "", d.controlChar(i, eof != "")
		}
		if c != '\\' {
			b.WriteByte(c)
			i++
			continue
		}
		if i+1 >= len(d.src) {
			break
		}
		i++
		switch e := d.src[i]; e {
		case '"', '\\', '/':
			b.WriteByte(e)
		case '\'': // Jackson accepts it once single quotes are allowed
			d.plain = false
			b.WriteByte(e)
		case 'b':
			b.WriteByte('\b')
		case 'f':
			b.WriteByte('\f')
		case 'n':
			b.WriteByte('\n')
		case 'r':
			b.WriteByte('\r')
		case 't':
			b.WriteByte('\t')
		case 'u':
			r, end, err := d.unicodeEscape(i + 1)
			if err != nil {
				return "", err
			}
			b.WriteRune(r)
			i = end
			continue
		default:
			r, _ := utf8.DecodeRuneInString(d.src[i:])
			d.pos = i
			return "", d.fail(fmt.Sprintf("Unrecognized character escape %s", describe(r)))
		}
		i++
	}
	return "", d.openString(eof)
}

// unicodeEscape reads the four digits at i and, if they are half a surrogate pair, the escape that follows. A lone
// surrogate becomes U+FFFD, since a Go string cannot hold it.
func (d *decoder) unicodeEscape(i int) (rune, int, error) {
	r, err := d.hex4(i)
	if err != nil {
		return 0, 0, err
	}
	i += 4
	if utf16.IsSurrogate(r) && strings.HasPrefix(d.src[i:], `\u`) {
		low, err := d.hex4(i + 2)
		if err != nil {
			return 0, 0, err
		}
		if pair := utf16.DecodeRune(r, low); pair != unicode.ReplacementChar {
			return pair, i + 6, nil
		}
	}
	return r, i, nil
}

func (d *decoder) hex4(i int) (rune, error) {
	var r rune
	for n := range 4 {
		if i+n >= len(d.src) {
			d.pos = len(d.src)
			return 0, d.fail("Unexpected end-of-input in character escape sequence")
		}
		c := d.src[i+n]
		switch {
		case isDigit(c):
			r = r<<4 | rune(c-'0')
		case c >= 'a' && c <= 'f':
			r = r<<4 | rune(c-'a'+10)
		case c >= 'A' && c <= 'F':
			r = r<<4 | rune(c-'A'+10)
		default:
			d.pos = i + n
			return 0, d.unexpected("expected a hex-digit for character escape sequence")
		}
	}
	return r, nil
}

func (d *decoder) openString(eof string) error {
	d.pos = len(d.src)
	if eof == "" {
		return d.fail("Unexpected end-of-input in field name")
	}
	return d.fail("Unexpected end-of-input: " + eof)
}

func (d *decoder) controlChar(i int, value bool) error {
	c := d.src[i]
	d.pos = i
	what := "name"
	if value {
		what = "string value"
	}
	return d.fail(fmt.Sprintf("Illegal unquoted character ((CTRL-CHAR, code %d)): has to be escaped using backslash to be included in %s", c, what))
}

func (d *decoder) unexpected(why string) error {
	if d.pos >= len(d.src) {
		return d.fail("Unexpected end-of-input: " + why)
	}
	r, _ := utf8.DecodeRuneInString(d.src[d.pos:])
	return d.fail(fmt.Sprintf("Unexpected character (%s): %s", describe(r), why))
}

func (d *decoder) unclosed(what string, start int) error {
	return d.fail(fmt.Sprintf("Unexpected end-of-input: expected close marker for %s (start marker at %s)", what, d.location(start)))
}

func (d *decoder) mismatch(got, want byte, what string, start int) error {
	return d.fail(fmt.Sprintf("Unexpected close marker '%c': expected '%c' (for %s starting at %s)", got, want, what, d.location(start)))
}

func (d *decoder) tooDeep(depth int) error {
	return d.fail(fmt.Sprintf("Document nesting depth (%d) exceeds the maximum allowed (%d, from `StreamReadConstraints.getMaxNestingDepth()`)", depth, MaxDepth))
}

func (d *decoder) fail(message string) error {
	line, column := d.where(d.pos)
	return &SyntaxError{Message: message + "\n at " + d.location(d.pos), Line: line, Column: column}
}

// sourceExcerpt is how many UTF-16 units of the document Jackson quotes.
const sourceExcerpt = 500

// location is Jackson's: the source, then line and column counted from 1 in UTF-16 units.
func (d *decoder) location(pos int) string {
	line, column := d.where(pos)
	var src strings.Builder
	units := 0
	for i, r := range d.src {
		if units >= sourceExcerpt {
			return fmt.Sprintf("[Source: (String)\"%s\"[truncated %d chars]; line: %d, column: %d]", src.String(), UTF16Len(d.src[i:]), line, column)
		}
		units += utf16.RuneLen(r)
		if r < ' ' && r != '\r' && r != '\n' {
			fmt.Fprintf(&src, `\u%04X`, r)
		} else {
			src.WriteRune(r)
		}
	}
	return fmt.Sprintf("[Source: (String)\"%s\"; line: %d, column: %d]", src.String(), line, column)
}

// where is a line and a column in UTF-16 units, both from 1.
func (d *decoder) where(pos int) (line, column int) {
	before := d.src[:min(pos, len(d.src))]
	return 1 + strings.Count(before, "\n"), 1 + UTF16Len(before[strings.LastIndexByte(before, '\n')+1:])
}

// maxPlainCode is the last code that Jackson prints in decimal only.
const maxPlainCode = 255

// describe is what Jackson says of a character, which for it is a UTF-16 unit: half of one beyond the basic plane.
func describe(r rune) string {
	if high, low := utf16.EncodeRune(r); high != low {
		return fmt.Sprintf("'?' (code %d / 0x%x)", high, high)
	}
	switch {
	case unicode.IsControl(r):
		return fmt.Sprintf("(CTRL-CHAR, code %d)", r)
	case r > maxPlainCode:
		return fmt.Sprintf("'%c' (code %d / 0x%x)", r, r, r)
	}
	return fmt.Sprintf("'%c' (code %d)", r, r)
}

// isIdentifier is Java's Character.isJavaIdentifierPart, near enough.
func isIdentifier(r rune) bool {
	return r == '_' || r == '$' || unicode.IsLetter(r) || unicode.IsDigit(r)
}
