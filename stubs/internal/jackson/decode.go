// Package jackson reads and prints JSON as WireMock's Jackson does: reading is lenient (comments, single quotes, trailing
// data), numbers are printed as Java prints them, and errors are worded as Jackson's. Values are those of jsondoc.
package jackson

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/envd-dev/envd/stubs/internal/jsondoc"
)

// SyntaxError is input that is no JSON, with Jackson's message.
type SyntaxError struct {
	Msg          string
	Line, Column int // from 1
	// Pointer is where the innermost object or array stands that was being read (unescaped, as WireMock's pointers); "" is
	// the document.
	Pointer string
}

func (e *SyntaxError) Error() string { return e.Msg }

// maxDepth bounds nesting, as Jackson's StreamReadConstraints do.
const maxDepth = 1000

// Decode reads the first JSON value of data and ignores what follows it. Of members with the same name the last one wins.
// The error is a *SyntaxError. Empty input decodes to Missing.
func Decode(data []byte) (any, error) {
	d := decoder{s: string(data)}
	if err := d.space(); err != nil {
		return nil, err
	}
	if d.pos == len(d.s) {
		return Missing{}, nil
	}
	return d.value()
}

// Missing is the value of empty input.
type Missing struct{}

type decoder struct {
	s      string
	pos    int
	depth  int
	starts []start

	offsets map[string]int // where the value at each pointer (unescaped, as WireMock's) begins; nil unless wanted
	pointer string
}

// start is where an open object or array began.
type start struct {
	kind      string
	line, col int
}

func (d *decoder) where(pos int) (line, col int) {
	before := d.s[:min(pos, len(d.s))]
	line = 1 + strings.Count(before, "\n")
	return line, utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:]) + 1
}

const snippet = 500

func (d *decoder) source() string {
	s := d.s
	cut := ""
	if len(s) > snippet {
		cut = fmt.Sprintf("[truncated %d chars]", len(s)-snippet)
		s = s[:snippet]
	}
	return `(String)"` + s + `"` + cut
}

func (d *decoder) fail(pos int, format string, args ...any) error {
	line, col := d.where(pos)
	return &SyntaxError{
		Msg:  fmt.Sprintf(format, args...) + fmt.Sprintf("\n at [Source: %s; line: %d, column: %d]", d.source(), line, col),
		Line: line, Column: col,
	}
}

// maxPlainCode is the last code that Jackson prints in decimal only.
const maxPlainCode = 255

func (d *decoder) unexpected(expected string) error {
	r, _ := utf8.DecodeRuneInString(d.s[d.pos:])
	code := strconv.Itoa(int(r))
	if r > maxPlainCode {
		code += fmt.Sprintf(" / 0x%x", r)
	}
	return d.fail(d.pos, "Unexpected character ('%c' (code %s)): %s", r, code, expected)
}

func (d *decoder) end() error {
	if len(d.starts) == 0 {
		return d.fail(len(d.s), "Unexpected end-of-input")
	}
	in := d.starts[len(d.starts)-1]
	return d.fail(len(d.s), "Unexpected end-of-input: expected close marker for %s (start marker at [Source: %s; line: %d, column: %d])",
		in.kind, d.source(), in.line, in.col)
}

// endWithin is the error of input that ends where a value must begin.
func (d *decoder) endWithin() error {
	if len(d.starts) == 0 {
		return d.end()
	}
	return d.fail(len(d.s), "Unexpected end-of-input within/between %s entries", d.starts[len(d.starts)-1].kind)
}

// space skips white space and comments.
func (d *decoder) space() error {
	for d.pos < len(d.s) {
		switch d.s[d.pos] {
		case ' ', '\t', '\n', '\r':
			d.pos++
		case '/':
			if err := d.comment(); err != nil {
				return err
			}
		default:
			return nil
		}
	}
	return nil
}

func (d *decoder) comment() error {
	rest := d.s[d.pos:]
	switch {
	case strings.HasPrefix(rest, "//"):
		n := strings.IndexByte(rest, '\n')
		if n < 0 {
			n = len(rest)
		}
		d.pos += n
	case strings.HasPrefix(rest, "/*"):
		n := strings.Index(rest[2:], "*/")
		if n < 0 {
			return d.fail(len(d.s), "Unexpected end-of-input in a comment")
		}
		d.pos += n + 4
	default:
		d.pos = min(d.pos+1, len(d.s)-1)
		return d.unexpected("was expecting either '*' or '/' for a comment")
	}
	return nil
}

// next skips space and returns the byte that follows it.
func (d *decoder) next() (byte, error) {
	if err := d.space(); err != nil {
		return 0, err
	}
	if d.pos >= len(d.s) {
		return 0, d.end()
	}
	return d.s[d.pos], nil
}

func (d *decoder) value() (any, error) {
	if err := d.space(); err != nil {
		return nil, err
	}
	if d.pos == len(d.s) {
		return nil, d.endWithin()
	}
	c := d.s[d.pos]
	if d.offsets != nil {
		d.offsets[d.pointer] = d.pos
	}
	switch {
	case c == '{':
		return d.object()
	case c == '[':
		return d.array()
	case c == '"' || c == '\'':
		return d.str(c)
	case c == '-' || c >= '0' && c <= '9':
		return d.number()
	}
	return d.literal()
}

func (d *decoder) open(kind string) error {
	line, col := d.where(d.pos)
	d.starts = append(d.starts, start{kind, line, col})
	d.pos++
	if d.depth++; d.depth > maxDepth {
		return d.fail(d.pos, "Document nesting depth (%d) exceeds the maximum allowed (%d, from `StreamReadConstraints.getMaxNestingDepth()`)", d.depth, maxDepth)
	}
	return nil
}

func (d *decoder) close() {
	d.pos++
	d.depth--
	d.starts = d.starts[:len(d.starts)-1]
}

func (d *decoder) object() (any, error) {
	if err := d.open("Object"); err != nil {
		return nil, err
	}
	o := &jsondoc.Object{}
	for first := true; ; first = false {
		c, err := d.next()
		if err != nil {
			return nil, err
		}
		if c == '}' && first {
			d.close()
			return o, nil
		}
		if c != '"' && c != '\'' {
			return nil, d.unexpected("was expecting double-quote to start field name")
		}
		if err := d.member(o, c); err != nil {
			return nil, err
		}
		if c, err = d.next(); err != nil {
			return nil, err
		}
		if c == '}' {
			d.close()
			return o, nil
		}
		if c != ',' {
			return nil, d.unexpected("was expecting comma to separate Object entries")
		}
		d.pos++
	}
}

func (d *decoder) member(o *jsondoc.Object, quote byte) error {
	name, err := d.str(quote)
	if err != nil {
		return err
	}
	c, err := d.next()
	if err != nil {
		return err
	}
	if c != ':' {
		return d.unexpected("was expecting a colon to separate field name and value")
	}
	d.pos++
	v, err := d.at(func() string { return name })
	if err != nil {
		return err
	}
	o.Set(name, v)
	return nil
}

func (d *decoder) array() (any, error) {
	if err := d.open("Array"); err != nil {
		return nil, err
	}
	list := []any{}
	for {
		c, err := d.next()
		if err != nil {
			return nil, err
		}
		if c == ']' && len(list) == 0 {
			d.close()
			return list, nil
		}
		v, err := d.at(func() string { return strconv.Itoa(len(list)) })
		if err != nil {
			return nil, err
		}
		list = append(list, v)
		if c, err = d.next(); err != nil {
			return nil, err
		}
		if c == ']' {
			d.close()
			return list, nil
		}
		if c != ',' {
			return nil, d.unexpected("was expecting comma to separate Array entries")
		}
		d.pos++
	}
}

// at reads the value of a member or element.
func (d *decoder) at(token func() string) (any, error) {
	outer, open := d.pointer, len(d.starts)
	if d.offsets != nil {
		d.pointer += "/" + token()
	}
	v, err := d.value()
	if syntax, ok := err.(*SyntaxError); ok && open < len(d.starts) { //nolint:errorlint // nothing here wraps errors
		syntax.Pointer = "/" + token() + syntax.Pointer
	}
	d.pointer = outer
	return v, err
}

// Position finds line and column (from 1) of the value at a JSON pointer, or of the nearest value around it that exists;
// 0, 0 when data is no JSON.
func Position(data []byte, pointer string) (line, column int) {
	d := decoder{s: string(data), offsets: map[string]int{}}
	if _, err := d.value(); err != nil {
		return 0, 0
	}
	for {
		if at, ok := d.offsets[pointer]; ok {
			return d.where(at)
		}
		cut := strings.LastIndexByte(pointer, '/')
		if cut < 0 {
			return d.where(d.offsets[""])
		}
		pointer = pointer[:cut]
	}
}
