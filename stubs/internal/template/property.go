package template

import (
	"math"
	"math/big"
	"strings"
	"unicode"

	"github.com/envd-dev/envd/stubs/internal/jsondoc"
)

// bean is a value with Java properties: get gives one by its bean name or by the name of its getter, properties lists
// them as each does.
type bean interface {
	class() string
	get(name string) (any, bool)
	properties() []entry
}

// property resolves a name on a value: a map's entry, then what Java code could call without arguments. Nil says that
// there is nothing of that name, null{} that it is null.
func (r *render) property(v any, name string) any {
	switch v := v.(type) {
	case entries:
		return v.get(name)
	case *Map:
		if found := v.get(name); found != nil {
			return found
		}
		return mapProperty(v, name)
	case *List:
		return listProperty(v, name)
	case string:
		return stringProperty(v, name)
	case bean:
		got, ok := v.get(name)
		if !ok {
			got, ok = v.get(getter(name))
		}
		switch {
		case !ok:
			return nil
		case got == nil:
			return null{}
		}
		return got
	case bool:
		if name == "booleanValue" {
			return v
		}
		if name == "hashCode" {
			return ternary[int32](v, 1231, 1237)
		}
	}
	if name == "toString" {
		if _, isNull := v.(null); !isNull {
			return toString(v)
		}
	}
	return numberProperty(v, name)
}

func ternary[T any](condition bool, yes, no T) T {
	if condition {
		return yes
	}
	return no
}

// getter turns the name of a getter into that of its property: getUrl and isBinary into url and binary.
func getter(name string) string {
	rest, ok := strings.CutPrefix(name, "get")
	if !ok {
		rest, ok = strings.CutPrefix(name, "is")
	}
	if !ok || rest == "" || !unicode.IsUpper(rune(rest[0])) {
		return ""
	}
	return strings.ToLower(rest[:1]) + rest[1:]
}

func mapProperty(m *Map, name string) any {
	switch name {
	case "size":
		return int32(len(m.entries))
	case "empty", "isEmpty":
		return len(m.entries) == 0
	case "keySet":
		l := &List{kind: keySet}
		for _, e := range m.entries {
			l.items = append(l.items, e.key)
		}
		return l
	case "values":
		l := &List{kind: keySet}
		for _, e := range m.entries {
			l.items = append(l.items, e.value)
		}
		return l
	case "entrySet":
		l := &List{kind: keySet}
		for _, e := range m.entries {
			l.items = append(l.items, &mapEntry{e})
		}
		return l
	case "toString":
		return toString(m)
	}
	return nil
}

// mapEntry is a Map.Entry.
type mapEntry struct{ entry }

func (e *mapEntry) class() string { return "java.util.LinkedHashMap$Entry" }

func (e *mapEntry) get(name string) (any, bool) {
	switch name {
	case "key":
		return e.key, true
	case "value":
		return e.value, true
	}
	return nil, false
}

func (e *mapEntry) properties() []entry { return []entry{{"key", e.key}, {"value", e.value}} }

func (e *mapEntry) text() (string, error) { return e.key + "=" + toString(e.value), nil }

func listProperty(l *List, name string) any {
	switch name {
	case "size", "length":
		return int32(len(l.items))
	case "empty", "isEmpty":
		return len(l.items) == 0
	case "toString":
		return toString(l)
	}
	if l.kind != listOrSingle {
		return nil
	}
	switch name {
	case "single", "isSingle":
		return len(l.items) == 1
	case "first", "getFirst":
		if v, ok := l.at(0); ok {
			return v
		}
		return null{}
	case "last", "getLast":
		if len(l.items) > 0 {
			return l.items[len(l.items)-1]
		}
		return null{}
	}
	return nil
}

func stringProperty(s, name string) any {
	switch name {
	case "length":
		return int32(jsondoc.UTF16Len(s))
	case "empty", "isEmpty":
		return s == ""
	case "blank", "isBlank":
		return strings.TrimFunc(s, javaSpace) == ""
	case "toString", "intern":
		return s
	case "toUpperCase":
		return upper(s)
	case "toLowerCase":
		return lower(s)
	case "trim":
		return javaTrim(s)
	case "strip":
		return strings.TrimFunc(s, javaSpace)
	case "stripLeading":
		return strings.TrimLeftFunc(s, javaSpace)
	case "stripTrailing":
		return strings.TrimRightFunc(s, javaSpace)
	case "hashCode":
		return javaHash(s)
	case "describeConstable":
		return safeString("Optional[" + s + "]")
	case "stripIndent", "translateEscapes":
		return s
	case "bytes", "getBytes":
		return safeString("[B@1")
	case "toCharArray":
		return safeString("[C@1")
	case "lines":
		return safeString("java.util.stream.ReferencePipeline$Head@1")
	case "chars", "codePoints":
		return safeString("java.util.stream.IntPipeline$Head@1")
	}
	return nil
}

// What each finds on a string, in the order of java.lang.String's reflection.
var stringNames = []string{"blank", "bytes", "empty", "translateEscapes", "toCharArray", "intern", "stripIndent", "toLowerCase", "length",
	"isEmpty", "isBlank", "describeConstable", "getBytes", "strip", "trim", "hashCode", "toUpperCase", "toString", "lines", "stripLeading",
	"chars", "stripTrailing", "codePoints"}

var doubleNames = []string{"infinite", "naN", "isNaN", "hashCode", "intValue", "floatValue", "toString", "shortValue", "doubleValue",
	"isInfinite", "describeConstable", "longValue", "byteValue"}

var numberNames = []string{"hashCode", "intValue", "floatValue", "toString", "shortValue", "doubleValue", "describeConstable", "longValue", "byteValue"}

func numberProperty(v any, name string) any {
	f, ok := doubleValue(v)
	if !ok {
		return nil
	}
	i, _ := intValue(v)
	switch name {
	case "intValue":
		return i
	case "longValue":
		switch v := v.(type) {
		case int64:
			return v
		case float64:
			return int64(v)
		}
		return int64(i)
	case "shortValue":
		return int32(int16(i))
	case "byteValue":
		return int32(int8(i))
	case "doubleValue":
		return f
	case "floatValue":
		return float64(float32(f))
	case "toString":
		return toString(v)
	case "describeConstable":
		return safeString("Optional[" + toString(v) + "]")
	case "hashCode":
		switch v := v.(type) {
		case int32:
			return v
		case int64:
			return int32(v ^ v>>32)
		}
		bits := math.Float64bits(f)
		return int32(bits ^ bits>>32)
	case "naN", "isNaN":
		return f != f
	case "infinite", "isInfinite":
		return f-f != 0
	}
	return nil
}

// properties lists what each iterates on a value that is no list.
func properties(v any) []entry {
	switch v := v.(type) {
	case *Map:
		return v.entries
	case bean:
		return v.properties()
	case bool:
		return []entry{{"hashCode", ternary[int32](v, 1231, 1237)}, {"toString", toString(v)}, {"booleanValue", v}, {"describeConstable", safeString("Optional[DynamicConstantDesc[ConstantBootstraps::getStaticFinal(" + strings.ToUpper(toString(v)) + "/ClassDesc[Boolean])Boolean]]")}}
	}
	var names []string
	switch v.(type) {
	case string:
		names = stringNames
	case float64:
		names = doubleNames
	default:
		if _, ok := doubleValue(v); !ok {
			return nil
		}
		names = numberNames
	}
	list := make([]entry, len(names))
	for i, name := range names {
		value := numberProperty(v, name)
		if text, ok := v.(string); ok {
			value = stringProperty(text, name)
		}
		list[i] = entry{name, value}
	}
	return list
}

// className is what Class.getName says of a value.
func className(v any) string {
	switch v := v.(type) {
	case string:
		return "java.lang.String"
	case safeString:
		return "wiremock.com.github.jknack.handlebars.Handlebars$SafeString"
	case bool:
		return "java.lang.Boolean"
	case int32:
		return "java.lang.Integer"
	case int64:
		return "java.lang.Long"
	case float64:
		return "java.lang.Double"
	case *big.Int:
		return "java.math.BigInteger"
	case Decimal:
		return "java.math.BigDecimal"
	case *List:
		return [...]string{
			arrayList: "java.util.ArrayList", immutableOf: "java.util.ImmutableCollections$ListN",
			listOrSingle: wiremockPackage + "common.ListOrSingle", urlPath: templatingPackage + "UrlPath",
			jsonList: templatingPackage + "helpers.JsonData$ListJsonData", keySet: "java.util.LinkedHashMap$LinkedKeySet",
		}[v.kind]
	case *Map:
		return [...]string{
			hashMap: "java.util.HashMap", linkedMap: "java.util.LinkedHashMap", headerMap: "java.util.TreeMap",
			jsonMap: templatingPackage + "helpers.JsonData$MapJsonData", templateMap: templatingPackage + "TemplatedUrlPath",
			parameterMap: wiremockPackage + "extension.Parameters",
		}[v.kind]
	case bean:
		return v.class()
	}
	return "java.lang.Object"
}

const (
	wiremockPackage   = "com.github.tomakehurst.wiremock."
	templatingPackage = wiremockPackage + "extension.responsetemplating."
)

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

// The casts of a helper's arguments; null passes as the zero value and false.

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
