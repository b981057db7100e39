package template

import (
	"errors"
	"strings"

	"github.com/envd-dev/envd/stubs/internal/jsondoc"
	"github.com/envd-dev/envd/stubs/internal/jsonpath"
)

// document gives what read makes of text; a model reads each text once.
func (m *Model) document(key documentKey, read func(string) (any, error)) (any, error) {
	d, ok := m.docs[key]
	if !ok {
		d.value, d.err = read(key.text)
		if m.docs == nil {
			m.docs = map[documentKey]document{}
		}
		m.docs[key] = d
	}
	return d.value, d.err
}

func helpJSONPath(o *options) (any, error) {
	if o.context == nil || o.context == "" {
		return "", nil
	}
	expr, ok, err := asString(o.param(0))
	if err != nil {
		return nil, err
	}
	if !ok {
		return mistake("The JSONPath cannot be empty"), nil
	}
	flavour := smartRoot
	var doc any
	switch input := o.context.(type) {
	case string:
		if doc, err = o.r.model.document(documentKey{false, input}, jsonpath.DecodeString); err != nil {
			return mistake(input + " is not valid JSON"), nil
		}
		if doc == nil {
			return nil, illegalArgument("json can not be null")
		}
	default:
		doc, flavour = toDocument(input), jackson
	}
	if expr == "" {
		return nil, illegalArgument("json can not be null or empty")
	}
	path, err := o.r.engine.jsonPaths.get(expr, jsonpath.Compile)
	if err != nil {
		return mistake(expr + " is not a valid JSONPath expression"), nil
	}
	found, err := findLeaf(path, doc)
	if err != nil || found == nil {
		if missing := o.option("default"); missing != nil {
			return missing, nil
		}
		return "", nil
	}
	v := fromDocument(found, flavour)
	if m, ok := v.(*Map); ok {
		m.kind = jsonMap
	}
	return v, nil
}

// findLeaf evaluates the path; a leaf that is missing is null.
func findLeaf(path *jsonpath.Path, doc any) (any, error) {
	found, _, err := path.FindLeafToNull(doc)
	return found, err
}

func helpToJSON(o *options) (any, error) {
	if o.context == nil {
		return "", nil
	}
	return prettyJSON(o.context)
}

func helpParseJSON(o *options) (any, error) {
	if o.context == nil {
		return newMap(hashMap, 0), nil
	}
	hasArgument := !o.isModel()
	var text, variable string
	var named bool
	var err error
	if o.section() {
		if text, err = o.bodyText(o.scope); err != nil {
			return nil, err
		}
		if named = hasArgument; named {
			variable = toString(o.context)
		}
	} else {
		if !hasArgument {
			return mistake("Missing required JSON string parameter"), nil
		}
		if text, err = stringValue(o.context); err != nil {
			return nil, err
		}
		if len(o.params) > 0 {
			if variable, named, err = asString(o.params[0]); err != nil {
				return nil, err
			}
		}
	}
	v, err := parseJSON(javaTrim(text))
	if err != nil || !named {
		return v, err
	}
	o.r.setData(variable, v)
	return nil, nil
}

// parseJSON reads an object or a list; anything else throws.
func parseJSON(text string) (any, error) {
	if compact := strings.Join(strings.Fields(text), ""); compact == "" || compact == "{}" {
		return newMap(hashMap, 0), nil
	}
	doc, err := jsondoc.Decode([]byte(text))
	switch doc.(type) {
	case *jsondoc.Object:
		if strings.HasPrefix(text, "[") && strings.HasSuffix(text, "]") {
			err = errors.New("not a list")
		}
	case []any:
		if !strings.HasPrefix(text, "[") || !strings.HasSuffix(text, "]") {
			err = errors.New("not a map")
		}
	case nil:
		if err == nil {
			return nil, nil
		}
	default:
		err = errors.New("not a map")
	}
	if err != nil {
		return nil, &exception{wiremockPackage + "common.JsonException", "{"}
	}
	return fromDocument(doc, jackson), nil
}

// formatted is the common part of formatJson and formatXml.
func (o *options) formatted(name, what string, format func(text string, pretty bool) (string, error)) (any, error) {
	var text string
	var err error
	if o.section() {
		if text, err = o.bodyText(o.scope); err != nil {
			return nil, err
		}
	} else if s, ok := o.context.(string); ok {
		text = s
	}
	if text = javaTrim(text); text == "" {
		return mistake(name + " should take a block of " + what + " to format or a single parameter of type String"), nil
	}
	switch f := o.option("format").(type) {
	case nil:
		return format(text, true)
	case string:
		if f == "pretty" || f == "compact" {
			return format(text, f == "pretty")
		}
		return mistake(name + ": format [" + f + "] should be one of [pretty, compact]"), nil
	default:
		s, err := stringValue(f)
		return mistake(name + ": format [" + s + "] of type [" + className(f) + " should be a Format or a String and one of [pretty, compact]]"), err
	}
}

func helpFormatJSON(o *options) (any, error) {
	return o.formatted("formatJson", "JSON", func(text string, pretty bool) (string, error) {
		doc, err := jsondoc.Decode([]byte(text))
		switch {
		case err != nil && pretty: // the original forgets to catch here
			return "", jacksonError(err)
		case err != nil:
			return mistake("There was an error parsing the json. Please make sure the json is valid"), nil
		case pretty:
			return jsondoc.Pretty(doc), nil
		}
		return jsondoc.Compact(doc), nil
	})
}

// jacksonError is what Jackson throws for a text that is no JSON.
func jacksonError(err error) error {
	class := "JsonParseException"
	switch message := err.Error(); {
	case strings.HasPrefix(message, "Unexpected end-of-input"):
		class = "io.JsonEOFException"
	case strings.HasPrefix(message, "Document nesting depth"):
		class = "exc.StreamConstraintsException"
	}
	return &exception{"wiremock.com.fasterxml.jackson.core." + class, err.Error()}
}
