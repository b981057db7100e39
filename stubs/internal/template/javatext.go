package template

import (
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// units cuts s by UTF-16 positions, which must be in range.
func units(s string, from, to int) string {
	if isASCII(s) {
		return s[from:to]
	}
	return string(utf16.Decode(utf16.Encode([]rune(s))[from:to]))
}

// javaSpace is Character.isWhitespace: unlike unicode.IsSpace it takes the separators 0x1C to 0x1F and leaves
// the no-break spaces.
func javaSpace(r rune) bool {
	switch {
	case r >= 0x09 && r <= 0x0D, r >= 0x1C && r <= 0x1F:
		return true
	case r == 0xA0, r == 0x2007, r == 0x202F:
		return false
	}
	return unicode.In(r, unicode.Zs, unicode.Zl, unicode.Zp)
}

// javaTrim is String.trim: everything up to U+0020 goes.
func javaTrim(s string) string {
	return strings.TrimFunc(s, func(r rune) bool { return r <= ' ' })
}

func upper(s string) string {
	if isASCII(s) {
		return strings.ToUpper(s)
	}
	return strings.ToUpper(strings.ReplaceAll(s, "ß", "SS"))
}

func lower(s string) string {
	if isASCII(s) {
		return strings.ToLower(s)
	}
	return strings.ToLower(strings.ReplaceAll(s, "İ", "i̇"))
}

// parseInt is Integer.parseInt.
func parseInt(s string) (int32, error) {
	i, err := strconv.ParseInt(s, 10, 32)
	if err != nil || strings.HasPrefix(s, "+-") {
		return 0, numberFormatError(s)
	}
	return int32(i), nil
}

func numberFormatError(s string) error {
	return throw("NumberFormatException", `For input string: "%s"`, s)
}

// parseDouble is Double.parseDouble.
func parseDouble(s string) (float64, error) {
	t := javaTrim(s)
	if t == "" {
		return 0, throw("NumberFormatException", "empty String")
	}
	if strings.ContainsAny(t, "_xXpPnN") && t != "NaN" && t != "+NaN" && t != "-NaN" && !strings.HasSuffix(t, "Infinity") {
		return 0, numberFormatError(s)
	}
	f, err := strconv.ParseFloat(strings.TrimRight(t, "dDfF"), 64)
	if err != nil && !math.IsInf(f, 0) {
		return 0, numberFormatError(s)
	}
	return f, nil
}

// javaUTF8 decodes bytes; what is no UTF-8 becomes U+FFFD.
func javaUTF8(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	var s strings.Builder
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		s.WriteRune(r)
		b = b[n:]
	}
	return s.String()
}
