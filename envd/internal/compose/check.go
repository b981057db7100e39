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

// checker walks one file in parallel to the shape of what envd supports, and reports the rest.
type checker struct {
	*reader
	file *file
}

// check walks all files. What a service extends is checked as if it were written in the service.
func (r *reader) check() {
	for _, f := range r.files {
		(&checker{r, f}).walk(f.root, top, nil)
		for _, name := range f.services() {
			for _, b := range r.basesOf(f, name) {
				(&checker{r, b.file}).walk(b.node, service, []string{"services", name})
			}
		}
	}
}

// tell records a finding at a node.
func (c *checker) tell(n *yaml.Node, path []string, rule, message, help string) {
	c.findings = append(c.findings, finding{Diagnostic: c.file.text.At(n, rule, message, help), path: path})
}

// tooMany bounds the nodes to walk: a few aliases of aliases expand to billions.
const tooMany = 100_000

func (c *checker) walk(n *yaml.Node, s *shape, path []string) {
	n = resolved(n)
	if c.visits++; c.visits == tooMany {
		c.found = append(c.found, c.file.text.At(n, spec.RuleOutOfRange, "aliases make this file too large", "write it out, or use fewer aliases"))
	}
	if c.visits >= tooMany {
		return
	}
	if s.values {
		c.values(n, path)
		return
	}
	switch n.Kind {
	case yaml.ScalarNode:
		if text := c.interpolate(n, path); s.closed() && n.ShortTag() != "!!null" && !s.allows(text) {
			c.tell(n, path, spec.RuleUnsupported, fmt.Sprintf("%s: %s is not supported by envd", display(path), text), s.help)
			c.findings[len(c.findings)-1].value = text
		}
	case yaml.SequenceNode:
		for _, item := range n.Content {
			c.walk(item, s, below(path, tree.PathMatchList))
		}
	case yaml.MappingNode:
		if s.closed() {
			c.tell(n, path, spec.RuleUnsupported, display(path)+" as a mapping is not supported by envd", s.help)
			return
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			key, value := n.Content[i], resolved(n.Content[i+1])
			if key.Value == "<<" {
				c.merged(value, s, path)
				continue
			}
			c.entry(key, value, s, path)
		}
	}
}

func below(path []string, part string) []string { return append(slices.Clone(path), part) }

// merged walks the value of a merge key (<<): a mapping, or a list of them.
func (c *checker) merged(n *yaml.Node, s *shape, path []string) {
	if n.Kind == yaml.SequenceNode {
		for _, item := range n.Content {
			c.walk(item, s, path)
		}
		return
	}
	c.walk(n, s, path)
}

func (c *checker) entry(key, value *yaml.Node, s *shape, path []string) {
	inside := below(path, key.Value)
	next := s.any
	if sub, ok := s.keys[key.Value]; ok {
		next = sub
	}
	switch {
	case strings.HasPrefix(key.Value, "x-") && len(path) < 3: // an extension: means nothing, often holds anchors
	case value.Tag == "!reset": // takes back what an earlier file says
	case next == nil && s.open():
		c.walk(value, s, inside)
	case next == nil:
		c.refuse(key, s, path)
	default:
		c.walk(value, next, inside)
	}
}

// attributes matches the paths of all attributes in the Compose specification.
var attributes = sync.OnceValue(func() *tree.Matcher { return tree.NewMatcher(schema.AttributePaths()...) })

// display writes a path for messages.
func display(path []string) string {
	named := slices.DeleteFunc(slices.Clone(path), func(part string) bool { return part == tree.PathMatchList })
	if len(named) == 0 {
		return "a compose file"
	}
	return strings.Join(named, ".")
}

// reason says what to do about a key that is not supported. Reasons by the key and one of the two mappings around it go
// before those by the key alone.
func reason(path []string) string {
	key := path[len(path)-1]
	for _, around := range slices.Backward(path[max(0, len(path)-3) : len(path)-1]) {
		if r := reasons[around+"."+key]; r != "" {
			return r
		}
	}
	return reasons[key]
}

// refuse reports a key that envd does not support, or that Compose itself does not know.
func (c *checker) refuse(key *yaml.Node, s *shape, path []string) {
	where := display(path)
	inside := below(path, key.Value)
	at := tree.NewPath(inside...)
	if known := attributes(); known.Matches(at) || known.MayContain(at) {
		help := reason(inside)
		if help == "" {
			help = "remove it; supported here: " + strings.Join(slices.Sorted(maps.Keys(s.keys)), ", ")
		}
		c.tell(key, inside, spec.RuleUnsupported, fmt.Sprintf("%s of %s is not supported by envd", key.Value, where), help)
		return
	}
	c.tell(key, inside, spec.RuleUnknownKey, fmt.Sprintf("%q is not a key of %s", key.Value, where),
		spec.Suggest(key.Value, "key", slices.Collect(maps.Keys(s.keys))))
}
