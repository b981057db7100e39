package jsonpath

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/envd-dev/envd/stubs/internal/jsondoc"
)

// String is a value as Java's toString prints what json-smart made of it: objects as {a=1}, lists as compact JSON,
// numbers as Integer, Double or BigDecimal do.
func String(v any) string {
	switch t := v.(type) {
	case nil:
		return "null"
	case string:
		return t
	case bool:
		return strconv.FormatBool(t)
	case jsondoc.Number:
		return string(javaNumber(t))
	case float64:
		return jsondoc.FormatDouble(t)
	case int:
		return strconv.Itoa(t)
	case *Object:
		var b strings.Builder
		b.WriteByte('{')
		for i, m := range t.Members() {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(m.Name + "=" + String(m.Value))
		}
		b.WriteByte('}')
		return b.String()
	case []any:
		return string(appendSmart(nil, t))
	case KeySet:
		names := make([]string, len(t))
		for i, name := range t {
			names[i] = String(name)
		}
		return "[" + strings.Join(names, ", ") + "]"
	}
	return fmt.Sprint(v)
}

// longFloat is how many characters a fraction may have to become a Double; longer ones stay exact.
const longFloat = 18

// javaNumber spells n like the Java number that json-smart reads it as.
func javaNumber(n jsondoc.Number) jsondoc.Number {
	switch {
	case n.Integer():
		if n == "-0" {
			return "0"
		}
		return n
	case len(n) > longFloat:
		return jsondoc.Number(bigDecimalString(n))
	}
	return jsondoc.Number(jsondoc.FormatDouble(n.Float()))
}

// bigDecimalString is new BigDecimal(n).toString().
func bigDecimalString(n jsondoc.Number) string {
	unscaled, scale, ok := n.Decimal()
	if !ok {
		return string(n)
	}
	return jsondoc.DecimalText(unscaled, scale)
}

// Pretty prints a result as WireMock's Json.write does: Jackson's layout, Java's spelling of fractions.
func Pretty(v any) string { return jsondoc.Pretty(javaValues(v)) }

// Compact is [Pretty] on one line.
func Compact(v any) string { return jsondoc.Compact(javaValues(v)) }

// javaValues turns fractions into the doubles that json-smart reads them as, and leaves out members that are null, as
// WireMock's Jackson does.
func javaValues(v any) any {
	switch t := v.(type) {
	case jsondoc.Number:
		if !t.Integer() && len(t) <= longFloat {
			return t.Float()
		}
	case *Object:
		o := &Object{}
		for _, m := range t.Members() {
			if m.Value != nil {
				o.Set(m.Name, javaValues(m.Value))
			}
		}
		return o
	case KeySet:
		return []any(t)
	case []any:
		list := make([]any, len(t))
		for i, e := range t {
			list[i] = javaValues(e)
		}
		return list
	}
	return v
}

// appendSmart prints like json-smart's JSONArray.toString: compact, with / and control characters escaped.
func appendSmart(dst []byte, v any) []byte {
	switch t := v.(type) {
	case []any:
		dst = append(dst, '[')
		for i, e := range t {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendSmart(dst, e)
		}
		return append(dst, ']')
	case *Object:
		dst = append(dst, '{')
		for i, m := range t.Members() {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendSmartString(dst, m.Name)
			dst = append(dst, ':')
			dst = appendSmart(dst, m.Value)
		}
		return append(dst, '}')
	case string:
		return appendSmartString(dst, t)
	}
	return append(dst, String(v)...)
}

func appendSmartString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\' || r == '/':
			dst = append(dst, '\\', byte(r))
		case r == '\b':
			dst = append(dst, `\b`...)
		case r == '\t':
			dst = append(dst, `\t`...)
		case r == '\n':
			dst = append(dst, `\n`...)
		case r == '\f':
			dst = append(dst, `\f`...)
		case r == '\r':
			dst = append(dst, `\r`...)
		case r < ' ' || r >= 0x7f && r <= 0x9f || r >= 0x2000 && r <= 0x20ff:
			dst = fmt.Appendf(dst, `\u%04X`, r)
		default:
			dst = append(dst, string(r)...)
		}
	}
	return append(dst, '"')
}

func javaClass(v any) string {
	switch t := v.(type) {
	case nil:
		return "null"
	case string:
		return "java.lang.String"
	case bool:
		return "java.lang.Boolean"
	case int:
		return "java.lang.Integer"
	case float64:
		return "java.lang.Double"
	case []any:
		return "net.minidev.json.JSONArray"
	case jsondoc.Number:
		switch i, fits := t.Int64(); {
		case !t.Integer() && len(t) > longFloat:
			return "java.math.BigDecimal"
		case !t.Integer():
			return "java.lang.Double"
		case !fits:
			return "java.math.BigInteger"
		case i != int64(int32(i)):
			return "java.lang.Long"
		}
		return "java.lang.Integer"
	}
	return "java.util.LinkedHashMap"
}
