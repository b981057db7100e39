package template

import (
	"math/big"
	"strings"
	"unicode"
)

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
