package mapping

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/envd-dev/envd/stubs/internal/jsondoc"
)

// place is a JSON value being read, with its pointer and the Java type that WireMock's messages name.
type place struct {
	value   any
	pointer string
	// all collects every error of an object's members instead of giving up at the first; nil gives up.
	all *[]*Error
}

func (p place) member(name string, v any) place {
	return place{v, p.pointer + "/" + name, p.all} // WireMock's pointers escape nothing
}

func (p place) element(i int, v any) place {
	return place{v, p.pointer + "/" + strconv.Itoa(i), p.all}
}

// token names the value as Jackson's messages do.
func (p place) token() string {
	switch v := p.value.(type) {
	case *jsondoc.Object:
		return "Object value (token `JsonToken.START_OBJECT`)"
	case []any:
		return "Array value (token `JsonToken.START_ARRAY`)"
	case bool:
		return fmt.Sprintf("Boolean value (token `JsonToken.VALUE_%s`)", strings.ToUpper(strconv.FormatBool(v)))
	case jsondoc.Number:
		if strings.ContainsAny(string(v), ".eE") {
			return "Floating-point value (token `JsonToken.VALUE_NUMBER_FLOAT`)"
		}
		return "Integer value (token `JsonToken.VALUE_NUMBER_INT`)"
	case string:
		return "String value (token `JsonToken.VALUE_STRING`)"
	}
	return "Null value"
}

// cannotRead is Jackson's complaint about a value that a collection or scalar type cannot be made from.
func (p place) cannotRead(java string) *Error {
	if _, text := p.value.(string); text && (strings.HasPrefix(java, "java.util.LinkedHashMap<") || java == "java.util.ArrayList<java.lang.String>" || java == javaMetadata || java == javaParams) {
		raw, _, _ := strings.Cut(java, "<")
		return p.cannotConstruct(raw)
	}
	return parsing(p.pointer, "Cannot deserialize value of type `"+java+"` from "+p.token())
}

// cannotConstruct is Jackson's complaint about a value that a bean cannot be made from.
func (p place) cannotConstruct(java string) *Error {
	head := "Cannot construct instance of `" + java + "` (although at least one Creator exists): "
	switch v := p.value.(type) {
	case jsondoc.Number:
		if strings.ContainsAny(string(v), ".eE") {
			return parsing(p.pointer, head+"no double/Double-argument constructor/factory method to deserialize from Number value ("+v.Plain()+")")
		}
		return parsing(p.pointer, head+"no int/Int-argument constructor/factory method to deserialize from Number value ("+string(v)+")")
	case string:
		return parsing(p.pointer, head+"no String-argument constructor/factory method to deserialize from String value ('"+v+"')")
	case bool:
		return parsing(p.pointer, head+"no boolean/Boolean-argument constructor/factory method to deserialize from boolean value ("+strconv.FormatBool(v)+")")
	case *jsondoc.Object:
		return parsing(p.pointer, head+"cannot deserialize from Object value (no delegate- or property-based Creator)")
	}
	return p.cannotRead(java)
}

// bean reads an object member by member in document order. read reports false for a name that the type does not have.
func (p place) bean(java string, read func(name string, v place) (known bool, err error)) error {
	o, ok := p.value.(*jsondoc.Object)
	if !ok {
		return p.cannotConstruct(java)
	}
	for _, m := range o.Members() {
		v := p.member(m.Name, m.Value)
		known, err := read(m.Name, v)
		if err == nil && !known {
			err = parsing(v.pointer, fmt.Sprintf("Unrecognized field %q (class %s), not marked as ignorable", m.Name, java))
		}
		if err == nil {
			continue
		}
		if p.all == nil {
			return err
		}
		*p.all = append(*p.all, AsError(err, v.pointer))
	}
	return nil
}

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

// boolean reads true or false; nil for null. Integers count as in C.
func (p place) boolean() (*bool, error) {
	var b bool
	switch v := p.value.(type) {
	case nil:
		return nil, nil
	case bool:
		b = v
	case jsondoc.Number:
		if strings.ContainsAny(string(v), ".eE") {
			return nil, p.cannotRead("java.lang.Boolean")
		}
		b = v != "0"
	case string:
		switch strings.TrimSpace(v) {
		case "true", "True", "TRUE":
			b = true
		case "false", "False", "FALSE":
		case "":
			return nil, nil
		default:
			return nil, parsing(p.pointer, fmt.Sprintf("Cannot deserialize value of type `java.lang.Boolean` from String %q: only \"true\" or \"false\" recognized", v))
		}
	default:
		return nil, p.cannotRead("java.lang.Boolean")
	}
	return &b, nil
}

// primitiveBoolean reads what cannot be absent in Java, whose messages then differ; false for null.
func (p place) primitiveBoolean() (bool, error) {
	b, err := p.boolean()
	if err != nil {
		e := *AsError(err, p.pointer)
		e.Detail = strings.NewReplacer("`java.lang.Boolean`", "`boolean`", `only "true" or "false"`,
			`only "true"/"True"/"TRUE" or "false"/"False"/"FALSE"`).Replace(e.Detail)
		return false, &e
	}
	return b != nil && *b, nil
}

// enum reads one of the values, spelled exactly; "" for null.
func (p place) enum(java string, listed string, values ...string) (string, error) {
	s, given, err := p.str()
	if err != nil {
		return "", p.cannotRead(java)
	}
	if !given {
		return "", nil
	}
	for _, v := range values {
		if v == s {
			return s, nil
		}
	}
	return "", parsing(p.pointer, fmt.Sprintf("Cannot deserialize value of type `%s` from String %q: not one of the values accepted for Enum class: [%s]", java, s, listed))
}

// strings reads an array of strings; nil for null.
func (p place) strings() ([]string, error) {
	list, ok := p.value.([]any)
	if !ok {
		if p.value == nil {
			return nil, nil
		}
		return nil, p.cannotRead("java.util.ArrayList<java.lang.String>")
	}
	out := make([]string, 0, len(list))
	for i, v := range list {
		s, _, err := p.element(i, v).str()
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

// parameters reads an object of any content; nil for null.
func (p place) parameters(java string) (*jsondoc.Object, error) {
	switch v := p.value.(type) {
	case nil:
		return nil, nil
	case *jsondoc.Object:
		return v, nil
	}
	return nil, p.cannotRead(java)
}
