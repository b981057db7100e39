package template

import (
	"errors"
	"strings"

	"github.com/envd-dev/envd/stubs/internal/jsondoc"
	"github.com/envd-dev/envd/stubs/internal/jsonpath"
)

// jsonDocument reads text as JSONPath sees it; a model reads each text once.
func (m *Model) jsonDocument(text string) (any, error) {
	d, ok := m.docs[text]
	if !ok {
		d.value, d.err = jsondoc.DecodeLenient(text)
		if m.docs == nil {
			m.docs = map[string]document{}
		}
		m.docs[text] = d
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
		if doc, err = o.r.model.jsonDocument(input); err != nil {
			return mistake(input + " is not valid JSON"), nil
		}
	default:
		doc, flavour = toDocument(input), jackson
	}
	if expr == "" {
		return nil, illegalArgument("json can not be null or empty")
	}
	path, err := jsonpath.Compile(expr)
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
		if text, err = render2String(o.context); err != nil {
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
func (o *options) formatted(name, what string, format func(text string, pretty bool) string) (any, error) {
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
		return format(text, true), nil
	case string:
		if f == "pretty" || f == "compact" {
			return format(text, f == "pretty"), nil
		}
		return mistake(name + ": format [" + f + "] should be one of [pretty, compact]"), nil
	default:
		s, err := render2String(f)
		return mistake(name + ": format [" + s + "] of type [" + className(f) + " should be a Format or a String and one of [pretty, compact]]"), err
	}
}

func helpFormatJSON(o *options) (any, error) {
	return o.formatted("formatJson", "JSON", func(text string, pretty bool) string {
		doc, err := jsondoc.Decode([]byte(text))
		switch {
		case err != nil:
			return mistake("There was an error parsing the json. Please make sure the json is valid")
		case pretty:
			return jsondoc.Pretty(doc)
		}
		return jsondoc.Compact(doc)
	})
}

func helpJSONMerge(o *options) (any, error) {
	base, ok := o.context.(string)
	if !ok {
		return mistake("Base JSON parameter must be a string"), nil
	}
	target, bad := jsonObject("Base JSON", base)
	if bad != "" {
		return bad, nil
	}
	text, ok, err := o.jsonArgument()
	if err != nil {
		return nil, err
	}
	if !ok {
		return mistake("JSON to merge must be a string"), nil
	}
	source, bad := jsonObject("JSON to merge", text)
	if bad != "" {
		return bad, nil
	}
	removeNulls, _, err := asBoolean(o.option("removeNulls"))
	if err != nil {
		return nil, err
	}
	mergeJSON(target, source, removeNulls)
	return jsondoc.Compact(target), nil
}

// jsonArgument is the block's text or the first parameter; false says that this is no string.
func (o *options) jsonArgument() (string, bool, error) {
	if o.section() {
		s, err := o.bodyText(o.scope)
		return s, true, err
	}
	s, ok := o.param(0).(string)
	return s, ok, nil
}

func jsonObject(what, text string) (*jsondoc.Object, string) {
	doc, err := jsondoc.Decode([]byte(text))
	if err != nil {
		return nil, mistake(what + " is not valid JSON ('" + text + "')")
	}
	object, ok := doc.(*jsondoc.Object)
	if !ok {
		return nil, mistake(what + " is not a JSON object ('" + text + "')")
	}
	return object, ""
}

func mergeJSON(base, other *jsondoc.Object, removeNulls bool) {
	for _, m := range other.Members() {
		existing, _ := base.Get(m.Name)
		if child, ok := m.Value.(*jsondoc.Object); ok {
			if baseChild, ok := existing.(*jsondoc.Object); ok {
				mergeJSON(baseChild, child, removeNulls)
				continue
			}
		}
		if removeNulls && m.Value == nil {
			base.Delete(m.Name)
		} else {
			base.Set(m.Name, m.Value)
		}
	}
}

func helpJSONRemove(o *options) (any, error) {
	input, ok := o.context.(string)
	if !ok {
		return mistake("Input JSON must be a string"), nil
	}
	if input == "null" {
		return input, nil
	}
	if len(o.params) != 1 {
		return mistake("A single JSONPath expression parameter must be supplied"), nil
	}
	expr, ok := o.params[0].(string)
	if !ok {
		return mistake("JSONPath parameter must be a string"), nil
	}
	doc, err := jsondoc.Decode([]byte(input))
	if err != nil {
		return mistake("Input JSON string is not valid JSON ('" + input + "')"), nil
	}
	path, err := jsonpath.Compile(expr)
	if err != nil || expr == "" {
		return mistake("JSONPath parameter is not a valid JSONPath expression ('" + expr + "')"), nil
	}
	places, err := path.Locate(doc)
	if errors.Is(err, jsonpath.ErrNotFound) {
		if _, err := findLeaf(path, doc); err == nil { // only the last name is missing
			return jsondoc.Compact(doc), nil
		}
		return input, nil
	}
	if err != nil || len(places) == 1 && len(places[0]) == 0 {
		return mistake("Delete operation cannot be applied to JSONPath expression ('" + expr + "')"), nil
	}
	for i := len(places) - 1; i >= 0; i-- { // from the back, so that indexes stay right
		doc = removeAt(doc, places[i])
	}
	return jsondoc.Compact(doc), nil
}

// removeAt deletes what is at place, and gives the changed document.
func removeAt(doc any, place []any) any {
	if len(place) == 0 {
		return doc
	}
	switch at := place[0].(type) {
	case string:
		if o, ok := doc.(*jsondoc.Object); ok {
			if len(place) == 1 {
				o.Delete(at)
			} else if child, ok := o.Get(at); ok {
				o.Set(at, removeAt(child, place[1:]))
			}
		}
	case int:
		if l, ok := doc.([]any); ok && at >= 0 && at < len(l) {
			if len(place) == 1 {
				return append(l[:at:at], l[at+1:]...)
			}
			l[at] = removeAt(l[at], place[1:])
		}
	}
	return doc
}

func helpJSONArrayAdd(o *options) (any, error) {
	input, ok := o.context.(string)
	if !ok {
		return mistake("Base JSON must be a string"), nil
	}
	root, err := jsondoc.Decode([]byte(input))
	if err != nil || input == "" {
		return mistake("Base JSON is not valid JSON ('" + input + "')"), nil
	}
	place, target, bad := o.targetArray(root, input)
	if bad != "" {
		return bad, nil
	}
	text, ok, err := o.jsonArgument()
	if err != nil {
		return nil, err
	}
	if !ok {
		return mistake("Item-to-add JSON must be a string"), nil
	}
	item, err := jsondoc.Decode([]byte(text))
	if err != nil {
		return mistake("Item-to-add JSON is not valid JSON ('" + text + "')"), nil
	}
	flatten, isBool := o.option("flatten").(bool)
	if !isBool && o.option("flatten") != nil {
		return mistake("flatten option must be a boolean"), nil
	}
	if more, isList := item.([]any); flatten && isList {
		target = append(target, more...)
	} else {
		target = append(target, item)
	}
	if limit := o.option("maxItems"); limit != nil {
		n, isInt := limit.(int32)
		if !isInt {
			return mistake("maxItems option must be an integer"), nil
		}
		if n < 0 {
			return mistake("maxItems option integer must be positive"), nil
		}
		target = target[max(0, len(target)-int(n)):]
	}
	return jsondoc.Compact(replaceAt(root, place, target)), nil
}

// targetArray finds the list to add to: the document, or what the jsonPath option leads to. Bad is a mistake to render.
func (o *options) targetArray(root any, input string) (place []any, target []any, bad string) {
	found, where := root, "'"+input+"'"
	if option := o.option("jsonPath"); option != nil {
		expr, ok := option.(string)
		if !ok {
			return nil, nil, mistake("jsonPath option must be a string")
		}
		path, err := jsonpath.Compile(expr)
		if err != nil || expr == "" {
			return nil, nil, mistake("jsonPath option is not valid JSONPath expression ('" + expr + "')")
		}
		where = "root: '" + input + "', jsonPath: '" + expr + "'"
		found = nil
		if places, err := path.Locate(root); err == nil && len(places) == 1 && path.Definite() {
			place = places[0]
			found = valueAt(root, place)
		} else if err == nil && !path.Definite() {
			found = []any{} // a list of results, which is not part of the document
			place = nil
			return nil, nil, ""
		}
	}
	target, ok := found.([]any)
	if !ok {
		return nil, nil, mistake("Target JSON is not a JSON array (" + where + ")")
	}
	return place, target, ""
}

func valueAt(doc any, place []any) any {
	for _, step := range place {
		switch at := step.(type) {
		case string:
			o, _ := doc.(*jsondoc.Object)
			if o == nil {
				return nil
			}
			doc, _ = o.Get(at)
		case int:
			l, _ := doc.([]any)
			if at < 0 || at >= len(l) {
				return nil
			}
			doc = l[at]
		}
	}
	return doc
}

func replaceAt(doc any, place []any, v any) any {
	if len(place) == 0 {
		return v
	}
	switch at := place[0].(type) {
	case string:
		if o, ok := doc.(*jsondoc.Object); ok {
			child, _ := o.Get(at)
			o.Set(at, replaceAt(child, place[1:], v))
		}
	case int:
		if l, ok := doc.([]any); ok && at >= 0 && at < len(l) {
			l[at] = replaceAt(l[at], place[1:], v)
		}
	}
	return doc
}
