package template

import (
	"strings"
)

func helpArray(o *options) (any, error) {
	if o.context == nil || o.isModel() {
		return &List{kind: immutableOf}, nil
	}
	return newList(append([]any{o.context}, o.params...)...), nil
}

// asList is the cast of the array helpers' context; nil for null.
func asList(v any) (*List, error) {
	switch v := v.(type) {
	case nil:
		return nil, nil
	case *List:
		if v.kind != keySet {
			return v, nil
		}
	}
	return nil, castError(v, "java.util.List")
}

const positionRange = "position must be greater than or equal to 0 and less than or equal to the size of the list"

// position reads the option: an index, 0 for start, and false for end or nothing. Bad is a mistake to render.
func (o *options) position() (at int, given bool, bad string) {
	v := o.option("position")
	if v == nil {
		return 0, false, ""
	}
	if i, ok := v.(int32); ok {
		return int(i), true, ""
	}
	text := toString(v)
	switch {
	case strings.EqualFold(text, "start"):
		return 0, true, ""
	case strings.EqualFold(text, "end"):
		return 0, false, ""
	}
	i, err := parseInt(text)
	if err != nil {
		return 0, false, mistake("position must be 'start', 'end' or an integer")
	}
	return int(i), true, ""
}

func helpArrayAdd(o *options) (any, error) {
	list, err := asList(o.context)
	if err != nil {
		return nil, err
	}
	if list == nil {
		return &List{kind: immutableOf}, nil
	}
	if len(o.params) == 0 {
		return mistake("Missing required parameter: additional value to add to list"), nil
	}
	at, given, bad := o.position()
	if bad != "" {
		return bad, nil
	}
	if !given {
		at = len(list.items)
	}
	if at < 0 || at > len(list.items) {
		return mistake(positionRange), nil
	}
	items := append(make([]any, 0, len(list.items)+1), list.items[:at]...)
	return newList(append(append(items, o.params[0]), list.items[at:]...)...), nil
}

func helpArrayRemove(o *options) (any, error) {
	list, err := asList(o.context)
	if err != nil {
		return nil, err
	}
	at, given, bad := o.position()
	if bad != "" {
		return bad, nil
	}
	if list == nil {
		return nil, nullPointer("java.util.List.size()", "list")
	}
	size := len(list.items)
	if given && (at < 0 || at > size) {
		return mistake(positionRange), nil
	}
	if !given {
		at = size - 1
	}
	if at < 0 || at >= size {
		return nil, throw("IndexOutOfBoundsException", "Index %d out of bounds for length %d", at, size)
	}
	items := append(make([]any, 0, size), list.items[:at]...)
	return newList(append(items, list.items[at+1:]...)...), nil
}

func helpArrayJoin(o *options) (any, error) {
	separator, ok := o.context.(string)
	if !ok {
		return mistake("Separator parameter must be a String"), nil
	}
	first := o.param(0)
	if first == nil {
		return mistake("The parameter must be list"), nil
	}
	items := o.params
	if isIterable(first) {
		list, err := asList(first)
		if err != nil {
			return nil, err
		}
		items = list.items
	}
	prefix, err := o.stringOption("prefix", "")
	if err != nil {
		return nil, err
	}
	suffix, err := o.stringOption("suffix", "")
	if err != nil || len(items) == 0 {
		return "", err
	}
	var b strings.Builder
	for i, item := range items {
		if i > 0 {
			b.WriteString(separator)
		}
		text, err := o.joined(item)
		if err != nil {
			return nil, err
		}
		b.WriteString(text)
	}
	return prefix + b.String() + suffix, nil
}

func (o *options) joined(item any) (string, error) {
	if o.section() {
		return o.bodyText(o.wrap(item))
	}
	if item == nil {
		return "", nullPointer("Object.toString()", "item")
	}
	return stringValue(item)
}

// maxRange bounds the lists that range makes.
const maxRange = 1_000_000

func helpRange(o *options) (any, error) {
	lower, ok1, err := coerceInt(o.context)
	if err != nil {
		return nil, err
	}
	upper, ok2, err := coerceInt(o.param(0))
	if err != nil {
		return nil, err
	}
	if !ok1 || !ok2 {
		return mistake("The range helper requires both lower and upper bounds as integer parameters"), nil
	}
	limit := upper - lower + 1 // wraps around, as in Java
	if limit < 0 {
		return nil, illegalArgument("%d", limit)
	}
	if limit > maxRange {
		return nil, &LimitError{Reason: "range makes too long a list"}
	}
	list := &List{items: make([]any, limit)}
	for i := range list.items {
		list.items[i] = lower + int32(i)
	}
	return list, nil
}

// coerceInt takes a number or its text; false says that v is neither.
func coerceInt(v any) (int32, bool, error) {
	if i, ok := intValue(v); ok {
		return i, true, nil
	}
	if s, ok := v.(string); ok {
		i, err := parseInt(s)
		return i, true, err
	}
	return 0, false, nil
}

// coerceDouble takes a number or its text; false says that v is neither.
func coerceDouble(v any) (float64, bool, error) {
	if f, ok := doubleValue(v); ok {
		return f, true, nil
	}
	if s, ok := v.(string); ok {
		f, err := parseDouble(s)
		return f, true, err
	}
	return 0, false, nil
}
