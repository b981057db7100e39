package spec

import (
	"fmt"
	"reflect"

	"go.yaml.in/yaml/v3"
)

// pair is one entry of a mapping.
type pair struct{ key, value *yaml.Node }

// pairs lists a mapping's entries with merge keys (<<) resolved: the mapping's own entries win over merged ones. It returns
// nil if n is not a mapping, and false if it reported a mistake.
func (d *decoder) pairs(n *yaml.Node, t reflect.Type, path string) ([]pair, bool) {
	if n.Kind != yaml.MappingNode {
		return nil, d.mismatch(n, t, path)
	}
	ok := true
	own := make([]pair, 0, len(n.Content)/2)
	first := map[string]*yaml.Node{}
	var merged []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, val := n.Content[i], n.Content[i+1]
		if key.Kind == yaml.AliasNode {
			key = key.Alias
		}
		switch {
		case isMerge(key):
			merged = append(merged, val)
		case key.Kind != yaml.ScalarNode:
			d.report(key, ruleWrongType, fmt.Sprintf("a key of %s must be text, not %s", orFile(path), shape(key)), "")
			ok = false
		case first[key.Value] != nil:
			d.report(key, ruleDuplicateKey, fmt.Sprintf("%q is already set on line %d", key.Value, first[key.Value].Line), "keep one of the two")
			ok = false
		default:
			first[key.Value] = key
			own = append(own, pair{key, val})
		}
	}
	for _, m := range merged {
		more, fine := d.merge(m, path, 0)
		ok = ok && fine
		for _, p := range more {
			if first[p.key.Value] == nil {
				first[p.key.Value] = p.key
				own = append(own, p)
			}
		}
	}
	return own, ok
}

func isMerge(key *yaml.Node) bool { return key.Value == "<<" && key.ShortTag() == "!!merge" }

// maxMerges bounds how deep merged mappings merge others.
const maxMerges = 20

// merge lists the entries behind a merge key: of a mapping, or of a list of mappings, of which the first one wins.
func (d *decoder) merge(n *yaml.Node, path string, depth int) ([]pair, bool) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	switch {
	case d.exhausted(n):
		return nil, false
	case depth > maxMerges:
		d.report(n, ruleTooLarge, "merge keys are nested too deeply", "a mapping cannot merge itself")
		return nil, false
	case n.Kind == yaml.SequenceNode:
		var all []pair
		ok := true
		for _, item := range n.Content {
			more, fine := d.merge(item, path, depth+1)
			all, ok = append(all, more...), ok && fine
		}
		return all, ok
	case n.Kind != yaml.MappingNode:
		d.report(n, ruleWrongType, "a merge key takes a mapping, not "+shape(n), "write <<: *name, with &name at a mapping")
		return nil, false
	}
	var own, nested []pair
	ok := true
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, val := n.Content[i], n.Content[i+1]
		switch {
		case isMerge(key):
			more, fine := d.merge(val, path, depth+1)
			nested, ok = append(nested, more...), ok && fine
		case key.Kind == yaml.ScalarNode:
			own = append(own, pair{key, val})
		}
	}
	return append(own, nested...), ok
}
