package compose

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/envd-dev/envd/envd/spec"
)

// values rewrites the variables of a service: compose-go is to hand on their values as references, because they may be
// secret. Both written forms are known, a mapping and a list of NAME=value, and the scalar of a config's content.
func (c *checker) values(n *yaml.Node) {
	switch n.Kind {
	case yaml.ScalarNode:
		c.keep(n, n.Value)
	case yaml.SequenceNode:
		n.Content = slices.DeleteFunc(n.Content, func(item *yaml.Node) bool { return !c.listed(resolved(item)) })
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			name, value := n.Content[i], resolved(n.Content[i+1])
			switch {
			case name.Value == "<<":
				c.merged(value, variables, nil)
			case value.Kind == yaml.ScalarNode && value.ShortTag() == "!!null":
				if _, set := c.variable(name.Value); set {
					c.keep(value, "${"+name.Value+"}")
				}
			case value.Kind == yaml.ScalarNode && !c.seen[value]:
				c.seen[value] = true
				c.keep(value, value.Value)
			}
		}
	}
}

// listed rewrites one NAME=value. NAME alone hands on a variable of the process, where there is one.
func (c *checker) listed(item *yaml.Node) bool {
	if item.Kind != yaml.ScalarNode || c.seen[item] {
		return true
	}
	c.seen[item] = true
	name, _, given := strings.Cut(item.Value, "=")
	if given {
		c.keep(item, item.Value)
		return true
	}
	_, set := c.variable(name)
	if set {
		c.keep(item, name+"=${"+name+"}")
	}
	return set
}

// keep makes a scalar hold what envd.Value reads, past compose-go's own interpolation.
func (c *checker) keep(n *yaml.Node, text string) {
	text = c.references(n, text)
	if strings.Contains(text, "$") || text != n.Value {
		n.Value, n.Tag, n.Style = strings.ReplaceAll(text, "$", "$$"), "!!str", yaml.DoubleQuotedStyle
	}
}

// interpolated checks the references of a scalar that is left to compose-go.
func (c *checker) interpolated(n *yaml.Node) {
	switch {
	case n.ShortTag() == "!!null":
		n.Value = "null" // to be nothing still, once it is written again
	case strings.Contains(n.Value, "$"):
		c.references(n, n.Value)
	}
}

var referenceForm = regexp.MustCompile(`^\$(?:\$|([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)(:?[-?+]|\}))`)

// references rewrites Compose's references as envd.Value's, ${NAME} and ${NAME:-default}: which way a condition goes is
// decided here, what a variable holds is not written down. What refers to nothing is reported.
func (c *checker) references(n *yaml.Node, text string) string {
	var out strings.Builder
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
			c.report(n, spec.RuleBadReference, fmt.Sprintf("%q is no reference", text), "write ${NAME} or ${NAME:-default}; a $ of its own is written $$")
			return ""
		case m == nil:
			out.WriteByte('$')
			text = text[1:]
		case m[0] == "$$":
			out.WriteString("$$")
			text = text[2:]
		case m[1] != "" || m[3] == "}":
			out.WriteString(c.plain(n, m[1]+m[2]))
			text = text[len(m[0]):]
		default:
			end := closing(text)
			if end < 0 {
				c.report(n, spec.RuleBadReference, fmt.Sprintf("%q has no closing brace", text), "write ${NAME} or ${NAME:-default}")
				return ""
			}
			out.WriteString(c.conditional(n, m[2], m[3], text[len(m[0]):end]))
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

func (c *checker) plain(n *yaml.Node, name string) string {
	if _, set := c.variable(name); !set {
		c.report(n, spec.RuleUnsetVariable, fmt.Sprintf("variable %s is not set", name), fmt.Sprintf("export %s, write it into .env, or give a default: ${%s:-value}", name, name))
	}
	return "${" + name + "}"
}

// conditional is ${NAME, an operator and its argument: - and + with a default and a replacement, ? with an error, and
// each with a colon, which counts an empty value as none.
func (c *checker) conditional(n *yaml.Node, name, operator, argument string) string {
	value, set := c.variable(name)
	there := set && (value != "" || operator[0] != ':')
	switch operator[len(operator)-1] {
	case '?':
		if !there {
			c.report(n, spec.RuleUnsetVariable, strings.TrimSuffix(fmt.Sprintf("variable %s is not set: %s", name, argument), ": "), fmt.Sprintf("export %s, or write it into .env", name))
		}
	case '+':
		if there {
			return c.references(n, argument)
		}
		return ""
	default:
		if !there {
			return c.references(n, argument)
		}
	}
	return "${" + name + "}"
}
