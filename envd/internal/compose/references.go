package compose

import (
	"fmt"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/envd-dev/envd/envd/spec"
)

// values prepares the variables of a service: compose-go is to hand on their values as references, because they may be
// secret. Both written forms are known, a mapping and a list of NAME=value, and the scalar of a config's content.
func (c *checker) values(n *yaml.Node, path []string) {
	switch n.Kind {
	case yaml.ScalarNode:
		c.keep(n, path, n.Value)
	case yaml.SequenceNode:
		for _, item := range n.Content {
			if item = resolved(item); item.Kind == yaml.ScalarNode {
				c.listed(item, path)
			}
		}
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			name, value := n.Content[i], resolved(n.Content[i+1])
			switch inside := below(path, name.Value); {
			case name.Value == "<<":
				c.merged(value, variables, path)
			case value.Kind != yaml.ScalarNode:
			case value.ShortTag() == "!!null":
				if _, _, set := c.file.scope.lookup(name.Value); set {
					c.keep(value, inside, "${"+name.Value+"}")
				}
			default:
				c.keep(value, inside, value.Value)
			}
		}
	}
}

// listed prepares one NAME=value. NAME alone hands on a variable of the process, where there is one.
func (c *checker) listed(item *yaml.Node, path []string) {
	name, _, given := strings.Cut(item.Value, "=")
	_, _, set := c.file.scope.lookup(name)
	switch {
	case given:
		c.keep(item, path, item.Value)
	case set:
		c.keep(item, path, name+"=${"+name+"}")
	default:
		c.file.scalars[item] = nil
	}
}

// keep has a scalar hold what envd.Value reads, past compose-go's own interpolation.
func (c *checker) keep(n *yaml.Node, path []string, text string) {
	c.once(n, path, func() *yaml.Node {
		text := c.references(n, text, true)
		if !strings.Contains(text, "$") && text == n.Value {
			return n
		}
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Style: yaml.DoubleQuotedStyle, Value: escape(text)}
	})
}

// interpolate sets the references of a scalar that is no variable's value, and returns what it then says.
func (c *checker) interpolate(n *yaml.Node, path []string) string {
	stands := c.once(n, path, func() *yaml.Node {
		out := *n
		switch {
		case n.ShortTag() == "!!null":
			out.Value = "null" // to be nothing still, once it is written again
		case strings.Contains(n.Value, "$"):
			out.Value = escape(c.references(n, n.Value, false))
		}
		return &out
	})
	if stands == nil { // an entry of a list of variables, elsewhere
		return ""
	}
	return strings.ReplaceAll(stands.Value, "$$", "$")
}

func escape(text string) string { return strings.ReplaceAll(text, "$", "$$") }

// once works out what stands in the place of a scalar, and repeats what was said about it for each path that leads there.
func (c *checker) once(n *yaml.Node, path []string, work func() *yaml.Node) *yaml.Node {
	stands, known := c.file.scalars[n]
	if !known {
		c.file.said[n] = nil
		stands = work()
		c.file.scalars[n] = stands
	}
	for _, d := range c.file.said[n] {
		c.findings = append(c.findings, finding{Diagnostic: d, path: path})
	}
	return stands
}

// say notes what is wrong with a scalar's references.
func (c *checker) say(n *yaml.Node, rule, message, help string) {
	c.file.said[n] = append(c.file.said[n], c.file.text.At(n, rule, message, help))
}

var referenceForm = regexp.MustCompile(`^\$(?:\$|([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)(:?[-?+]|\}))`)

// references sets Compose's references: each to what its variable holds or, where that is to be kept, to envd.Value's
// ${NAME}; which way a condition goes is decided here in both cases. What refers to nothing is reported.
func (c *checker) references(n *yaml.Node, text string, keep bool) string {
	var out strings.Builder
	dollar := "$"
	if keep {
		dollar = "$$"
	}
	for text != "" {
		at := strings.IndexByte(text, '$')
		if at < 0 {
			break
		}
		out.WriteString(text[:at])
		text = text[at:]
		m := referenceForm.FindStringSubmatch(text)
		switch {
		case m == nil && strings.HasPrefix(text, "${"):
			c.say(n, spec.RuleBadReference, fmt.Sprintf("%q is no reference", text), "write ${NAME} or ${NAME:-default}; a $ of its own is written $$")
			return ""
		case m == nil:
			out.WriteByte('$')
			text = text[1:]
		case m[0] == "$$":
			out.WriteString(dollar)
			text = text[2:]
		case m[1] != "" || m[3] == "}":
			out.WriteString(c.plain(n, m[1]+m[2], keep))
			text = text[len(m[0]):]
		default:
			end := closing(text)
			if end < 0 {
				c.say(n, spec.RuleBadReference, fmt.Sprintf("%q has no closing brace", text), "write ${NAME} or ${NAME:-default}")
				return ""
			}
			out.WriteString(c.conditional(n, m[2], m[3], text[len(m[0]):end], keep))
			text = text[end+1:]
		}
	}
	return out.String() + text
}

// closing is where the brace that text begins with, after a $, is closed; -1 where it is not.
func closing(text string) int {
	depth := 0
	for i := range len(text) {
		switch {
		case text[i] == '{' && i > 0 && text[i-1] == '$':
			depth++
		case text[i] == '}':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

func (c *checker) plain(n *yaml.Node, name string, keep bool) string {
	value, of, set := c.file.scope.lookup(name)
	if !set {
		c.say(n, spec.RuleUnsetVariable, fmt.Sprintf("variable %s is not set", name), fmt.Sprintf("export %s, write it into .env, or give a default: ${%s:-value}", name, name))
	}
	if !keep {
		return value
	}
	if of != nil && set {
		c.needed[of] = true
		c.shared = append(c.shared, use{place{c.file, n}, name, value, of})
	}
	return "${" + name + "}"
}

// conditional is ${NAME, an operator and its argument: - and + with a default and a replacement, ? with an error, and
// each with a colon, which counts an empty value as none.
func (c *checker) conditional(n *yaml.Node, name, operator, argument string, keep bool) string {
	value, _, set := c.file.scope.lookup(name)
	there := set && (value != "" || operator[0] != ':')
	switch operator[len(operator)-1] {
	case '?':
		if !there {
			c.say(n, spec.RuleUnsetVariable, strings.TrimSuffix(fmt.Sprintf("variable %s is not set: %s", name, argument), ": "), fmt.Sprintf("export %s, or write it into .env", name))
			return ""
		}
	case '+':
		if there {
			return c.references(n, argument, keep)
		}
		return ""
	default:
		if !there {
			return c.references(n, argument, keep)
		}
	}
	return c.plain(n, name, keep)
}
