package compose

import (
	"fmt"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/envd-dev/envd/envd/spec"
)

// values prepares variables so that compose-go passes their values on as references, because they may be secret. It takes
// both forms of variables, a mapping and a list of NAME=value, and the content of a config.
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

// listed prepares one NAME=value. NAME alone passes on a variable of the process, if it is set.
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

// keep replaces a scalar by text for envd.Value, escaped so that it survives compose-go's own interpolation.
func (c *checker) keep(n *yaml.Node, path []string, text string) {
	c.once(n, path, func() *yaml.Node {
		text := c.references(n, text, true)
		if !strings.Contains(text, "$") && text == n.Value {
			return n
		}
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Style: yaml.DoubleQuotedStyle, Value: escape(text)}
	})
}

// interpolate replaces the references in a scalar that is not the value of a variable, and returns the result.
func (c *checker) interpolate(n *yaml.Node, path []string) string {
	stands := c.once(n, path, func() *yaml.Node {
		out := *n
		switch {
		case n.ShortTag() == "!!null":
			out.Value = "null" // so that it is still null when written again
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

// once computes the replacement of a scalar once, and reports its mistakes for each path that leads to it.
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

// say records a mistake in the references of a scalar.
func (c *checker) say(n *yaml.Node, rule, message, help string) {
	c.file.said[n] = append(c.file.said[n], c.file.text.At(n, rule, message, help))
}

var referenceForm = regexp.MustCompile(`^\$(?:\$|([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)(:?[-?+]|\}))`)

// references replaces Compose's references by the values of their variables or, with keep, by ${NAME} for envd.Value.
// Conditional references are decided here in both cases. Variables that are not set are reported.
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

// closing returns the index of the brace that closes a text beginning with "${"; -1 if there is none.
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
	if !keep || name == projectVariable { // which need not be there when services start
		return value
	}
	if of != nil && set {
		c.needed[of] = true
		c.shared = append(c.shared, use{place{c.file, n}, name, value, of})
	}
	return "${" + name + "}"
}

// conditional resolves ${NAME-default}, ${NAME+replacement} and ${NAME?error}. With a colon before the operator, an empty
// value counts as not set.
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
