package spec

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// fieldInfo holds what the tags of a struct field say.
type fieldInfo struct {
	index    int
	key      string
	required bool
	enum     []string
	byDefault,
	minimum, maximum string
}

func fieldsOf(t reflect.Type) []fieldInfo {
	var fields []fieldInfo
	for i := range t.NumField() {
		f := t.Field(i)
		key, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !f.IsExported() || key == "" {
			continue
		}
		info := fieldInfo{index: i, key: key, required: options != "omitempty"}
		for keyword := range strings.SplitSeq(f.Tag.Get("jsonschema"), ",") {
			name, arg, _ := strings.Cut(keyword, "=")
			switch name {
			case "enum":
				info.enum = append(info.enum, arg)
			case "default":
				info.byDefault = arg
			case "minimum":
				info.minimum = arg
			case "maximum":
				info.maximum = arg
			}
		}
		fields = append(fields, info)
	}
	return fields
}

// defaults fills a struct with what its tags say, the structs in it too.
func (d *decoder) defaults(v reflect.Value) {
	for _, f := range fieldsOf(v.Type()) {
		field := v.Field(f.index)
		if field.Kind() == reflect.Struct && field.NumField() > 0 && fieldsOf(field.Type()) != nil {
			d.defaults(field)
			continue
		}
		if f.byDefault == "" {
			continue
		}
		if u, ok := field.Addr().Interface().(encoding.TextUnmarshaler); ok {
			_ = u.UnmarshalText([]byte(f.byDefault)) // a test reads every default
			continue
		}
		switch field.Kind() {
		case reflect.String:
			field.SetString(f.byDefault)
		case reflect.Int:
			i, _ := strconv.Atoi(f.byDefault) // a test reads every default
			field.SetInt(int64(i))
		case reflect.Bool:
			field.SetBool(f.byDefault == "true")
		}
	}
}

// bounds checks a value, or each element of a list, against what the tags demand.
func (d *decoder) bounds(n *yaml.Node, v reflect.Value, f fieldInfo, path string) bool {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if d.bad[v.Addr().Interface()] && v.Kind() != reflect.Slice {
		return false
	}
	if v.Kind() == reflect.Slice && f.minimum != "" && n.Kind == yaml.SequenceNode {
		ok := true
		for i := range v.Len() {
			ok = d.bounds(n.Content[i], v.Index(i), f, fmt.Sprintf("%s[%d]", path, i)) && ok
		}
		return ok
	}
	ok := true
	switch v.Kind() {
	case reflect.String:
		if f.enum != nil && !slices.Contains(f.enum, v.String()) {
			d.report(n, ruleUnknownValue, fmt.Sprintf("%s cannot be %q", path, v.String()), suggest(v.String(), f.key, f.enum))
			ok = false
		}
	case reflect.Int:
		low, lowErr := strconv.ParseInt(f.minimum, 10, 64)
		high, highErr := strconv.ParseInt(f.maximum, 10, 64)
		if lowErr == nil && v.Int() < low || highErr == nil && v.Int() > high {
			d.report(n, ruleOutOfRange, fmt.Sprintf("%s cannot be %d", path, v.Int()), "use "+span(f))
			ok = false
		}
	}
	if !ok {
		d.bad[v.Addr().Interface()] = true
	}
	return ok
}

func span(f fieldInfo) string {
	if f.maximum == "" {
		return f.minimum + " or more"
	}
	return f.minimum + " to " + f.maximum
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func orFile(path string) string {
	if path == "" {
		return "the spec"
	}
	return path
}
