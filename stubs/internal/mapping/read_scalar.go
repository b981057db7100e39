package mapping

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/envd-dev/envd/stubs/internal/jsondoc"
)

// str reads a string; numbers and booleans are taken as their text, as Jackson does. null gives "" and false.
func (p place) str() (s string, given bool, err error) {
	switch v := p.value.(type) {
	case nil:
		return "", false, nil
	case string:
		return v, true, nil
	case jsondoc.Number:
		return v.Plain(), true, nil
	case bool:
		return strconv.FormatBool(v), true, nil
	}
	return "", false, p.cannotRead("java.lang.String")
}

// strInto reads a string into dst and notes in empty when it was given as "".
func (p place) strInto(dst *string, empty *emptied, name string) error {
	s, given, err := p.str()
	*dst = s
	if given && s == "" {
		*empty = append(*empty, name)
	}
	return err
}

// integer reads an int; nil for null. Strings that spell one are accepted, fractions are cut off.
func (p place) integer(java string) (*int, error) {
	text := ""
	switch v := p.value.(type) {
	case nil:
		return nil, nil
	case jsondoc.Number:
		text = string(v)
		if strings.ContainsAny(text, ".eE") {
			f, err := strconv.ParseFloat(text, 64)
			if err != nil || f > 1<<31-1 || f < -1<<31 {
				return nil, parsing(p.pointer, "Numeric value ("+text+") out of range of int (-2147483648 - 2147483647)")
			}
			n := int(f)
			return &n, nil
		}
	case string:
		if text = strings.TrimSpace(v); text == "" {
			return nil, nil
		}
	default:
		return nil, p.cannotRead(java)
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		if _, isText := p.value.(string); isText {
			return nil, parsing(p.pointer, fmt.Sprintf("Cannot deserialize value of type `%s` from String %q: not a valid `%s` value", java, p.value, java))
		}
		return nil, parsing(p.pointer, "Numeric value ("+text+") out of range of int (-2147483648 - 2147483647)")
	}
	i := int(n)
	return &i, nil
}

// double reads a floating-point number; nil for null.
func (p place) double() (*float64, error) {
	text := ""
	switch v := p.value.(type) {
	case nil:
		return nil, nil
	case jsondoc.Number:
		text = string(v)
	case string:
		text = strings.TrimSpace(v)
	default:
		return nil, p.cannotRead("double")
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return nil, parsing(p.pointer, fmt.Sprintf("Cannot deserialize value of type `double` from String %q: not a valid `double` value", text))
	}
	return &f, nil
}

// boolean reads a java.lang.Boolean; nil for null. Integers count as in C.
func (p place) boolean() (*bool, error) { return p.truth("java.lang.Boolean", `"true" or "false"`) }

// primitiveBoolean reads what cannot be absent in Java; false for null.
func (p place) primitiveBoolean() (bool, error) {
	b, err := p.truth("boolean", `"true"/"True"/"TRUE" or "false"/"False"/"FALSE"`)
	return b != nil && *b, err
}

func (p place) truth(java, words string) (*bool, error) {
	var b bool
	switch v := p.value.(type) {
	case nil:
		return nil, nil
	case bool:
		b = v
	case jsondoc.Number:
		if strings.ContainsAny(string(v), ".eE") {
			return nil, p.cannotRead(java)
		}
		b = v != "0"
	case string:
		switch v = strings.TrimSpace(v); v {
		case "true", "True", "TRUE":
			b = true
		case "false", "False", "FALSE":
		case "":
			return nil, nil
		default:
			return nil, p.refuse(fmt.Sprintf("Cannot deserialize value of type `%s` from String %q: only %s recognized", java, v, words))
		}
	default:
		return nil, p.cannotRead(java)
	}
	return &b, nil
}

// enum reads one of the values, spelled exactly or by its number; "" for null.
func (p place) enum(java string, listed string, values ...string) (string, error) {
	var s string
	switch v := p.value.(type) {
	case nil:
		return "", nil
	case string:
		s = strings.TrimSpace(v)
	case jsondoc.Number:
		if !v.Integer() {
			return "", p.cannotRead(java)
		}
		n, err := strconv.Atoi(string(v))
		if err != nil || n < 0 || n >= len(values) {
			return "", p.refuse(fmt.Sprintf("Cannot deserialize value of type `%s` from number %s: index value outside legal index range [0..%d]", java, v, len(values)-1))
		}
		return values[n], nil
	default:
		return "", p.cannotRead(java)
	}
	if s == "" {
		return "", p.cannotConstruct(java)
	}
	if slices.Contains(values, s) {
		return s, nil
	}
	if n, err := strconv.Atoi(s); err == nil && n >= 0 && n < len(values) {
		return values[n], nil
	}
	return "", parsing(p.pointer, fmt.Sprintf("Cannot deserialize value of type `%s` from String %q: not one of the values accepted for Enum class: [%s]", java, s, listed))
}

// uuid reads a UUID, spelled out or its bytes in base64; false for null and for a blank text.
func (p place) uuid() (id uuid.UUID, given bool, err error) {
	const java, length, bytesLength = "java.util.UUID", 36, 24
	text, _, err := p.str()
	if err != nil {
		return id, false, p.cannotRead(java)
	}
	refuse := func(why string) error {
		return p.refuse(fmt.Sprintf("Cannot deserialize value of type `%s` from String %q: %s", java, text, why))
	}
	text = strings.TrimSpace(text)
	if text == "" {
		return id, false, nil
	}
	if raw, bad := base64.StdEncoding.DecodeString(text); bad == nil && len(text) == bytesLength && len(raw) == len(id) {
		return uuid.UUID(raw), true, nil
	}
	if len(text) != length || text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-' {
		return id, false, refuse("UUID has to be represented by standard 36-char representation")
	}
	if id, err = uuid.Parse(text); err == nil {
		return id, true, nil
	}
	odd := strings.Trim(text, "0123456789abcdefABCDEF-")
	if odd == "" {
		odd = "-" // where a digit is wanted
	}
	return id, false, refuse(fmt.Sprintf("Non-hex character '%c' (value 0x%x), not valid for UUID String", odd[0], odd[0]))
}
