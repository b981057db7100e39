package yamldoc

import (
	"bytes"
	"fmt"

	"go.yaml.in/yaml/v3"

	"github.com/envd-dev/envd/stubs/internal/jsondoc"
)

const indent = 2

// Encode prints a value of jsondoc, or what printers of mappings put into one, as one YAML document.
func Encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(indent)
	if err := e.Encode(node(v)); err != nil {
		return nil, fmt.Errorf("print YAML: %w", err)
	}
	err := e.Close()
	return b.Bytes(), err
}

func node(v any) *yaml.Node {
	switch t := v.(type) {
	case *jsondoc.Object:
		n := &yaml.Node{Kind: yaml.MappingNode}
		for _, m := range t.Members() {
			n.Content = append(n.Content, node(m.Name), node(m.Value))
		}
		return n
	case []any:
		n := &yaml.Node{Kind: yaml.SequenceNode}
		for _, e := range t {
			n.Content = append(n.Content, node(e))
		}
		return n
	case []string:
		n := &yaml.Node{Kind: yaml.SequenceNode}
		for _, e := range t {
			n.Content = append(n.Content, node(e))
		}
		return n
	case jsondoc.Number:
		return &yaml.Node{Kind: yaml.ScalarNode, Value: string(t)}
	case string:
		n := &yaml.Node{}
		n.SetString(t)
		return n
	}
	n := &yaml.Node{}
	if err := n.Encode(v); err != nil { // nil, booleans and Go's numbers always encode
		n.SetString(fmt.Sprint(v))
	}
	return n
}
