package jsondoc

import (
	"fmt"
	"math"
	"strconv"
	"unicode/utf8"
)

// Compact prints v on one line, as Jackson's JsonNode.toString does.
func Compact(v any) string { return string(AppendCompact(nil, v)) }

// AppendCompact is [Compact] onto dst.
func AppendCompact(dst []byte, v any) []byte {
	switch t := v.(type) {
	case *Object:
		dst = append(dst, '{')
		for i, m := range t.Members() {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = AppendString(dst, m.Name)
			dst = append(dst, ':')
			dst = AppendCompact(dst, m.Value)
		}
		return append(dst, '}')
	case []any:
		dst = append(dst, '[')
		for i, e := range t {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = AppendCompact(dst, e)
		}
		return append(dst, ']')
	case []string:
		return AppendCompact(dst, List(t, func(s string) any { return s }))
	}
	return appendScalar(dst, v)
}

// Pretty prints v the way of Jackson's default pretty printer, which WireMock's admin API uses: objects take a line a
// member, arrays stay on theirs.
func Pretty(v any) string { return string(AppendPretty(nil, v)) }

// AppendPretty is [Pretty] onto dst.
func AppendPretty(dst []byte, v any) []byte { return appendPretty(dst, v, 0) }

func appendPretty(dst []byte, v any, depth int) []byte {
	switch t := v.(type) {
	case *Object:
		if t.Len() == 0 {
			return append(dst, "{ }"...)
		}
		dst = append(dst, '{')
		for i, m := range t.Members() {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = newline(dst, depth+1)
			dst = AppendString(dst, m.Name)
			dst = append(dst, " : "...)
			dst = appendPretty(dst, m.Value, depth+1)
		}
		return append(newline(dst, depth), '}')
	case []any:
		if len(t) == 0 {
			return append(dst, "[ ]"...)
		}
		dst = append(dst, "[ "...)
		for i, e := range t {
			if i > 0 {
				dst = append(dst, ", "...)
			}
			dst = appendPretty(dst, e, depth)
		}
		return append(dst, " ]"...)
	case []string:
		return appendPretty(dst, List(t, func(s string) any { return s }), depth)
	}
	return appendScalar(dst, v)
}

func newline(dst []byte, depth int) []byte {
	dst = append(dst, '\n')
	for range depth {
		dst = append(dst, "  "...)
	}
	return dst
}

func appendScalar(dst []byte, v any) []byte {
	switch t := v.(type) {
	case nil:
		return append(dst, "null"...)
	case bool:
		return strconv.AppendBool(dst, t)
	case string:
		return AppendString(dst, t)
	case Number:
		return append(dst, t.Plain()...)
	case float64:
		if math.IsNaN(t) || math.IsInf(t, 0) {
			return AppendString(dst, FormatDouble(t))
		}
		return append(dst, FormatDouble(t)...)
	case int:
		return strconv.AppendInt(dst, int64(t), 10)
	case int64:
		return strconv.AppendInt(dst, t, 10)
	}
	return AppendString(dst, fmt.Sprint(v))
}

const hexDigits = "0123456789ABCDEF"

// AppendString appends s quoted with Jackson's escapes.
func AppendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			if c < utf8.RuneSelf {
				i++
				continue
			}
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 {
				dst = append(append(dst, s[start:i]...), "\uFFFD"...)
				start = i + 1
			}
			i += size
			continue
		}
		dst = append(dst, s[start:i]...)
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\b':
			dst = append(dst, `\b`...)
		case '\t':
			dst = append(dst, `\t`...)
		case '\n':
			dst = append(dst, `\n`...)
		case '\f':
			dst = append(dst, `\f`...)
		case '\r':
			dst = append(dst, `\r`...)
		default:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
		i++
		start = i
	}
	return append(append(dst, s[start:]...), '"')
}
