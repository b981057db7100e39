package spec

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// maxNodes bounds what a file may expand to through aliases.
const maxNodes = 100_000

// decoder fills the document's types from YAML nodes. It reports a mistake and goes on. It remembers the node behind every
// field by the field's address, so that later checks can point at the exact place.
type decoder struct {
	src   *source
	found Diagnostics
	nodes map[any]*yaml.Node // pointer to a field → its value
	keys  map[any]*yaml.Node // pointer to a field → the key before it
	bad   map[any]bool       // pointer to a field → it is given, but could not be read
	spent int
}

func newDecoder(src *source) *decoder {
	return &decoder{src: src, nodes: map[any]*yaml.Node{}, keys: map[any]*yaml.Node{}, bad: map[any]bool{}}
}

// nodeReader is a type that reads itself, because it has more than one written form.
type nodeReader interface {
	readNode(d *decoder, n *yaml.Node, path string) bool
}

// mistake is the error of a scalar's own parser: what is wrong, and what to write instead.
type mistake struct{ rule, message, help string }

func (m mistake) Error() string { return m.message }

// report records a mistake at a node.
func (d *decoder) report(n *yaml.Node, rule, message, help string) {
	d.found = append(d.found, d.src.at(n.Line, n.Column, d.src.width(n), rule, message, help))
}

// reportInside records a mistake at a part of a scalar's text, offset in bytes. If the text is not written literally on one
// line, or the offset is negative, it points at the whole scalar.
func (d *decoder) reportInside(n *yaml.Node, offset, width int, rule, message, help string) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	column, ok := d.src.inside(n)
	if !ok || offset < 0 {
		d.report(n, rule, message, help)
		return
	}
	column += utf8.RuneCountInString(n.Value[:offset])
	d.found = append(d.found, d.src.at(n.Line, column, width, rule, message, help))
}

// given reports whether the file has this field, readable or not.
func (d *decoder) given(field any) bool { return d.nodes[field] != nil }

// sound reports whether the file has this field and it could be read.
func (d *decoder) sound(field any) bool { return d.nodes[field] != nil && !d.bad[field] }

// value reads n into v, which must be addressable.
func (d *decoder) value(n *yaml.Node, v reflect.Value, path string) bool {
	field := v.Addr().Interface()
	d.nodes[field] = n
	ok := d.read(n, v, field, path)
	if !ok {
		d.bad[field] = true
	}
	return ok
}

// exhausted counts a node and reports whether aliases have expanded the file too far; the first time that is a diagnostic.
func (d *decoder) exhausted(n *yaml.Node) bool {
	if d.spent++; d.spent == maxNodes+1 {
		d.report(n, ruleTooLarge, fmt.Sprintf("the file expands to more than %d nodes", maxNodes), "use fewer aliases")
	}
	return d.spent > maxNodes
}

func (d *decoder) read(n *yaml.Node, v reflect.Value, field any, path string) bool {
	if d.exhausted(n) {
		return false
	}
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" {
		d.report(n, ruleWrongType, orFile(path)+" is empty", "write "+form(v.Type())+", or remove the key")
		return false
	}
	switch r := field.(type) {
	case nodeReader:
		return r.readNode(d, n, path)
	case encoding.TextUnmarshaler:
		return d.text(n, r, v.Type(), path)
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return d.value(n, v.Elem(), path)
	case reflect.Struct:
		return d.structure(n, v, path)
	case reflect.Map:
		return d.dictionary(n, v, path)
	case reflect.Slice:
		return d.list(n, v, path)
	}
	return d.scalar(n, v, path)
}

// mismatch reports that n has the wrong shape for t.
func (d *decoder) mismatch(n *yaml.Node, t reflect.Type, path string) bool {
	d.report(n, ruleWrongType, fmt.Sprintf("%s must be %s, not %s", orFile(path), form(t), shape(n)), hint(n, t))
	return false
}

func (d *decoder) text(n *yaml.Node, u encoding.TextUnmarshaler, t reflect.Type, path string) bool {
	if n.Kind != yaml.ScalarNode {
		return d.mismatch(n, t, path)
	}
	err := u.UnmarshalText([]byte(n.Value))
	if m := (mistake{}); errors.As(err, &m) {
		d.report(n, m.rule, path+": "+m.message, m.help)
	} else if err != nil {
		d.report(n, ruleWrongType, path+": "+err.Error(), "")
	}
	return err == nil
}

func (d *decoder) scalar(n *yaml.Node, v reflect.Value, path string) bool {
	if n.Kind != yaml.ScalarNode {
		return d.mismatch(n, v.Type(), path)
	}
	switch tag := n.ShortTag(); {
	case v.Kind() == reflect.String && (tag == "!!str" || tag == "!!timestamp"):
		v.SetString(n.Value)
		return true
	case v.Kind() == reflect.Bool && tag == "!!bool", v.Kind() == reflect.Int && tag == "!!int":
		return n.Decode(v.Addr().Interface()) == nil || d.mismatch(n, v.Type(), path)
	}
	return d.mismatch(n, v.Type(), path)
}

func (d *decoder) list(n *yaml.Node, v reflect.Value, path string) bool {
	if n.Kind != yaml.SequenceNode {
		return d.mismatch(n, v.Type(), path)
	}
	// Made with its full length, so that the addresses of its elements, which are keys, do not change.
	v.Set(reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content)))
	ok := true
	for i, item := range n.Content {
		ok = d.value(item, v.Index(i), fmt.Sprintf("%s[%d]", path, i)) && ok
	}
	return ok
}

func (d *decoder) dictionary(n *yaml.Node, v reflect.Value, path string) bool {
	pairs, ok := d.pairs(n, v.Type(), path)
	if pairs == nil {
		return ok
	}
	v.Set(reflect.MakeMapWithSize(v.Type(), len(pairs)))
	for _, p := range pairs {
		elem := reflect.New(v.Type().Elem()).Elem()
		if elem.Kind() == reflect.Pointer { // allocated here, because its address is a key
			elem.Set(reflect.New(elem.Type().Elem()))
			d.keys[elem.Interface()] = p.key
			ok = d.value(p.value, elem.Elem(), join(path, p.key.Value)) && ok
		} else {
			ok = d.value(p.value, elem, join(path, p.key.Value)) && ok
		}
		v.SetMapIndex(reflect.ValueOf(p.key.Value), elem)
	}
	return ok
}

// furtherKeys is a struct that accepts keys that are not its fields.
type furtherKeys interface {
	further(key, value *yaml.Node)
}

func (d *decoder) structure(n *yaml.Node, v reflect.Value, path string) bool {
	d.defaults(v)
	pairs, ok := d.pairs(n, v.Type(), path)
	if pairs == nil && !ok {
		return false
	}
	fields := fieldsOf(v.Type())
	given := map[string]bool{} // keys that are there, or were meant by a misspelt one
	for _, p := range pairs {
		given[p.key.Value] = true
		i := slices.IndexFunc(fields, func(f fieldInfo) bool { return f.key == p.key.Value })
		if i < 0 {
			if f, takes := v.Addr().Interface().(furtherKeys); takes {
				f.further(p.key, p.value)
				continue
			}
			given[d.unknownKey(p.key, fields, path)] = true
			ok = false
			continue
		}
		f := v.Field(fields[i].index)
		d.keys[f.Addr().Interface()] = p.key
		at := join(path, p.key.Value)
		ok = d.value(p.value, f, at) && ok
		ok = d.bounds(p.value, f, fields[i], at) && ok
	}
	for _, f := range fields {
		if f.required && !given[f.key] {
			d.missing(n, v, f, path)
			ok = false
		}
	}
	return ok
}

// unknownKey reports a key and returns the one that was probably meant.
func (d *decoder) unknownKey(key *yaml.Node, fields []fieldInfo, path string) (meant string) {
	known := make([]string, len(fields))
	for i, f := range fields {
		known[i] = f.key
	}
	d.report(key, ruleUnknownKey, fmt.Sprintf("%q is not a key of %s", key.Value, orFile(path)), suggest(key.Value, "key", known))
	return nearest(key.Value, known)
}

func (d *decoder) missing(n *yaml.Node, v reflect.Value, f fieldInfo, path string) {
	at := n
	if key := d.keys[v.Addr().Interface()]; key != nil {
		at = key
	}
	d.report(at, ruleMissingField, fmt.Sprintf("%s lacks %q", orFile(path), f.key), "write "+f.key+": "+example(f, v.Field(f.index).Type()))
}
