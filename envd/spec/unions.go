package spec

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/invopop/jsonschema"
	"go.yaml.in/yaml/v3"

	"github.com/envd-dev/envd/envd"
)

// literal is a text that is taken as it is written, even if YAML reads it as a number or a boolean.
type literal string

func (a *literal) readNode(d *decoder, n *yaml.Node, path string) bool {
	if n.Kind != yaml.ScalarNode {
		return d.mismatch(n, reflect.TypeFor[literal](), path)
	}
	*a = literal(n.Value)
	return true
}

func (literal) schema() *jsonschema.Schema { return anyScalar() }

func anyScalar() *jsonschema.Schema {
	return &jsonschema.Schema{OneOf: []*jsonschema.Schema{{Type: "string"}, {Type: "number"}, {Type: "boolean"}}}
}

// value is a text that may hold ${VAR} and ${VAR:-default}, or a reference to a secret: {from_env: NAME} or
// {from_file: path}. Numbers and booleans are taken as they are written.
type value struct {
	text   string
	secret secret
}

// secret refers to a value that is never stored.
type secret struct {
	// Environment variable that holds the secret.
	FromEnv string `json:"from_env,omitempty"`
	// File that holds the secret, relative to the spec.
	FromFile string `json:"from_file,omitempty"`
}

func (v *value) readNode(d *decoder, n *yaml.Node, path string) bool {
	switch n.Kind {
	case yaml.ScalarNode:
		v.text = n.Value
		return true
	case yaml.MappingNode:
		if !d.structure(n, reflect.ValueOf(&v.secret).Elem(), path) {
			return false
		}
		if (v.secret.FromEnv == "") == (v.secret.FromFile == "") {
			d.report(n, ruleChooseOne, path+" needs exactly one of from_env and from_file", "write {from_env: NAME} or {from_file: path}")
			return false
		}
		return true
	}
	return d.mismatch(n, reflect.TypeFor[value](), path)
}

func (value) schema() *jsonschema.Schema {
	s := anyScalar()
	props := jsonschema.NewProperties()
	props.Set("from_env", &jsonschema.Schema{Type: "string", Description: "Environment variable that holds the secret."})
	props.Set("from_file", &jsonschema.Schema{Type: "string", Description: "File that holds the secret, relative to the spec."})
	one := uint64(1)
	s.OneOf = append(s.OneOf, &jsonschema.Schema{
		Type: "object", Properties: props, AdditionalProperties: jsonschema.FalseSchema, MinProperties: &one, MaxProperties: &one,
	})
	return s
}

func (v *value) resolve(absolute func(string) string) envd.Value {
	out := envd.Value{Text: v.text, FromEnv: v.secret.FromEnv}
	if v.secret.FromFile != "" {
		out.FromFile = absolute(v.secret.FromFile)
	}
	return out
}

func (p *port) readNode(d *decoder, n *yaml.Node, path string) bool {
	type long port // without this method
	if n.Kind == yaml.MappingNode {
		return d.structure(n, reflect.ValueOf((*long)(p)).Elem(), path)
	}
	f := fieldsOf(reflect.TypeFor[port]())[1]
	v := reflect.ValueOf(p).Elem().Field(f.index)
	return d.value(n, v, path) && d.bounds(n, v, f, path)
}

// JSONSchemaExtend adds the short form.
func (port) JSONSchemaExtend(s *jsonschema.Schema) {
	shorten(s, &jsonschema.Schema{Type: "integer", Minimum: json.Number("1"), Maximum: json.Number("65535")})
}

func (r *request) readNode(d *decoder, n *yaml.Node, path string) bool {
	type long request // without this method
	if n.Kind == yaml.MappingNode {
		return d.structure(n, reflect.ValueOf((*long)(r)).Elem(), path)
	}
	method, url, ok := strings.Cut(n.Value, " ")
	if n.Kind != yaml.ScalarNode || !ok || method == "" || strings.TrimSpace(url) == "" {
		return d.mismatch(n, reflect.TypeFor[request](), path)
	}
	f := fieldsOf(reflect.TypeFor[request]())[0]
	v := reflect.ValueOf(r).Elem().Field(f.index)
	v.SetString(method)
	d.nodes[&r.URL] = n
	r.URL = strings.TrimSpace(url)
	return d.bounds(n, v, f, path)
}

// JSONSchemaExtend adds the short form.
func (request) JSONSchemaExtend(s *jsonschema.Schema) {
	shorten(s, &jsonschema.Schema{Type: "string", Pattern: `^[A-Z]+ https?://`})
}

// shorten turns the schema of an object into that of an object or a short form.
func shorten(s, short *jsonschema.Schema) {
	long := *s
	*s = jsonschema.Schema{OneOf: []*jsonschema.Schema{short, &long}}
}

// mapping is a free document, kept as JSON.
type mapping struct{ json []byte }

func (m *mapping) readNode(d *decoder, n *yaml.Node, path string) bool {
	if n.Kind != yaml.MappingNode {
		return d.mismatch(n, reflect.TypeFor[mapping](), path)
	}
	v, ok := d.free(n, path, 0)
	if !ok {
		return false
	}
	var err error
	if m.json, err = json.Marshal(v); err != nil {
		d.report(n, ruleWrongType, fmt.Sprintf("%s cannot be written as JSON: %v", path, err), "")
	}
	return err == nil
}

func (mapping) schema() *jsonschema.Schema { return &jsonschema.Schema{Type: "object"} }

// maxDepth bounds the nesting of free documents.
const maxDepth = 100

// free converts a node to values that encoding/json can write.
func (d *decoder) free(n *yaml.Node, path string, depth int) (any, bool) {
	switch {
	case d.exhausted(n):
		return nil, false
	case depth > maxDepth:
		d.report(n, ruleTooLarge, quote(path)+" is nested too deeply", "a mapping cannot hold itself")
		return nil, false
	}
	switch n.Kind {
	case yaml.AliasNode:
		return d.free(n.Alias, path, depth+1)
	case yaml.MappingNode:
		pairs, ok := d.pairs(n, reflect.TypeFor[mapping](), path)
		m := make(map[string]any, len(pairs))
		for _, p := range pairs {
			v, fine := d.free(p.value, join(path, p.key.Value), depth+1)
			m[p.key.Value], ok = v, ok && fine
		}
		return m, ok
	case yaml.SequenceNode:
		list, ok := make([]any, len(n.Content)), true
		for i, item := range n.Content {
			v, fine := d.free(item, fmt.Sprintf("%s[%d]", path, i), depth+1)
			list[i], ok = v, ok && fine
		}
		return list, ok
	}
	var v any
	if n.ShortTag() == "!!str" || n.ShortTag() == "!!timestamp" {
		return n.Value, true
	}
	if err := n.Decode(&v); err != nil {
		d.report(n, ruleWrongType, fmt.Sprintf("%s: %v", path, err), "")
		return nil, false
	}
	return v, true
}

func (f *fault) further(key, val *yaml.Node) { f.params = append(f.params, pair{key, val}) }

// JSONSchemaExtend allows the parameters of the fault's kind.
func (fault) JSONSchemaExtend(s *jsonschema.Schema) { s.AdditionalProperties = nil }
