package template

import (
	"errors"

	"github.com/envd-dev/envd/stubs/internal/jsondoc"
	"github.com/envd-dev/envd/stubs/internal/jsonpath"
)

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
	path, err := o.r.engine.jsonPaths.get(expr, jsonpath.Compile)
	if err != nil || expr == "" {
		return mistake("JSONPath parameter is not a valid JSONPath expression ('" + expr + "')"), nil
	}
	places, err := path.Locate(doc)
	if errors.Is(err, jsonpath.ErrNotFound) {
		if _, err := findLeaf(path, doc); err == nil { // only the last name is missing
			return printJSON(doc), nil
		}
		return input, nil
	}
	if refused := (*jsonpath.PathError)(nil); errors.As(err, &refused) { // a filter on what is neither list nor object
		return mistake("JSONPath parameter is not a valid JSONPath expression ('" + expr + "')"), nil
	}
	if err != nil || len(places) == 1 && len(places[0]) == 0 {
		return mistake("Delete operation cannot be applied to JSONPath expression ('" + expr + "')"), nil
	}
	for i := len(places) - 1; i >= 0; i-- { // from the back, so that indexes stay right
		doc = removeAt(doc, places[i])
	}
	return printJSON(doc), nil
}

// printJSON prints a changed document as WireMock does: nulls only stay in lists.
func printJSON(doc any) string { return jsondoc.Compact(jsondoc.WithoutNulls(doc)) }

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
	if err != nil || root == nil {
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
	return printJSON(replaceAt(root, place, target)), nil
}

// targetArray finds the list to add to: the document, or what the jsonPath option leads to. Bad is a mistake to render.
func (o *options) targetArray(root any, input string) (place []any, target []any, bad string) {
	found, where := root, "'"+input+"'"
	if option := o.option("jsonPath"); option != nil {
		expr, ok := option.(string)
		if !ok {
			return nil, nil, mistake("jsonPath option must be a string")
		}
		path, err := o.r.engine.jsonPaths.get(expr, jsonpath.Compile)
		if err != nil || expr == "" {
			return nil, nil, mistake("jsonPath option is not valid JSONPath expression ('" + expr + "')")
		}
		where = "root: '" + input + "', jsonPath: '" + expr + "'"
		found = nil
		if places, err := path.Locate(root); err == nil && len(places) == 1 && path.Definite() {
			place = places[0]
			found = valueAt(root, place)
		} else if err == nil && !path.Definite() {
			return nil, nil, "" // a list of results, which is not part of the document
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
