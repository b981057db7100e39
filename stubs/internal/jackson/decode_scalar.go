package jackson

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/envd-dev/envd/stubs/internal/jsondoc"
)

// str reads a string that ends with the quote it began with.
func (d *decoder) str(quote byte) (string, error) {
	d.pos++
	from := d.pos
	for d.pos < len(d.s) && d.s[d.pos] != quote && d.s[d.pos] != '\\' && d.s[d.pos] >= ' ' {
		d.pos++
	}
	if d.pos < len(d.s) && d.s[d.pos] == quote {
		d.pos++
		return d.s[from : d.pos-1], nil
	}
	var b strings.Builder
	b.WriteString(d.s[from:d.pos])
	for d.pos < len(d.s) {
		c := d.s[d.pos]
		switch {
		case c == quote:
			d.pos++
			return b.String(), nil
		case c == '\\':
			if err := d.escape(&b); err != nil {
				return "", err
			}
		case c < ' ':
			return "", d.fail(d.pos+1, "Illegal unquoted character ((CTRL-CHAR, code %d)): has to be escaped using backslash to be included in string value", c)
		default:
			b.WriteByte(c)
			d.pos++
		}
	}
	return "", d.fail(len(d.s), "Unexpected end-of-input: was expecting closing quote for a string value")
}

var escapes = map[byte]byte{'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t', '"': '"', '\\': '\\', '/': '/'}

func (d *decoder) escape(b *strings.Builder) error {
	d.pos++
	if d.pos >= len(d.s) {
		return d.fail(len(d.s), "Unexpected end-of-input in character escape sequence")
	}
	c := d.s[d.pos]
	if c == 'u' {
		return d.unicodeEscape(b)
	}
	plain, ok := escapes[c]
	if !ok {
		if c != '\'' {
			return d.fail(d.pos+1, "Unrecognized character escape '%c' (code %d)", c, c)
		}
		plain = c
	}
	b.WriteByte(plain)
	d.pos++
	return nil
}

func (d *decoder) unicodeEscape(b *strings.Builder) error {
	r, ok := d.hex(d.pos + 1)
	if !ok {
		return d.fail(d.pos+1, "Unexpected character: expected a hex-digit for character escape sequence")
	}
	d.pos += 5
	if utf16.IsSurrogate(r) && strings.HasPrefix(d.s[d.pos:], `\u`) {
		if low, ok := d.hex(d.pos + 2); ok {
			if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
				r = pair
				d.pos += 6
			}
		}
	}
	b.WriteRune(r)
	return nil
}

func (d *decoder) hex(at int) (rune, bool) {
	if at+4 > len(d.s) {
		return 0, false
	}
	n, err := strconv.ParseUint(d.s[at:at+4], 16, 32)
	return rune(n), err == nil
}

func (d *decoder) number() (any, error) {
	from := d.pos
	d.pos++
	for d.pos < len(d.s) && strings.IndexByte("0123456789.eE+-", d.s[d.pos]) >= 0 {
		d.pos++
	}
	text := d.s[from:d.pos]
	if !validNumber(text) {
		d.pos = from
		return nil, d.fail(from+1, "Invalid numeric value: %s", text)
	}
	if len(d.starts) == 0 && d.pos < len(d.s) && strings.IndexByte(" \t\r\n", d.s[d.pos]) < 0 {
		return nil, d.unexpected("Expected space separating root-level values")
	}
	return jsondoc.Number(text), nil
}

// validNumber checks the grammar of RFC 8259, section 6.
func validNumber(s string) bool {
	s = strings.TrimPrefix(s, "-")
	whole := digits(s)
	if whole == 0 || whole > 1 && s[0] == '0' {
		return false
	}
	s = s[whole:]
	if strings.HasPrefix(s, ".") {
		n := digits(s[1:])
		if n == 0 {
			return false
		}
		s = s[1+n:]
	}
	if s == "" {
		return true
	}
	if s[0] != 'e' && s[0] != 'E' {
		return false
	}
	s = s[1:]
	if s != "" && (s[0] == '+' || s[0] == '-') {
		s = s[1:]
	}
	return s != "" && digits(s) == len(s)
}

func digits(s string) (n int) {
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}

func (d *decoder) literal() (any, error) {
	from := d.pos
	for d.pos < len(d.s) && (d.s[d.pos] >= 'a' && d.s[d.pos] <= 'z' || d.s[d.pos] >= 'A' && d.s[d.pos] <= 'Z' || d.s[d.pos] == '_' || d.s[d.pos] >= '0' && d.s[d.pos] <= '9') {
		d.pos++
	}
	switch word := d.s[from:d.pos]; word {
	case "true":
		return true, nil
	case "false":
		return false, nil
	case "null":
		return nil, nil
	case "":
		return nil, d.unexpected("expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false')")
	default:
		return nil, d.fail(d.pos, "Unrecognized token '%s': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')", word)
	}
}
