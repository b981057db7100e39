package template

import "strings"

func named(b bean, names []string) []entry {
	list := make([]entry, len(names))
	for i, name := range names {
		v, _ := b.get(name)
		list[i] = entry{name, v}
	}
	return list
}

// beanProperties lists properties as each sees them: by their bean names, then by the names of the getters.
func beanProperties(b bean, names []string) []entry {
	list := named(b, names)
	getters := make([]entry, len(list))
	for i, e := range list {
		prefix := "get"
		if _, ok := e.value.(bool); ok {
			prefix = "is"
		}
		getters[i] = entry{prefix + strings.ToUpper(e.key[:1]) + e.key[1:], e.value}
	}
	hashOrder(list)
	hashOrder(getters)
	return append(list, getters...)
}

// bean is a value with Java properties: get gives one by its bean name or by the name of its getter, properties lists
// them as each does.
type bean interface {
	class() string
	get(name string) (any, bool)
	properties() []entry
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
