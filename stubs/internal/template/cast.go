package template

import "strings"

// asString and the like cast the arguments of helpers; null passes as the zero value and false.

// castError is the ClassCastException of a value that is no instance of class.
func castError(v any, class string) error {
	from := className(v)
	inBase := func(name string) bool { return strings.HasPrefix(name, "java.") }
	var where string
	switch {
	case inBase(from) && inBase(class):
		where = from + " and " + class + " are in module java.base of loader 'bootstrap'"
	case inBase(class):
		where = from + " is in unnamed module of loader 'app'; " + class + " is in module java.base of loader 'bootstrap'"
	default:
		where = from + " and " + class + " are in unnamed module of loader 'app'"
	}
	return throw("ClassCastException", "class %s cannot be cast to class %s (%s)", from, class, where)
}

func asString(v any) (s string, present bool, err error) {
	switch v := v.(type) {
	case nil:
		return "", false, nil
	case string:
		return v, true, nil
	}
	return "", false, castError(v, "java.lang.String")
}

func asInteger(v any) (i int32, present bool, err error) {
	switch v := v.(type) {
	case nil:
		return 0, false, nil
	case int32:
		return v, true, nil
	}
	return 0, false, castError(v, "java.lang.Integer")
}

func asBoolean(v any) (b, present bool, err error) {
	switch v := v.(type) {
	case nil:
		return false, false, nil
	case bool:
		return v, true, nil
	}
	return false, false, castError(v, "java.lang.Boolean")
}
