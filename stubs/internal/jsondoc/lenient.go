package jsondoc

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"
)

// DecodeLenient reads s like json-smart in its permissive mode, which is what JSONPath expressions of WireMock see:
// unquoted and single-quoted strings, superfluous commas, leading zeros and trailing data are all accepted, and a text
// that is no JSON at all is one unquoted string.
func DecodeLenient(s string) (any, error) {
	d := lenient{src: s}
	d.space()
	switch d.char() {
	case eof:
		if s == "" {
			return nil, errors.New("json string can not be null or empty")
		}
		return "", nil
	case ':', ']', '}':
		return nil, d.unexpected()
	}
	return d.value("")
}

// maxLenientDepth is json-smart's limit on nesting.
const maxLenientDepth = 400

// eof is json-smart's end-of-input mark; the character itself ends a document too.
const eof = 26

type lenient struct {
	src   string
	pos   int
	depth int
}

func (d *lenient) char() byte {
	if d.pos >= len(d.src) {
		return eof
	}
	return d.src[d.pos]
}

func (d *lenient) space() {
	for c := d.char(); c <= ' ' && c != eof; c = d.char() {
		d.pos++
	}
}

func (d *lenient) unexpected() error {
	if d.char() == eof {
		return errors.New("unexpected end of the JSON document")
	}
	return errors.New("unexpected character in the JSON document")
}

// value reads a value; stops are the characters that end an unquoted one.
func (d *lenient) value(stops string) (any, error) {
	for c := d.char(); c == ' ' || c == '\t' || c == '\n' || c == '\r'; c = d.char() {
		d.pos++
	}
	switch c := d.char(); {
	case c == '{':
		return d.nested(d.object)
	case c == '[':
		return d.nested(d.array)
	case c == '"' || c == '\'':
		return d.string()
	case c == ':' || c == ']' || c == '}' || c == eof:
		return nil, d.unexpected()
	case c == '-' || isDigit(c):
		return d.number(stops)
	}
	switch word := d.unquoted(stops); word {
	case "null":
		return nil, nil
	case "true":
		return true, nil
	case "false":
		return false, nil
	default:
		return word, nil
	}
}

func (d *lenient) nested(read func() (any, error)) (any, error) {
	if d.depth++; d.depth > maxLenientDepth {
		return nil, errors.New("the JSON document is nested too deeply")
	}
	v, err := read()
	d.depth--
	return v, err
}

func (d *lenient) array() (any, error) {
	list := []any{}
	d.pos++
	for {
		switch d.char() {
		case ' ', '\t', '\n', '\r', ',':
			d.pos++
		case ']':
			d.pos++
			return list, nil
		case ':', '}', eof:
			return nil, d.unexpected()
		default:
			v, err := d.value(",]")
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
	}
}

func (d *lenient) object() (any, error) {
	o := &Object{}
	d.pos++
	for {
		switch d.char() {
		case ' ', '\t', '\n', '\r', ',':
			d.pos++
			continue
		case '}':
			d.pos++
			return o, nil
		case ':', '[', ']', '{':
			return nil, d.unexpected()
		}
		if err := d.member(o); err != nil {
			return nil, err
		}
		switch d.char() {
		case '}', ',':
		default:
			return nil, d.unexpected()
		}
	}
}

func (d *lenient) member(o *Object) error {
	var name string
	if c := d.char(); c == '"' || c == '\'' {
		var err error
		if name, err = d.string(); err != nil {
			return err
		}
	} else {
		name = d.unquoted(":")
	}
	d.space()
	if d.char() != ':' {
		return d.unexpected()
	}
	d.pos++
	v, err := d.value(",}")
	if err != nil {
		return err
	}
	o.Set(name, v)
	d.space()
	return nil
}

// unquoted reads up to one of stops and trims what it read.
func (d *lenient) unquoted(stops string) string {
	start := d.pos
	d.skipTo(stops)
	return trim(d.src[start:d.pos])
}

func (d *lenient) skipTo(stops string) {
	for c := d.char(); c != eof && strings.IndexByte(stops, c) < 0; c = d.char() {
		d.pos++
	}
}

// trim drops white space at both ends, but never the last character.
func trim(s string) string {
	t := strings.TrimFunc(s, unicode.IsSpace)
	if t == "" && s != "" {
		_, size := utf8.DecodeLastRuneInString(s)
		return s[len(s)-size:]
	}
	return t
}

func (d *lenient) number(stops string) (any, error) {
	start := d.pos
	d.pos++
	d.digits()
	integer := true
	if d.char() == '.' {
		integer = false
		d.pos++
		d.digits()
	}
	if c := d.char(); c == 'e' || c == 'E' {
		integer = false
		d.pos++
		if c := d.char(); c == '+' || c == '-' || isDigit(c) {
			d.pos++
			d.digits()
		} else {
			return d.text(start, stops), nil
		}
	}
	d.space()
	if c := d.char(); c != eof && strings.IndexByte(stops, c) < 0 && c < '~' {
		return d.text(start, stops), nil
	}
	text := trim(d.src[start:d.pos])
	if len(text) > maxNumberLength {
		return nil, errors.New("the JSON document has a number of too many digits")
	}
	return lenientNumber(text, integer)
}

func (d *lenient) text(start int, stops string) string {
	d.skipTo(stops)
	return trim(d.src[start:d.pos])
}

func (d *lenient) digits() {
	for isDigit(d.char()) {
		d.pos++
	}
}

// lenientNumber spells a number the way of RFC 8259.
func lenientNumber(text string, integer bool) (any, error) {
	sign, digits := "", text
	if strings.HasPrefix(text, "-") {
		sign, digits = "-", text[1:]
	}
	digits = strings.TrimLeft(digits, "0")
	if digits == "" || !isDigit(digits[0]) {
		digits = "0" + digits
	}
	if integer {
		if digits == "0" {
			sign = ""
		}
		return Number(sign + digits), nil
	}
	if last := text[len(text)-1]; last == '+' || last == '-' {
		return nil, errors.New("the JSON document has a number without an exponent")
	}
	return Number(sign + strings.Replace(strings.Replace(digits, ".e", ".0e", 1), ".E", ".0E", 1)), nil
}

func (d *lenient) string() (string, error) {
	quote := d.char()
	end := strings.IndexByte(d.src[d.pos+1:], quote)
	if end < 0 {
		return "", errors.New("unexpected end of a JSON string")
	}
	if s := d.src[d.pos+1 : d.pos+1+end]; strings.IndexByte(s, '\\') < 0 {
		d.pos += end + 2
		return s, nil
	}
	return d.escaped(quote)
}

func (d *lenient) escaped(quote byte) (string, error) {
	var b strings.Builder
	for d.pos++; d.pos < len(d.src); d.pos++ {
		switch c := d.src[d.pos]; {
		case c == quote:
			d.pos++
			return b.String(), nil
		case c == '\\':
			if err := d.escape(&b); err != nil {
				return "", err
			}
		case c < ' ' || c == 0x7f: // dropped, once a string has an escape
		default:
			b.WriteByte(c)
		}
	}
	return "", errors.New("unexpected end of a JSON string")
}

// escape reads one escape and leaves the position on its last character. Unknown ones vanish.
func (d *lenient) escape(b *strings.Builder) error {
	d.pos++
	switch c := d.char(); c {
	case 't':
		b.WriteByte('\t')
	case 'n':
		b.WriteByte('\n')
	case 'r':
		b.WriteByte('\r')
	case 'f':
		b.WriteByte('\f')
	case 'b':
		b.WriteByte('\b')
	case '\\', '/', '\'', '"':
		b.WriteByte(c)
	case 'u':
		dec := decoder{src: d.src}
		r, end, err := dec.unicodeEscape(d.pos + 1)
		if err != nil {
			return errors.New("a JSON string has a broken \\u escape")
		}
		b.WriteRune(r)
		d.pos = end - 1
	}
	return nil
}
