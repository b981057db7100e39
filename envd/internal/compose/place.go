package compose

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/envd-dev/envd/envd/spec"
)

// report records a mistake at the place that path leads to.
func (r *reader) report(rule, message, help string, path ...string) {
	r.found = append(r.found, r.at(rule, message, help, path...))
}

// at returns a diagnostic at the place that path leads to, as far as it can be followed: in the last file that has it, or
// in what a service there extends.
func (r *reader) at(rule, message, help string, path ...string) spec.Diagnostic {
	in := r.files[len(r.files)-1] // never an included one: those come before the file that includes them
	best, deepest := in.root, -1
	look := func(f *file, from *yaml.Node, path []string, above int) {
		if n, depth := find(from, path); depth+above >= deepest && (depth > 0 || above == 0) {
			best, deepest, in = n, depth+above, f
		}
	}
	for _, f := range r.files {
		if len(path) > 2 && path[0] == "services" && f.service(path[1]) != nil {
			for _, b := range slices.Backward(r.basesOf(f, path[1])) {
				look(b.file, b.node, path[2:], 2)
			}
		}
		look(f, f.root, path, 0)
	}
	return in.text.At(best, rule, message, help)
}

// where returns the place of path as file:line:col.
func (r *reader) where(path ...string) string {
	d := r.at("", "", "", path...)
	return fmt.Sprintf("%s:%d:%d", d.File, d.Line, d.Column)
}

// find follows path from n and returns the node at its end, or the last one that exists, and how far it came. For an entry
// of a mapping that is the key, for one of a list the item.
func find(n *yaml.Node, path []string) (*yaml.Node, int) {
	place, depth := n, 0
	for ; depth < len(path); depth++ {
		key, value := child(n, path[depth])
		if value == nil {
			break
		}
		place, n = key, value
	}
	if depth == len(path) && depth > 0 && n.Kind == yaml.ScalarNode && n.Line > 0 {
		place = n
	}
	return place, depth
}

// child returns the entry part of a mapping, merge keys included, or the item of a list that is part or begins with it.
func child(n *yaml.Node, part string) (key, value *yaml.Node) {
	n = resolved(n)
	if n.Kind == yaml.SequenceNode {
		for _, item := range n.Content {
			item = resolved(item)
			if item.Kind == yaml.ScalarNode && names(item.Value, part) {
				return item, item
			}
			for _, identity := range []string{"source", "target", "path"} {
				if _, v := child(item, identity); item.Kind == yaml.MappingNode && v != nil && v.Value == part {
					return item, item
				}
			}
		}
		return nil, nil
	}
	var merged []*yaml.Node
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		switch n.Content[i].Value {
		case part:
			return n.Content[i], n.Content[i+1]
		case "<<":
			merged = append(merged, n.Content[i+1])
		}
	}
	for _, m := range merged {
		if key, value = child(m, part); value != nil {
			return key, value
		}
	}
	return nil, nil
}

// names reports whether part means this item of a list, such as ./data:/data:ro.
func names(item, part string) bool {
	return item == part || strings.HasPrefix(item, part+":") || strings.HasPrefix(item, part+"=") || strings.Contains(item, ":"+part)
}

func resolved(n *yaml.Node) *yaml.Node {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

// exists reports a file or folder that is missing.
func (r *reader) exists(path, what string, place ...string) {
	if _, err := os.Stat(path); err != nil {
		r.report(spec.RulePathNotFound, fmt.Sprintf("%s: there is no %s", what, r.Display(path)), "create it; paths count from the folder of the first compose file, or of the one that is included or extended", place...)
	}
}
