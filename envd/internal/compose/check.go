package compose

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/compose-spec/compose-go/v2/schema"
	"github.com/compose-spec/compose-go/v2/tree"
	"go.yaml.in/yaml/v3"

	"github.com/envd-dev/envd/envd/spec"
)

// checker walks one file along the shape of what is supported.
type checker struct {
	*reader
	file *file
	seen map[*yaml.Node]bool
}

func (c *checker) report(n *yaml.Node, rule, message, help string) {
	c.found = append(c.found, c.file.text.At(n, rule, message, help))
}

func (c *checker) walk(n *yaml.Node, s *shape, path []string) {
	n = resolved(n)
	switch {
	case c.seen[n]:
		return
	case s.values:
		c.seen[n] = true
		c.values(n)
		return
	}
	c.seen[n] = true
	switch n.Kind {
	case yaml.ScalarNode:
		c.interpolated(n)
	case yaml.SequenceNode:
		for _, item := range n.Content {
			c.walk(item, s, append(slices.Clone(path), tree.PathMatchList))
		}
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			key, value := n.Content[i], n.Content[i+1]
			if key.Value == "<<" {
				c.merged(value, s, path)
				continue
			}
			c.entry(key, value, s, path)
		}
	}
}

// merged walks what a merge key brings in.
func (c *checker) merged(n *yaml.Node, s *shape, path []string) {
	n = resolved(n)
	if n.Kind == yaml.SequenceNode {
		for _, item := range n.Content {
			c.walk(item, s, path)
		}
		return
	}
	c.walk(n, s, path)
}

func (c *checker) entry(key, value *yaml.Node, s *shape, path []string) {
	inside := append(slices.Clone(path), key.Value)
	next := s.any
	if sub, ok := s.keys[key.Value]; ok {
		next = sub
	}
	switch {
	case strings.HasPrefix(key.Value, "x-") && len(path) < 3: // nobody's: anchors stand there
	case next == nil && s.open():
		c.walk(value, s, inside)
	case next == nil:
		c.refuse(key, s, path)
	case next.only != nil && value.Kind == yaml.ScalarNode && !slices.Contains(next.only, value.Value):
		c.report(value, spec.RuleUnsupported, fmt.Sprintf("%s: %s is not supported by envd", display(inside), value.Value), next.help)
	default:
		c.walk(value, next, inside)
	}
}

// attributes are those of the Compose specification, by pattern.
var attributes = sync.OnceValue(func() *tree.Matcher { return tree.NewMatcher(schema.AttributePaths()...) })

// display is a path as messages have it.
func display(path []string) string {
	named := slices.DeleteFunc(slices.Clone(path), func(part string) bool { return part == tree.PathMatchList })
	if len(named) == 0 {
		return "a compose file"
	}
	return strings.Join(named, ".")
}

// refuse reports a key that Compose knows and envd does not, or that nobody knows.
func (c *checker) refuse(key *yaml.Node, s *shape, path []string) {
	where := display(path)
	at := tree.NewPath(append(slices.Clone(path), key.Value)...)
	if known := attributes(); known.Matches(at) || known.MayContain(at) {
		help := reasons[key.Value]
		if help == "" {
			help = "remove it; supported here: " + strings.Join(slices.Sorted(maps.Keys(s.keys)), ", ")
		}
		c.report(key, spec.RuleUnsupported, fmt.Sprintf("%s of %s is not supported by envd", key.Value, where), help)
		return
	}
	c.report(key, spec.RuleUnknownKey, fmt.Sprintf("%q is not a key of %s", key.Value, where),
		spec.Suggest(key.Value, "key", slices.Collect(maps.Keys(s.keys))))
}
