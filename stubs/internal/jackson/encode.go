package jackson

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/envd-dev/envd/stubs/internal/jsondoc"
)

// Pretty prints a value over several lines as Jackson's default pretty printer does, without a line feed at the end.
func Pretty(v any) []byte {
	p := printer{pretty: true}
	p.value(v, 0)
	return p.buf.Bytes()
}

// Compact prints a value without white space.
func Compact(v any) []byte {
	var p printer
	p.value(v, 0)
	return p.buf.Bytes()
}

// Object makes an object of alternating names and values.
func Object(pairs ...any) *jsondoc.Object {
	o := &jsondoc.Object{}
	for i := 0; i+1 < len(pairs); i += 2 {
		o.Set(pairs[i].(string), pairs[i+1])
	}
	return o
}

// List makes an array of what f makes of the elements.
func List[T any](in []T, f func(T) any) []any {
	out := make([]any, len(in))
	for i, v := range in {
		out[i] = f(v)
	}
	return out
}

// Value turns what another package printed as JSON into a value; what is no JSON becomes a string.
func Value(m json.Marshaler) any {
	raw, err := m.MarshalJSON()
	if err != nil {
		return err.Error()
	}
	v, err := Decode(raw)
	if err != nil {
		return string(raw)
	}
	return v
}

type printer struct {
	buf    bytes.Buffer
	pretty bool
}

func (p *printer) value(v any, depth int) {
	switch t := v.(type) {
	case nil, Missing:
		p.buf.WriteString("null")
	case bool:
		p.buf.WriteString(strconv.FormatBool(t))
	case string:
		p.str(t)
	case jsondoc.Number:
		p.buf.WriteString(t.Plain())
	case int:
		p.buf.WriteString(strconv.Itoa(t))
	case int64:
		p.buf.WriteString(strconv.FormatInt(t, 10))
	case float64:
		if math.IsNaN(t) || math.IsInf(t, 0) {
			p.str(strconv.FormatFloat(t, 'g', -1, 64))
			return
		}
		p.buf.WriteString(jsondoc.FormatDouble(t))
	case *jsondoc.Object:
		p.object(t, depth)
	case []any:
		p.array(t, depth)
	case []string:
		p.array(List(t, func(s string) any { return s }), depth)
	default:
		p.str(fmt.Sprint(t))
	}
}

func (p *printer) object(o *jsondoc.Object, depth int) {
	p.buf.WriteByte('{')
	for i, m := range o.Members() {
		if i > 0 {
			p.buf.WriteByte(',')
		}
		p.line(depth + 1)
		p.str(m.Name)
		if p.pretty {
			p.buf.WriteString(" : ")
		} else {
			p.buf.WriteByte(':')
		}
		p.value(m.Value, depth+1)
	}
	switch {
	case o.Len() > 0:
		p.line(depth)
	case p.pretty:
		p.buf.WriteByte(' ')
	}
	p.buf.WriteByte('}')
}

func (p *printer) array(list []any, depth int) {
	p.buf.WriteByte('[')
	for i, v := range list {
		if i > 0 {
			p.buf.WriteByte(',')
		}
		if p.pretty {
			p.buf.WriteByte(' ')
		}
		p.value(v, depth)
	}
	if p.pretty {
		p.buf.WriteByte(' ')
	}
	p.buf.WriteByte(']')
}

func (p *printer) line(depth int) {
	if !p.pretty {
		return
	}
	p.buf.WriteByte('\n')
	for range depth {
		p.buf.WriteString("  ")
	}
}

const hexDigits = "0123456789ABCDEF"

func (p *printer) str(s string) {
	p.buf.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			p.buf.WriteByte('\\')
			p.buf.WriteByte(byte(r))
		case r >= ' ':
			p.buf.WriteRune(r)
		default:
			p.control(byte(r))
		}
	}
	p.buf.WriteByte('"')
}

func (p *printer) control(c byte) {
	if i := strings.IndexByte("\b\t\n\f\r", c); i >= 0 {
		p.buf.WriteByte('\\')
		p.buf.WriteByte("btnfr"[i])
		return
	}
	p.buf.WriteString(`\u00`)
	p.buf.WriteByte(hexDigits[c>>4])
	p.buf.WriteByte(hexDigits[c&15])
}
