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

// Misfit is Jackson's complaint about a document that no Java object of the class can be made from.
func Misfit(document any, java string) error { return place{value: document}.cannotConstruct(java) }

// refuse is an error that concerns the place.
func (p place) refuse(detail string) *Error { return parsing(p.pointer, detail) }

// cannotRead is Jackson's complaint about a value that a collection or scalar type cannot be made from.
func (p place) cannotRead(java string) *Error {
	return p.refuse("Cannot deserialize value of type `" + java + "` from " + p.token())
}

// cannotFill is Jackson's complaint about a value that a map, or a list of strings, cannot be made from.
func (p place) cannotFill(java string) *Error {
	text, ok := p.value.(string)
	if !ok {
		return p.cannotRead(java)
	}
	raw, _, _ := strings.Cut(java, "<")
	if strings.TrimSpace(text) == "" {
		return p.refuse(`Cannot coerce empty String ("") to element of ` + "`" + raw + "`" + uncoerced)
	}
	return p.cannotConstruct(raw)
}

// uncoerced ends Jackson's complaints about an empty string.
const uncoerced = " (but could if coercion was enabled using `CoercionConfig`)"

// cannotConstruct is Jackson's complaint about a value that a bean cannot be made from.
func (p place) cannotConstruct(java string) *Error {
	head := "Cannot construct instance of `" + java + "` (although at least one Creator exists): "
	switch v := p.value.(type) {
	case jsondoc.Number:
		return p.refuse(head + "no " + javaNumber(v) + "-argument constructor/factory method to deserialize from Number value (" + v.Plain() + ")")
	case string:
		if v = strings.TrimSpace(v); v == "" {
			return p.refuse(`Cannot coerce empty String ("") to ` + "`" + java + "` value" + uncoerced)
		}
		return p.refuse(head + "no String-argument constructor/factory method to deserialize from String value ('" + v + "')")
	case bool:
		return p.refuse(head + "no boolean/Boolean-argument constructor/factory method to deserialize from boolean value (" + strconv.FormatBool(v) + ")")
	case *jsondoc.Object:
		return p.refuse(head + "cannot deserialize from Object value (no delegate- or property-based Creator)")
	}
	return p.cannotRead(java)
}

// javaNumber is the type that a number is tried as.
func javaNumber(n jsondoc.Number) string {
	if !n.Integer() {
		return "double/Double"
	}
	i, err := strconv.ParseInt(string(n), 10, 64)
	switch {
	case err != nil:
		return "BigInteger"
	case i != int64(int32(i)):
		return "long/Long"
	}
	return "int/Int"
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
			err = v.unrecognized(m.Name, java)
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

func (p place) unrecognized(name, java string) error {
	return p.refuse(fmt.Sprintf("Unrecognized field %q (class %s), not marked as ignorable", name, java))
}

// creator is [place.bean] for a type that is made by a constructor: names that it does not have are noticed last.
func (p place) creator(java string, read func(name string, v place) (known bool, err error)) error {
	var unknown error
	err := p.bean(java, func(name string, v place) (bool, error) {
		known, err := read(name, v)
		if !known && unknown == nil {
			unknown = v.unrecognized(name, java)
		}
		return true, err
	})
	if err == nil {
		err = unknown
	}
	return err
}

// strings reads an array of strings; nil for null.
func (p place) strings() ([]string, error) {
	list, ok := p.value.([]any)
	if !ok {
		if p.value == nil {
			return nil, nil
		}
		return nil, p.cannotFill("java.util.ArrayList<java.lang.String>")
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

// parameters reads an object of any content, such as a map from strings; nil for null.
func (p place) parameters(java string) (*jsondoc.Object, error) {
	switch v := p.value.(type) {
	case nil:
		return nil, nil
	case *jsondoc.Object:
		return v, nil
	}
	return nil, p.cannotFill(java)
}
