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
		p.buf.WriteString(Number(t))
	case int:
		p.buf.WriteString(strconv.Itoa(t))
	case int64:
		p.buf.WriteString(strconv.FormatInt(t, 10))
	case float64:
		if math.IsNaN(t) || math.IsInf(t, 0) {
			p.str(strconv.FormatFloat(t, 'g', -1, 64))
			return
		}
		p.buf.WriteString(Double(t))
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

// maxExponent bounds how far an exponent is written out.
const maxExponent = 10_000

// Number prints a number as Jackson prints what it has read as a BigInteger or BigDecimal: every digit that was given,
// without an exponent.
func Number(n jsondoc.Number) string {
	text, exponent := string(n), 0
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		e, err := strconv.Atoi(text[i+1:])
		if err != nil || e > maxExponent || e < -maxExponent {
			return text
		}
		text, exponent = text[:i], e
	}
	digits, negative := strings.CutPrefix(text, "-")
	whole, fraction, _ := strings.Cut(digits, ".")
	if exponent != 0 || whole == "0" && fraction != "" {
		whole, fraction = shift(whole, fraction, exponent)
	}
	if fraction != "" {
		whole += "." + fraction
	}
	if negative && strings.Trim(whole, "0.") != "" {
		return "-" + whole
	}
	return whole
}

// shift moves the decimal point to the right, or for a negative n to the left.
func shift(whole, fraction string, n int) (string, string) {
	all, point := whole+fraction, len(whole)+n
	if point <= 0 {
		all, point = strings.Repeat("0", 1-point)+all, 1
	}
	if len(all) < point {
		all += strings.Repeat("0", point-len(all))
	}
	whole, fraction = strings.TrimLeft(all[:point], "0"), all[point:]
	if whole == "" {
		whole = "0"
	}
	return whole, fraction
}

// Double prints a float as Java's Double.toString does.
func Double(f float64) string {
	abs := max(f, -f)
	if abs != 0 && (abs < 1e-3 || abs >= 1e7) {
		mantissa, exp, _ := strings.Cut(strconv.FormatFloat(f, 'E', -1, 64), "E")
		if !strings.Contains(mantissa, ".") {
			mantissa += ".0"
		}
		n, _ := strconv.Atoi(exp) // FormatFloat always writes an exponent
		return mantissa + "E" + strconv.Itoa(n)
	}
	s := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}
