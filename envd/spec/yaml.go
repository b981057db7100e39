package spec

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

var (
	yamlLine   = regexp.MustCompile(`^(?:yaml: )?line (\d+): (.*)$`)
	yamlAnchor = regexp.MustCompile(`unknown anchor '([^']*)' referenced`)
)

// parseYAML parses a file with one document. If it cannot, the node is nil and the diagnostics say why.
func parseYAML(src *source, text []byte) (*yaml.Node, Diagnostics) {
	dec := yaml.NewDecoder(bytes.NewReader(text))
	var doc, second yaml.Node
	err := dec.Decode(&doc)
	switch {
	case errors.Is(err, io.EOF) || err == nil && (len(doc.Content) == 0 || doc.Content[0].ShortTag() == "!!null"):
		return nil, Diagnostics{src.at(1, 1, 1, ruleYAMLSyntax, "the spec is empty", "envd init writes a spec to start from")}
	case err != nil:
		return nil, Diagnostics{syntaxError(src, err)}
	}
	root := doc.Content[0]
	if err := dec.Decode(&second); err == nil {
		n := &second
		if len(n.Content) > 0 {
			n = n.Content[0]
		}
		return root, Diagnostics{src.at(n.Line, n.Column, 1, ruleYAMLSyntax, "the file holds a second document", "one spec, one file: remove what follows ---")}
	} else if !errors.Is(err, io.EOF) {
		return nil, Diagnostics{syntaxError(src, err)}
	}
	return root, nil
}

// syntaxError turns the parser's error into a diagnostic. The parser names a line only, sometimes a neighbour of the
// guilty one, so the usual causes are looked for in the text.
func syntaxError(src *source, err error) Diagnostic {
	line, message := 1, strings.TrimPrefix(err.Error(), "yaml: ")
	if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
		line, _ = strconv.Atoi(m[1]) // digits only; an overflow leaves the last line
		message = m[2]
	}
	line = min(max(line, 1), len(src.lines))
	if m := yamlAnchor.FindStringSubmatch(message); m != nil {
		for i, text := range src.lines {
			if at := strings.Index(text, "*"+m[1]); at >= 0 {
				return src.at(i+1, utf8.RuneCountInString(text[:at])+1, len(m[1])+1, ruleYAMLSyntax,
					fmt.Sprintf("nothing is anchored as %q", m[1]), "put &"+m[1]+" at the value that is meant, above this line")
			}
		}
	}
	for _, n := range []int{line, line + 1, line - 1} {
		indent := src.line(n)[:len(src.line(n))-len(strings.TrimLeft(src.line(n), " \t"))]
		if at := strings.IndexByte(indent, '\t'); at >= 0 {
			return src.at(n, at+1, 1, ruleYAMLSyntax, "a tab indents this line", "YAML is indented with spaces only")
		}
	}
	line, column := culprit(src, line, message)
	return src.at(line, column, 1, ruleYAMLSyntax, "not valid YAML: "+message, syntaxHelp(message))
}

// culprit finds the place that made the parser fail on a line, or a bracket left open before it.
func culprit(src *source, line int, message string) (int, int) {
	text := src.line(line)
	body := strings.TrimLeft(text, " ")
	at := len(text) - len(body)
	switch {
	case strings.Contains(message, "mapping values are not allowed"):
		if first := strings.Index(text, ": "); first >= 0 {
			if second := strings.Index(text[first+2:], ":"); second >= 0 {
				at = first + 2 + second
			}
		}
	case strings.Contains(message, "cannot start any token"):
		at = max(at, strings.IndexAny(text, "@`%"))
	case strings.Contains(message, "unexpected end of stream"):
		at = max(at, strings.IndexAny(text, `"'`))
	case strings.Contains(message, "did not find expected ',' or"):
		if openLine, open := unclosed(src); openLine > 0 {
			return openLine, open
		}
	}
	return line, utf8.RuneCountInString(text[:at]) + 1
}

// unclosed returns the place of the last bracket that is not closed, ignoring quoted texts and comments; 0 if all are.
func unclosed(src *source) (line, column int) {
	type place struct{ line, column int }
	var open []place
	for i, text := range src.lines {
		quote := rune(0)
		column, before := 0, ' '
		for _, c := range text {
			column++
			switch {
			case quote != 0:
				if c == quote {
					quote = 0
				}
			case (c == '"' || c == '\'') && strings.ContainsRune(" [{,:", before):
				quote = c
			case c == '#' && before == ' ':
				quote = '\n' // a comment ends with its line
			case c == '[' || c == '{':
				open = append(open, place{i + 1, column})
			case (c == ']' || c == '}') && len(open) > 0:
				open = open[:len(open)-1]
			}
			before = c
		}
	}
	if len(open) == 0 {
		return 0, 0
	}
	last := open[len(open)-1]
	return last.line, last.column
}

func syntaxHelp(message string) string {
	switch {
	case strings.Contains(message, "mapping values are not allowed"):
		return "put a text that contains \": \" in quotes, and check the indentation"
	case strings.Contains(message, "did not find expected key"), strings.Contains(message, "did not find expected '-'"):
		return "check the indentation of this line and the one before it"
	case strings.Contains(message, "cannot start any token"):
		return "put a text that begins with @, ` or % in quotes"
	case strings.Contains(message, "unexpected end of stream"), strings.Contains(message, "did not find expected ',' or"):
		return "close the quote or bracket that was opened here"
	}
	return ""
}
