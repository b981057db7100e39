package jsonschema

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/envd-dev/envd/stubs/internal/jsondoc"
)

// networknt does not check a schema against its meta-schema: keywords with unfit values are ignored, make everything
// invalid, or make the schema unusable once it is used. lenient rewrites a schema to that effect, so that the validator,
// which does check, accepts it.

var errNoID = errors.New("No suitable validator for id") // networknt's words

// impossible matches nothing.
func impossible() map[string]any { return map[string]any{"not": map[string]any{}} }

func lenient(v any, version Version) (any, error) {
	o, ok := v.(map[string]any)
	if !ok {
		if b, ok := v.(bool); ok && version != V4 {
			return b, nil
		}
		return map[string]any{}, nil // what is no schema accepts everything; V4 has no booleans for schemas
	}
	if _, ok := o["id"]; ok && version != V4 {
		return nil, errNoID
	}
	for _, keyword := range []string{"title", "description", "$comment", "default", "examples", "readOnly", "writeOnly", "deprecated"} {
		delete(o, keyword)
	}
	never := false
	for keyword, value := range o {
		kept, err := leniently(keyword, value, version)
		switch {
		case errors.Is(err, errNever):
			never = true
			delete(o, keyword)
		case err != nil:
			return nil, err
		case kept == nil && keyword != "const":
			delete(o, keyword)
		default:
			o[keyword] = kept
		}
	}
	nullable(o)
	if never {
		return impossible(), nil
	}
	return o, nil
}

var errNever = errors.New("the keyword makes everything invalid")

// leniently is a keyword's value as the validator can take it, nil to leave the keyword out.
func leniently(keyword string, v any, version Version) (any, error) {
	switch keyword {
	case "additionalProperties", "additionalItems":
		if b, ok := v.(bool); ok { // which they take in V4, too
			return b, nil
		}
		return lenient(v, version)
	case "not", "if", "then", "else", "contains", "propertyNames",
		"unevaluatedItems", "unevaluatedProperties", "contentSchema":
		return lenient(v, version)
	case "items":
		return lenientItems(keyword, v, version)
	case "properties", "patternProperties", "definitions", "$defs", "dependentSchemas", "dependencies":
		return lenientMap(v, version)
	case "allOf", "anyOf", "oneOf", "prefixItems":
		return lenientList(keyword, v, version)
	case "minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties", "minContains", "maxContains":
		if n, ok := v.(json.Number); ok && !strings.ContainsAny(string(n), "-.eE") {
			return n, nil
		}
		return nil, nil
	case "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum":
		return lenientBound(keyword, v, version)
	case "multipleOf":
		if n, ok := v.(json.Number); ok && strings.Trim(string(n), "0.") != "" && n[0] != '-' {
			return n, nil
		}
		return nil, nil
	case "required":
		return lenientNames(v, version), nil
	case "type":
		return lenientType(v)
	case "enum":
		list, ok := v.([]any)
		if !ok || len(list) == 0 {
			return nil, errNever
		}
		return distinct(list), nil
	case "pattern", "format", "$ref", "$id", "$schema", "$anchor", "$dynamicRef", "$dynamicAnchor", "$recursiveRef":
		if s, ok := v.(string); ok {
			return s, nil
		}
		return nil, nil
	case "uniqueItems":
		if b, ok := v.(bool); ok {
			return b, nil
		}
		return nil, nil
	}
	return v, nil
}

func lenientItems(keyword string, v any, version Version) (any, error) {
	if list, ok := v.([]any); ok {
		return lenientList(keyword, list, version)
	}
	switch v.(type) {
	case map[string]any, bool:
		return lenient(v, version)
	}
	return nil, fmt.Errorf("The value of '%s' MUST be a valid JSON Schema.", keyword) // networknt's words
}

func lenientMap(v any, version Version) (any, error) {
	o, ok := v.(map[string]any)
	if !ok {
		return nil, nil
	}
	for name, e := range o {
		if list, ok := e.([]any); ok { // a dependency on names
			o[name] = lenientNames(list, version)
			continue
		}
		s, err := lenient(e, version)
		if err != nil {
			return nil, err
		}
		o[name] = s
	}
	return o, nil
}

func lenientList(keyword string, v any, version Version) (any, error) {
	list, ok := v.([]any)
	if !ok {
		return nil, fmt.Errorf("/%s: array expected", keyword)
	}
	for i, e := range list {
		s, err := lenient(e, version)
		if err != nil {
			return nil, err
		}
		list[i] = s
	}
	if len(list) == 0 {
		return nil, nil
	}
	return list, nil
}

func lenientBound(keyword string, v any, version Version) (any, error) {
	switch v.(type) {
	case json.Number:
		if version == V4 && strings.HasPrefix(keyword, "exclusive") {
			return nil, nil
		}
		return v, nil
	case bool:
		if version == V4 {
			return v, nil
		}
	}
	return nil, errors.New(keyword + " value is not a number")
}

func lenientNames(v any, version Version) any {
	list, ok := v.([]any)
	if !ok || len(list) == 0 && version == V4 {
		return nil
	}
	names := make([]any, len(list))
	for i, e := range list {
		names[i] = fmt.Sprint(e)
	}
	return distinct(names)
}

var types = []string{"string", "number", "integer", "boolean", "object", "array", "null"}

func lenientType(v any) (any, error) {
	switch t := v.(type) {
	case string:
		switch {
		case t == "any":
			return nil, nil
		case slices.Contains(types, t):
			return t, nil
		}
	case []any:
		var known []any
		for _, e := range t {
			if name, ok := e.(string); ok && slices.Contains(types, name) {
				known = append(known, name)
			}
		}
		if known != nil {
			return distinct(known), nil
		}
	}
	return nil, errNever
}

// distinct leaves out repeated scalars.
func distinct(list []any) []any {
	var out []any
	for _, e := range list {
		switch e.(type) {
		case string, bool, json.Number, nil:
			if slices.ContainsFunc(out, func(o any) bool { return sameScalar(o, e) }) {
				continue
			}
		}
		out = append(out, e)
	}
	return out
}

func sameScalar(a, b any) bool {
	x, ok := a.(json.Number)
	y, ok2 := b.(json.Number)
	if ok && ok2 {
		return jsondoc.Number(x).Compare(jsondoc.Number(y)) == 0
	}
	return a == b
}

// nullable turns OpenAPI's keyword into a further type.
func nullable(o map[string]any) {
	if o["nullable"] != true {
		return
	}
	switch t := o["type"].(type) {
	case string:
		o["type"] = distinct([]any{t, "null"})
	case []any:
		o["type"] = distinct(append(t, "null"))
	}
	if values, ok := o["enum"].([]any); ok {
		o["enum"] = distinct(append(values, nil))
	}
}
