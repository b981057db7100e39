// Package yamldoc reads YAML 1.2 documents into the JSON value model of jsondoc, with the position of every value, and
// prints values as YAML.
package yamldoc

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/envd-dev/envd/stubs/internal/jsondoc"
)

// Bounds of a stream: aliases can make a small file a huge value.
const (
	maxAliased = 100_000 // values that come in by aliases
	maxDepth   = jsondoc.MaxDepth
)

// Error is input that is no YAML, or YAML that JSON cannot express.
type Error struct {
	Line, Column int // from 1; Column is 0 when it is not known
	Message      string
}

func (e *Error) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Message) }

// Document is one document of a stream.
type Document struct {
	Value any // of jsondoc
	root  *yaml.Node
}

// Decode reads all documents of a stream; empty ones are left out. The error is an *Error.
func Decode(data []byte) ([]Document, error) {
	d := yaml.NewDecoder(bytes.NewReader(data))
	var out []Document
	r := reader{budget: maxAliased}
	for {
		var root yaml.Node
		err := d.Decode(&root)
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, syntaxError(err)
		}
		if len(root.Content) == 0 {
			continue
		}
		v, err := r.value(root.Content[0], 0)
		if err != nil {
			return nil, err
		}
		if v != nil {
			out = append(out, Document{v, root.Content[0]})
		}
	}
}

var atLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

// syntaxError takes the line out of the library's message.
func syntaxError(err error) *Error {
	text, line := err.Error(), 1
	if m := atLine.FindStringSubmatch(text); m != nil {
		text = text[len(m[0]):]
		if n, err := strconv.Atoi(m[1]); err == nil {
			line = n
		}
	}
	return &Error{Line: line, Message: text}
}

// reader turns nodes into values.
type reader struct {
	budget  int // of values that come in by aliases
	aliases int // that the value being read is within
}

func fail(n *yaml.Node, format string, args ...any) error {
	return &Error{n.Line, n.Column, fmt.Sprintf(format, args...)}
}

func (r *reader) value(n *yaml.Node, depth int) (any, error) {
	if r.aliases > 0 {
		r.budget--
	}
	if r.budget < 0 || depth > maxDepth {
		return nil, fail(n, "the document is too large or too deep")
	}
	switch n.Kind {
	case yaml.AliasNode:
		r.aliases++
		defer func() { r.aliases-- }()
		return r.value(n.Alias, depth+1)
	case yaml.SequenceNode:
		list := make([]any, len(n.Content))
		for i, e := range n.Content {
			v, err := r.value(e, depth+1)
			if err != nil {
				return nil, err
			}
			list[i] = v
		}
		return list, nil
	case yaml.MappingNode:
		o := &jsondoc.Object{}
		return o, r.members(o, n, depth)
	}
	return scalar(n)
}

// members adds those of a mapping node, then, where the node does not have them itself, those that it merges in.
func (r *reader) members(o *jsondoc.Object, n *yaml.Node, depth int) error {
	var merged []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Tag == "!!merge" {
			merged = append(merged, value)
			continue
		}
		if key.Kind != yaml.ScalarNode {
			return fail(key, "a key must be a scalar")
		}
		if _, twice := o.Get(key.Value); twice {
			return fail(key, "the key %q comes twice", key.Value)
		}
		v, err := r.value(value, depth+1)
		if err != nil {
			return err
		}
		o.Set(key.Value, v)
	}
	for _, m := range merged {
		if err := r.merge(o, m, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) merge(o *jsondoc.Object, n *yaml.Node, depth int) error {
	v, err := r.value(n, depth)
	if err != nil {
		return err
	}
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	for _, e := range list {
		from, ok := e.(*jsondoc.Object)
		if !ok {
			return fail(n, "only mappings can be merged in")
		}
		for _, m := range from.Members() {
			if _, have := o.Get(m.Name); !have {
				o.Set(m.Name, m.Value)
			}
		}
	}
	return nil
}

func scalar(n *yaml.Node) (any, error) {
	switch n.ShortTag() {
	case "!!null":
		return nil, nil
	case "!!bool":
		var b bool
		err := n.Decode(&b)
		return b, wrap(n, err)
	case "!!int":
		if isJSONNumber(n.Value) {
			return jsondoc.Number(n.Value), nil
		}
		var i int64
		err := n.Decode(&i)
		return jsondoc.Number(strconv.FormatInt(i, 10)), wrap(n, err)
	case "!!float":
		if isJSONNumber(n.Value) {
			return jsondoc.Number(n.Value), nil
		}
		var f float64
		if err := n.Decode(&f); err != nil {
			return nil, wrap(n, err)
		}
		text := strconv.FormatFloat(f, 'g', -1, 64)
		if !isJSONNumber(text) {
			return nil, fail(n, "%s is no number that JSON has", n.Value)
		}
		return jsondoc.Number(text), nil
	}
	return n.Value, nil
}

func wrap(n *yaml.Node, err error) error {
	if err == nil {
		return nil
	}
	return &Error{n.Line, n.Column, syntaxError(err).Message}
}

var jsonNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)

func isJSONNumber(s string) bool { return jsonNumber.MatchString(s) }

// Position finds line and column (from 1) of the value at a JSON pointer whose tokens are not escaped, or of the nearest
// value around it that exists.
func (d Document) Position(pointer string) (line, column int) {
	at := d.root
	for token := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		next := child(at, token)
		if next == nil {
			break
		}
		at = next
	}
	return at.Line, at.Column
}

func child(n *yaml.Node, token string) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	switch n.Kind {
	case yaml.SequenceNode:
		if i, err := strconv.Atoi(token); err == nil && i >= 0 && i < len(n.Content) {
			return n.Content[i]
		}
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == token {
				return n.Content[i+1]
			}
		}
	}
	return nil
}
