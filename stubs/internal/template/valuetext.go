package template

import (
	"math/big"
	"strconv"
	"strings"

	"github.com/envd-dev/envd/stubs/internal/jsondoc"
)

// toString is String.valueOf.
func toString(v any) string {
	s, err := stringValue(v)
	if err != nil {
		return ""
	}
	return s
}

// stringer is a value that prints itself, perhaps badly.
type stringer interface {
	text() (string, error)
}

// stringValue is Object.toString; a date with a bad pattern or a node that cannot be printed throws.
func stringValue(v any) (string, error) {
	switch v := v.(type) {
	case nil, null:
		return "null", nil
	case string:
		return v, nil
	case safeString:
		return string(v), nil
	case bool:
		return strconv.FormatBool(v), nil
	case int32:
		return strconv.Itoa(int(v)), nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case float64:
		return jsondoc.FormatDouble(v), nil
	case *big.Int:
		return v.String(), nil
	case Decimal:
		return v.String(), nil
	case stringer:
		return v.text()
	}
	return "", nil
}

func (l *List) text() (string, error) {
	switch l.kind {
	case listOrSingle:
		if len(l.items) == 0 {
			return "", nil
		}
		return stringValue(l.items[0])
	case urlPath:
		return l.path, nil
	case jsonList:
		return compactJSON(l), nil
	}
	var b strings.Builder
	b.WriteByte('[')
	for i, item := range l.items {
		if i > 0 {
			b.WriteString(", ")
		}
		s, err := stringValue(item)
		if err != nil {
			return "", err
		}
		b.WriteString(s)
	}
	b.WriteByte(']')
	return b.String(), nil
}

func (m *Map) text() (string, error) {
	switch m.kind {
	case templateMap:
		return m.path, nil
	case jsonMap:
		return prettyJSON(m)
	}
	var b strings.Builder
	b.WriteByte('{')
	for i, e := range m.entries {
		if i > 0 {
			b.WriteString(", ")
		}
		s, err := stringValue(e.value)
		if err != nil {
			return "", err
		}
		b.WriteString(e.key + "=" + s)
	}
	b.WriteByte('}')
	return b.String(), nil
}
