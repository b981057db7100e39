package template

import (
	"errors"
	"regexp"
	"strconv"
	"strings"

	"github.com/envd-dev/envd/stubs/internal/jsondoc"
)

// formatSpec is one %[index$][flags][width][.precision]conversion of java.util.Formatter.
type formatSpec struct {
	text       string
	index      int // 0: the next argument; -1: the last one again
	flags      string
	width      int // -1: none
	precision  int // -1: none
	conversion byte
	date       byte // the letter after t or T
}

var specPattern = regexp.MustCompile(`^%(\d+\$)?([-#+ 0,(<]*)?(\d+)?(\.\d+)?([tT])?([a-zA-Z%])`)

func (s *formatSpec) has(flag byte) bool { return strings.IndexByte(s.flags, flag) >= 0 }

func formatException(class, format string, args ...any) error {
	err := throw(class, format, args...)
	var thrown *exception
	if errors.As(err, &thrown) {
		thrown.class = "java.util." + class
	}
	return err
}

// javaFormat is String.format in English.
func javaFormat(r *render, format string, args []any) (string, error) {
	var b strings.Builder
	next, last := 0, -1
	for i := 0; i < len(format); {
		if format[i] != '%' {
			b.WriteByte(format[i])
			i++
			continue
		}
		spec, err := parseSpec(format[i:])
		if err != nil {
			return "", err
		}
		i += len(spec.text)
		var arg any
		switch spec.conversion {
		case 'n', '%':
		default:
			at := spec.index - 1
			switch spec.index {
			case 0:
				at = next
				next++
			case -1:
				at = last
			}
			if at < 0 || at >= len(args) {
				return "", formatException("MissingFormatArgumentException", "Format specifier '%s'", spec.text)
			}
			last, arg = at, args[at]
		}
		text, err := spec.format(arg)
		if err != nil {
			return "", err
		}
		if err := r.bounded(b.Len() + spec.width); err != nil {
			return "", err
		}
		b.WriteString(spec.justify(text))
	}
	return b.String(), nil
}

func parseSpec(s string) (*formatSpec, error) {
	m := specPattern.FindStringSubmatch(s)
	if m == nil {
		c := "%"
		if len(s) > 1 {
			c = string([]rune(s[1:])[0])
		}
		return nil, formatException("UnknownFormatConversionException", "Conversion = '%s'", c)
	}
	spec := &formatSpec{text: m[0], flags: m[2], width: -1, precision: -1, conversion: m[6][0]}
	if m[1] != "" {
		spec.index, _ = strconv.Atoi(strings.TrimSuffix(m[1], "$")) // digits; too many give the largest int
	} else if spec.has('<') {
		spec.index = -1
	}
	if m[3] != "" {
		spec.width, _ = strconv.Atoi(m[3])
	}
	if m[4] != "" {
		spec.precision, _ = strconv.Atoi(m[4][1:])
		spec.precision = min(spec.precision, 10_000)
	}
	if m[5] != "" {
		spec.date, spec.conversion = m[6][0], m[5][0]
		return spec, nil
	}
	if !strings.ContainsRune("bBhHsScCdoxXeEfgGaAn%", rune(spec.conversion)) {
		return nil, formatException("UnknownFormatConversionException", "Conversion = '%c'", spec.conversion)
	}
	for i := range spec.flags {
		if strings.IndexByte(spec.flags[i+1:], spec.flags[i]) >= 0 {
			return nil, formatException("DuplicateFormatFlagsException", "Flags = '%c'", spec.flags[i])
		}
	}
	if (spec.has('-') || spec.has('0')) && spec.width < 0 && spec.conversion != 'n' {
		return nil, formatException("MissingFormatWidthException", "%s", spec.text)
	}
	if spec.has('-') && spec.has('0') || spec.has('+') && spec.has(' ') {
		return nil, formatException("IllegalFormatFlagsException", "Flags = '%s'", spec.flags)
	}
	if spec.precision >= 0 && strings.ContainsRune("cCdoxX%n", rune(spec.conversion)) {
		return nil, formatException("IllegalFormatPrecisionException", "%d", spec.precision)
	}
	return spec, nil
}

func (s *formatSpec) justify(text string) string {
	missing := s.width - jsondoc.UTF16Len(text)
	if missing <= 0 || s.conversion == 'n' {
		return text
	}
	if s.has('-') {
		return text + strings.Repeat(" ", missing)
	}
	return strings.Repeat(" ", missing) + text
}

func (s *formatSpec) format(arg any) (string, error) {
	if s.conversion >= 'A' && s.conversion <= 'Z' {
		lowered := *s
		lowered.conversion += 'a' - 'A'
		text, err := lowered.format(arg)
		return strings.ToUpper(text), err
	}
	switch s.conversion {
	case 'n':
		return "\n", nil
	case '%':
		return "%", nil
	case 'b':
		b, isBool := arg.(bool)
		return s.cut(strconv.FormatBool(arg != nil && (!isBool || b))), nil
	}
	if arg == nil {
		return s.cut("null"), nil
	}
	switch s.conversion {
	case 'h':
		return s.cut(strconv.FormatUint(uint64(uint32(javaHashOf(arg))), 16)), nil
	case 's':
		text, err := stringValue(arg)
		return s.cut(text), err
	case 'c':
		if i, ok := arg.(int32); ok {
			return string(i), nil
		}
	case 'd', 'o', 'x':
		if i, ok := integerOf(arg); ok {
			return s.integer(i), nil
		}
	case 'e', 'f', 'g', 'a':
		if text, ok := s.float(arg); ok {
			return text, nil
		}
	case 't':
		return s.dateTime(arg)
	}
	return "", formatException("IllegalFormatConversionException", "%c != %s", s.conversion, className(arg))
}

func javaHashOf(v any) int32 {
	if s, ok := v.(string); ok {
		return javaHash(s)
	}
	if b, ok := v.(bool); ok {
		return ternary[int32](b, 1231, 1237)
	}
	i, _ := intValue(v)
	return i
}

func (s *formatSpec) cut(text string) string {
	if s.precision >= 0 && jsondoc.UTF16Len(text) > s.precision {
		return units(text, 0, s.precision)
	}
	return text
}

func (s *formatSpec) dateTime(arg any) (string, error) {
	d, ok := arg.(Date)
	if !ok {
		if ms, isLong := arg.(int64); isLong {
			d = Date{time: timeOfMillis(ms)}
		} else {
			return "", formatException("IllegalFormatConversionException", "%c != %s", s.date, className(arg))
		}
	}
	pattern, ok := formatterDates[s.date]
	if !ok {
		return "", formatException("UnknownFormatConversionException", "Conversion = 't%c'", s.date)
	}
	return simpleDateFormat(pattern, d.time.UTC())
}

// formatterDates are the date conversions of java.util.Formatter as SimpleDateFormat patterns.
var formatterDates = map[byte]string{
	'H': "HH", 'I': "hh", 'k': "H", 'l': "h", 'M': "mm", 'S': "ss", 'L': "SSS", 'N': "SSS'000000'", 'p': "a", 'z': "Z", 'Z': "z",
	'B': "MMMM", 'b': "MMM", 'h': "MMM", 'A': "EEEE", 'a': "EEE", 'Y': "yyyy", 'y': "yy", 'j': "DDD", 'm': "MM", 'd': "dd", 'e': "d",
	'R': "HH:mm", 'T': "HH:mm:ss", 'r': "hh:mm:ss a", 'D': "MM/dd/yy", 'F': "yyyy-MM-dd", 'c': "EEE MMM dd HH:mm:ss z yyyy",
}
