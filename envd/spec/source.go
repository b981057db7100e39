package spec

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// source is a text with a name, for the lines that diagnostics quote.
type source struct {
	name  string
	lines []string
}

func newSource(name string, text []byte) *source {
	lines := strings.Split(strings.ToValidUTF8(string(text), "\uFFFD"), "\n")
	for i := range lines {
		lines[i] = strings.Map(shown, strings.TrimSuffix(lines[i], "\r"))
	}
	return &source{name: name, lines: lines}
}

// shown replaces control characters, so that a quoted line cannot control the terminal.
func shown(r rune) rune {
	if r != '\t' && unicode.IsControl(r) {
		return utf8.RuneError
	}
	return r
}

// line returns the text of a line counted from 1.
func (s *source) line(n int) string {
	if n < 1 || n > len(s.lines) {
		return ""
	}
	return s.lines[n-1]
}

// rest returns a line's text from a column on, both counted from 1.
func (s *source) rest(line, column int) string {
	text := s.line(line)
	for range column - 1 {
		_, n := utf8.DecodeRuneInString(text)
		text = text[n:]
	}
	return text
}

// at builds a diagnostic for a place.
func (s *source) at(line, column, width int, rule, message, help string) Diagnostic {
	return Diagnostic{
		File: s.name, Line: max(line, 1), Column: max(column, 1), Width: max(width, 1),
		Rule: rule, Message: message, Help: help, Source: s.line(max(line, 1)),
	}
}

// width returns how many characters of its line a node covers.
func (s *source) width(n *yaml.Node) int {
	if n.Kind == yaml.AliasNode {
		return 1 + utf8.RuneCountInString(n.Value)
	}
	if n.Kind != yaml.ScalarNode {
		return 1
	}
	if start, ok := s.inside(n); ok {
		quotes := start - n.Column
		return utf8.RuneCountInString(n.Value) + 2*quotes
	}
	return 1
}

// inside returns the column at which a scalar's text begins, if it is written on one line exactly as it was decoded.
func (s *source) inside(n *yaml.Node) (column int, ok bool) {
	column = n.Column
	if n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0 {
		column++
	}
	// A node's column is not always that of its text: an anchor or a tag may come before it.
	return column, strings.HasPrefix(s.rest(n.Line, column), n.Value)
}
