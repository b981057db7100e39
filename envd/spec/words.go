package spec

import (
	"reflect"

	"go.yaml.in/yaml/v3"
)

// form describes how a type is written.
func form(t reflect.Type) string {
	switch t {
	case reflect.TypeFor[duration]():
		return "a duration such as 10s"
	case reflect.TypeFor[rate]():
		return "a rate such as 100/s"
	case reflect.TypeFor[size]():
		return "a size such as 256Mi"
	case reflect.TypeFor[cpu]():
		return "an amount of processor time such as 500m"
	case reflect.TypeFor[mode]():
		return `a file mode such as "0644"`
	case reflect.TypeFor[value]():
		return "a text, {from_env: NAME} or {from_file: path}"
	case reflect.TypeFor[literal]():
		return "a text"
	case reflect.TypeFor[port]():
		return "a port number, or {name: …, port: …}"
	case reflect.TypeFor[build]():
		return "a folder, or {context: …, dockerfile: …}"
	case reflect.TypeFor[publish]():
		return "PORT, HOST_PORT:PORT or HOST_IP:HOST_PORT:PORT"
	case reflect.TypeFor[request]():
		return `a request such as "GET http://host/path", or {method: …, url: …}`
	case reflect.TypeFor[mapping]():
		return "a mapping"
	}
	switch t.Kind() {
	case reflect.Pointer:
		return form(t.Elem())
	case reflect.Struct, reflect.Map:
		return "a mapping"
	case reflect.Slice:
		return "a list"
	case reflect.Int:
		return "a whole number"
	case reflect.Bool:
		return "true or false"
	}
	return "a text"
}

// shape describes what a node is.
func shape(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	}
	switch n.ShortTag() {
	case "!!int", "!!float":
		return "the number " + n.Value
	case "!!bool":
		return "the boolean " + n.Value
	case "!!null":
		return "nothing"
	}
	return "the text " + quote(n.Value)
}

// quote shortens a text for a message.
func quote(s string) string {
	const most = 40
	if r := []rune(s); len(r) > most {
		s = string(r[:most-1]) + "…"
	}
	return `"` + s + `"`
}

// hint says how to write the same thing correctly.
func hint(n *yaml.Node, t reflect.Type) string {
	if n.Kind != yaml.ScalarNode || n.Value == "" {
		return ""
	}
	switch {
	case t == reflect.TypeFor[artifact]():
		return "write {file: " + n.Value + "}, or {image: …} or {commit: …}"
	case t.Kind() == reflect.String:
		return "put it in quotes: " + quote(n.Value)
	case t == reflect.TypeFor[[]literal]():
		return "write a list, one word an item: [program, --flag]; use [sh, -c, …] for a shell"
	case t.Kind() == reflect.Slice:
		return "write a list: [" + n.Value + "]"
	case t.Kind() == reflect.Int && n.ShortTag() == "!!str" && number.MatchString(n.Value):
		return "drop the quotes: " + n.Value
	case t.Kind() == reflect.Bool:
		return "write true or false, without quotes"
	}
	return ""
}

// examples are sample values for help texts, by key.
var examples = map[string]string{
	"name": "checkout", "url": "http://host/path", "profile": "smoke", "kind": "stub.latency", "target": "payments.example.com",
	"environment": "{services: {checkout: {command: [program]}}}",
}

// example returns a sample value for a missing field.
func example(f fieldInfo, t reflect.Type) string {
	if len(f.enum) > 0 {
		return f.enum[0]
	}
	switch {
	case t == reflect.TypeFor[duration]():
		return "10s"
	case t == reflect.TypeFor[[]literal]():
		return "[program, --flag]"
	case examples[f.key] != "":
		return examples[f.key]
	case t.Kind() == reflect.Int:
		return "8080"
	}
	return f.key
}
