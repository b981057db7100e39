package jsondoc

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
	"unsafe"
)

// MaxDepth is how deep objects and arrays may nest; Jackson has the same limit.
const MaxDepth = 1000

// SyntaxError is a document that Jackson refuses.
type SyntaxError struct {
	Message      string // in Jackson's words, with its excerpt of the source and the position
	Line, Column int    // from 1, columns in UTF-16 units; 0 when there is no document
	// Pointer is where the innermost object or array stands that was being read (unescaped, as WireMock's pointers); "" is
	// the document.
	Pointer string
}

// ErrEmpty is what [Decode] returns for a document of nothing but white space and comments.
var ErrEmpty = &SyntaxError{Message: "No content to map due to end-of-input"}

func (e *SyntaxError) Error() string { return e.Message }

// Decode reads the first JSON value of data as Jackson does with WireMock's settings: comments and single quotes are
// accepted, and what follows the value is not looked at. The error is a *SyntaxError.
// Strings of the result may share memory with data, which must not change afterwards.
func Decode(data []byte) (any, error) {
	return DecodeString(unsafe.String(unsafe.SliceData(data), len(data)))
}

// DecodeString is [Decode] for a string.
func DecodeString(s string) (any, error) {
	v, _, err := Parse(s)
	return v, err
}

// Parse is [DecodeString] and also reports whether s was plain RFC 8259 JSON: no comments, single quotes, or trailing
// data. Every parser reads plain JSON alike.
func Parse(s string) (v any, plain bool, err error) {
	d := decoder{src: s, plain: true}
	if err := d.space("Root"); err != nil {
		return nil, false, err
	}
	if d.pos == len(s) {
		return nil, false, ErrEmpty
	}
	v, err = d.value()
	if err != nil {
		return nil, false, err
	}
	for d.pos < len(s) && isSpace(s[d.pos]) {
		d.pos++
	}
	return v, d.plain && d.pos == len(s), nil
}

type decoder struct {
	src   string
	pos   int
	plain bool
	depth int // objects and arrays that are open

	offsets map[string]int // where the value at each pointer (unescaped, as WireMock's) begins; nil unless wanted
	pointer string         // to the value being read, if they are
}

const expectedValue = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"

func (d *decoder) value() (any, error) {
	if d.offsets != nil {
		d.offsets[d.pointer] = d.pos
	}
	switch c := d.src[d.pos]; {
	case c == '{':
		return d.object()
	case c == '[':
		return d.array()
	case c == '"':
		return d.string('"', "was expecting closing quote for a string value", true)
	case c == '\'':
		d.plain = false
		return d.string('\'', "was expecting closing quote for a string value", true)
	case c == '-' || c >= '0' && c <= '9':
		return d.number(d.depth == 0)
	case d.depth == 0 && c == '}':
		return nil, d.fail("Unexpected close marker '}': no open Object to close")
	case d.depth == 0 && c == ']':
		return nil, d.fail("Unexpected close marker ']': no open Array to close")
	case c == '+':
		d.pos++
		return nil, d.oddNumber('+')
	case isIdentifier(rune(c)) || c >= utf8.RuneSelf:
		return d.word()
	}
	return nil, d.unexpected("expected a valid value " + expectedValue)
}

// open is for the first byte of an object or array, close for its last one.
func (d *decoder) open() error {
	if d.depth == MaxDepth {
		return d.tooDeep(d.depth + 1)
	}
	d.pos++
	d.depth++
	return nil
}

func (d *decoder) close() {
	d.pos++
	d.depth--
}

// part reads the value of a member, or of an element by its index.
func (d *decoder) part(name string, index int) (any, error) {
	outer, depth := d.pointer, d.depth
	if d.offsets != nil {
		d.pointer += "/" + segment(name, index)
	}
	v, err := d.value()
	d.pointer = outer
	if syntax, ok := err.(*SyntaxError); ok && d.depth > depth { //nolint:errorlint // nothing here wraps errors
		syntax.Pointer = "/" + segment(name, index) + syntax.Pointer
	}
	return v, err
}

func segment(name string, index int) string {
	if index < 0 {
		return name
	}
	return strconv.Itoa(index)
}

func (d *decoder) object() (any, error) {
	start := d.pos
	if err := d.open(); err != nil {
		return nil, err
	}
	o := &Object{}
	for first := true; ; first = false {
		if err := d.space("Object"); err != nil {
			return nil, err
		}
		if d.pos == len(d.src) {
			return nil, d.unclosed("Object", start)
		}
		if d.src[d.pos] == '}' {
			d.close()
			return o, nil
		}
		if !first {
			if d.src[d.pos] == ']' {
				return nil, d.mismatch(']', '}', "Object", start)
			}
			if d.src[d.pos] != ',' {
				return nil, d.unexpected("was expecting comma to separate Object entries")
			}
			d.pos++
			if err := d.spaceWithin("Object"); err != nil {
				return nil, err
			}
		}
		if err := d.member(o, start, first); err != nil {
			return nil, err
		}
	}
}

func (d *decoder) member(o *Object, start int, first bool) error {
	quote := d.src[d.pos]
	if quote == ']' && first {
		return d.mismatch(']', '}', "Object", start)
	}
	if quote != '"' && quote != '\'' {
		return d.unexpected("was expecting double-quote to start field name")
	}
	d.plain = d.plain && quote == '"'
	name, err := d.string(quote, "", false)
	if err != nil {
		return err
	}
	if err := d.spaceWithin("Object"); err != nil {
		return err
	}
	if d.src[d.pos] != ':' {
		return d.unexpected("was expecting a colon to separate field name and value")
	}
	d.pos++
	if err := d.spaceWithin("Object"); err != nil {
		return err
	}
	v, err := d.part(name, -1)
	if err != nil {
		return err
	}
	o.Set(name, v)
	return nil
}

func (d *decoder) array() (any, error) {
	start := d.pos
	if err := d.open(); err != nil {
		return nil, err
	}
	list := []any{}
	for first := true; ; first = false {
		if err := d.space("Array"); err != nil {
			return nil, err
		}
		if d.pos == len(d.src) {
			return nil, d.unclosed("Array", start)
		}
		c := d.src[d.pos]
		if c == ']' {
			d.close()
			return list, nil
		}
		if c == '}' {
			return nil, d.mismatch('}', ']', "Array", start)
		}
		if !first {
			if c != ',' {
				return nil, d.unexpected("was expecting comma to separate Array entries")
			}
			d.pos++
			if err := d.spaceWithin("Array"); err != nil {
				return nil, err
			}
		}
		v, err := d.part("", len(list))
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
}

// word reads null, true or false.
func (d *decoder) word() (any, error) {
	start := d.pos
	d.identifier()
	word := d.src[start:d.pos]
	switch word {
	case "null":
		return nil, nil
	case "true":
		return true, nil
	case "false":
		return false, nil
	case "NaN", "INF", "Infinity":
		return nil, d.fail("Non-standard token '" + word + "': enable `JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS` to allow")
	case "":
		return nil, d.unexpected("expected a valid value " + expectedValue)
	}
	return nil, d.fail("Unrecognized token '" + word + "': was expecting " + expectedValue)
}

// identifier skips what may stand in an identifier of Java.
func (d *decoder) identifier() {
	for d.pos < len(d.src) {
		r, size := utf8.DecodeRuneInString(d.src[d.pos:])
		if !isIdentifier(r) {
			return
		}
		d.pos += size
	}
}

// space skips white space and comments up to the next token, or the end.
func (d *decoder) space(where string) error {
	for d.pos < len(d.src) {
		switch c := d.src[d.pos]; {
		case isSpace(c):
			d.pos++
		case c == '/':
			d.plain = false
			if err := d.comment(); err != nil {
				return err
			}
		case c < ' ':
			d.pos++
			return d.fail(fmt.Sprintf("Illegal character ((CTRL-CHAR, code %d)): only regular white space (\\r, \\n, \\t) is allowed between tokens", c))
		default:
			return nil
		}
	}
	return nil
}

// spaceWithin is space where the document may not end.
func (d *decoder) spaceWithin(where string) error {
	if err := d.space(where); err != nil {
		return err
	}
	if d.pos == len(d.src) {
		return d.fail("Unexpected end-of-input within/between " + where + " entries")
	}
	return nil
}

func (d *decoder) comment() error {
	rest := d.src[d.pos+1:]
	switch {
	case strings.HasPrefix(rest, "/"):
		if i := strings.IndexAny(rest, "\r\n"); i >= 0 {
			d.pos += 1 + i
		} else {
			d.pos = len(d.src)
		}
	case strings.HasPrefix(rest, "*"):
		i := strings.Index(rest[1:], "*/")
		if i < 0 {
			d.pos = len(d.src)
			return d.fail("Unexpected end-of-input in a comment")
		}
		d.pos += 2 + i + 2
	case rest == "":
		d.pos++
		return d.fail("Unexpected end-of-input in a comment")
	default:
		d.pos++
		return d.unexpected("was expecting either '*' or '/' for a comment")
	}
	return nil
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }
