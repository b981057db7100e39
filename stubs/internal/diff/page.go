// Package diff explains why a request did not match a stub: WireMock's page of two columns, the stub on the left and the
// request on the right.
package diff

import (
	"strings"
	"unicode/utf8"
)

const (
	pageWidth = 119
	column    = pageWidth / 2 // where the middle bar stands
	wrapWidth = column - 2
	noteAt    = 52 // where the note begins, counted from the right column's text
)

// NoStubs is the answer of a server that has no stubs at all.
const NoStubs = "No response could be served as there are no stub mappings in this WireMock instance."

// row is a line of the comparison; a cell may have several lines itself. note says what is wrong.
type row struct{ left, right, note string }

var blank = row{}

// page renders rows below the heading.
func page(rows []row) string {
	var b strings.Builder
	b.Grow(1500)
	rule := strings.Repeat("-", pageWidth)
	indent := strings.Repeat(" ", 47)
	b.WriteString("\n" + indent + "Request was not matched\n" + indent + "=======================\n\n" + rule + "\n")
	b.WriteString("| Closest stub" + strings.Repeat(" ", 45) + "| Request" + strings.Repeat(" ", 50) + "|\n" + rule + "\n")
	for _, r := range rows {
		r.write(&b)
	}
	b.WriteString(rule + "\n")
	return b.String()
}

func (r row) write(b *strings.Builder) {
	left, right := lines(r.left), lines(r.right)
	for i := range max(len(left), len(right)) {
		note := ""
		if i == 0 {
			note = r.note
		}
		writeLine(b, at(left, i), at(right, i), note)
	}
}

// lines are the lines of a cell; line feeds at its end do not count, as for Java's String.split.
func lines(cell string) []string {
	return strings.Split(strings.TrimRight(wrap(newlines(cell)), "\n"), "\n")
}

func at(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return ""
}

func writeLine(b *strings.Builder, left, right, note string) {
	pad(b, left, column)
	b.WriteByte('|')
	if right != "" || note != "" {
		b.WriteByte(' ')
	}
	if note == "" {
		b.WriteString(right)
	} else {
		pad(b, right, noteAt)
		b.WriteString("<<<<< " + note)
	}
	b.WriteByte('\n')
}

func pad(b *strings.Builder, s string, width int) {
	b.WriteString(s)
	for range width - utf8.RuneCountInString(s) {
		b.WriteByte(' ')
	}
}

// wrap breaks a text with a line too long for its column: at spaces where it can, as Apache's WordUtils does, for which a
// line feed is a character like any other.
func wrap(s string) string {
	long := false
	for line := range strings.SplitSeq(s, "\n") {
		long = long || utf8.RuneCountInString(line) > wrapWidth
	}
	if !long {
		return s
	}
	var out strings.Builder
	text := []rune(s)
	for len(text) > 0 {
		window := text[:min(wrapWidth+1, len(text))]
		if window[0] == ' ' {
			text = text[1:]
			continue
		}
		if len(text) <= wrapWidth {
			break
		}
		cut, next := wrapWidth, wrapWidth
		if i := lastSpace(window); i > 0 {
			cut, next = i, i+1
		}
		out.WriteString(string(text[:cut]) + "\n")
		text = text[next:]
	}
	out.WriteString(string(text))
	return withoutBlankLines(out.String())
}

// newlines is s with each line ended by \n alone.
func newlines(s string) string { return strings.ReplaceAll(s, "\r\n", "\n") }

func withoutBlankLines(s string) string {
	lines := strings.Split(s, "\n")
	kept := lines[:0]
	for i, line := range lines {
		if i == len(lines)-1 || strings.Trim(line, " \t\r") != "" {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "\n")
}

func lastSpace(text []rune) int {
	for i := len(text) - 1; i > 0; i-- {
		if text[i] == ' ' {
			return i
		}
	}
	return -1
}
